import assert from 'node:assert/strict';
import { impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { cacheIndex, cacheWord, classOf } from '../../tests/support/cache-words.js';
import { heapTest, type Stage } from '../../tests/support/stage.js';
import { CACHE } from '../layout/cache-record.js';
import { cacheStart } from '../layout/heap-layout.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { Barn } from './barn.js';

const MAX_SHEAVES = 3;
const ID = classOf(64);

interface Scene {
  readonly stage: Stage;
  readonly barn: Barn;
  /** Objects to play the sheaves: the barn looks into none. */
  readonly sheaves: readonly number[];
  readonly lock: number;
}

/** One test with full sheaves, one with empty ones. */
const SIDES = [
  { side: 'Full', take: 'takeFull', put: 'putFull', count: 'fullSheaves', head: 'fullHead' },
  { side: 'Empty', take: 'takeEmpty', put: 'putEmpty', count: 'emptySheaves', head: 'emptyHead' },
] as const;

type Side = (typeof SIDES)[number];

function barnTest(name: string, side: Side, body: (scene: Scene) => void): void {
  heapTest(
    name,
    (stage) => {
      const { heap, words } = stage;
      const record = cacheStart(heap.geometry, ID);
      const lock = record + CACHE.barnLock;
      const barn = new Barn(words, record, impatientLock(words, lock, 'barn'), MAX_SHEAVES, 1);
      const sheaves = Array.from({ length: 5 }, () => heap.kmalloc(256));
      body({ stage, barn, sheaves, lock });
      while (barn[side.take](true) !== 0);
      assert.equal(words.load(lock), 0);
      assert.equal(cacheWord(heap, ID, side.count), 0);
      heap.kfreeBulk(sheaves);
    },
    { tiny: { pages: 32 } },
  );
}

for (const side of SIDES) {
  const { take, put, count, head } = side;

  barnTest(
    `${put}() and ${take}() pass sheaves on, last in first out, and count them`,
    side,
    ({ stage, barn, sheaves }) => {
      assert.equal(barn[take](true), 0);
      for (const [i, sheaf] of sheaves.slice(0, 3).entries()) {
        assert.equal(barn[put](sheaf, true), true);
        assert.equal(cacheWord(stage.heap, ID, count), i + 1);
      }
      assert.deepEqual(
        [barn[take](true), barn[take](true), barn[take](true)],
        [sheaves[2], sheaves[1], sheaves[0]],
      );
      assert.equal(barn[take](true), 0);
      assert.deepEqual([cacheWord(stage.heap, ID, count), cacheWord(stage.heap, ID, head)], [0, 0]);
    },
  );

  barnTest(
    `${put}() refuses a sheaf above the barn's fill, and takes one again after ${take}()`,
    side,
    ({ barn, sheaves }) => {
      for (const sheaf of sheaves.slice(0, MAX_SHEAVES)) assert.equal(barn[put](sheaf, true), true);
      assert.equal(barn[put](sheaves[3]!, true), false);
      assert.equal(barn[put](sheaves[3]!, false), false);
      barn[take](true);
      assert.equal(barn[put](sheaves[3]!, true), true);
      assert.equal(barn[put](sheaves[4]!, true), false);
    },
  );

  barnTest(
    `${put}() and ${take}() with the lock busy fail at once, or spin where they may, and then fail`,
    side,
    ({ stage, barn, sheaves, lock }) => {
      barn[put](sheaves[0]!, false);
      whileLocked(stage.words, lock, () => {
        assert.equal(barn[take](false), 0);
        assert.equal(barn[put](sheaves[1]!, false), false);
        assert.throws(() => barn[take](true), LockTimeoutError);
        assert.equal(barn[put](sheaves[1]!, true), false);
      });
      assert.equal(barn[take](false), sheaves[0]);
    },
  );

  barnTest(`${take}() of an empty barn asks for no lock`, side, ({ stage, barn, lock }) => {
    whileLocked(stage.words, lock, () => assert.equal(barn[take](true), 0));
  });

  barnTest(
    `${put}() decides under the lock, not by the look before it`,
    side,
    ({ stage, barn, sheaves, lock }) => {
      const compareExchange = stage.words.compareExchange.bind(stage.words);
      stage.words.compareExchange = (index, expected, value) => {
        // Others fill the barn between the look and the lock.
        if (index === lock) stage.words.storePlain(cacheIndex(stage.heap, ID, count), MAX_SHEAVES);
        return compareExchange(index, expected, value);
      };
      assert.equal(barn[put](sheaves[0]!, true), false);
      stage.words.compareExchange = compareExchange;
      stage.words.storePlain(cacheIndex(stage.heap, ID, count), 0);
    },
  );
}

for (const { take, put, head, count, side } of SIDES) {
  barnTest(
    `${put}() to a barn that has its fill asks for no lock`,
    SIDES[side === 'Full' ? 0 : 1],
    (scene) => {
      const { stage, barn, sheaves, lock } = scene;
      for (const sheaf of sheaves.slice(0, MAX_SHEAVES)) barn[put](sheaf, true);
      whileLocked(stage.words, lock, () => assert.equal(barn[put](sheaves[3]!, true), false));
    },
  );

  barnTest(
    `${take}() that finds the barn emptied before it has the lock returns 0`,
    SIDES[side === 'Full' ? 0 : 1],
    (scene) => {
      const { stage, barn, sheaves, lock } = scene;
      barn[put](sheaves[0]!, true);
      const compareExchange = stage.words.compareExchange.bind(stage.words);
      stage.words.compareExchange = (index, expected, value) => {
        // Another thread takes the last sheaf between the look and the lock.
        if (index === lock)
          for (const field of [head, count]) stage.words.storePlain(cacheIndex(stage.heap, ID, field), 0);
        return compareExchange(index, expected, value);
      };
      assert.equal(barn[take](true), 0);
      assert.equal(cacheWord(stage.heap, ID, count), 0);
    },
  );
}

barnTest('full and empty sheaves lie apart', SIDES[0], ({ barn, sheaves }) => {
  barn.putFull(sheaves[0]!, true);
  barn.putEmpty(sheaves[1]!, true);
  assert.equal(barn.takeEmpty(true), sheaves[1]);
  assert.equal(barn.takeEmpty(true), 0);
  assert.equal(barn.takeFull(true), sheaves[0]);
});
