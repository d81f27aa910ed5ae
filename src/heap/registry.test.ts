import assert from 'node:assert/strict';
import { impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { heapTest, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import type { Address } from '../words/units.js';
import { Registry } from './registry.js';

plainHeapsOnly();

const [KIND, OTHER_KIND] = [77, 78];
const SIZES = { tiny: { pages: 64 } };

interface Scene {
  readonly stage: Stage;
  readonly registry: Registry;
  /** findOrMake() that makes `target`; counts what it takes, gives back, and makes. */
  open(name: string, target: number, kind?: number): number;
  readonly counts: { taken: number; freed: number; made: number };
}

function registryTest(name: string, body: (scene: Scene) => void): void {
  heapTest(
    name,
    (stage) => {
      const registry = new Registry(stage.words, impatientLock(stage.words, HEADER.registryLock, 'registry'));
      const counts = { taken: 0, freed: 0, made: 0 };
      const records = new Set<number>();
      body({
        stage,
        registry,
        counts,
        open: (opened, target, kind = KIND) =>
          registry.findOrMake(
            kind,
            opened,
            (bytes) => {
              counts.taken++;
              const p = stage.heap.kmalloc(bytes);
              records.add(p);
              return p;
            },
            (p) => {
              counts.freed++;
              records.delete(p);
              stage.heap.kfree(p as Address);
            },
            () => {
              counts.made++;
              return target;
            },
          ),
      });
      assert.equal(stage.words.load(HEADER.registryLock), 0);
      // Kinds of this test's own: an audit knows them not, so the names go as they came.
      stage.words.store(HEADER.registryHead, 0);
      for (const p of records) stage.heap.kfree(p as Address);
    },
    SIZES,
  );
}

registryTest(
  'findOrMake() makes a name once; then everybody finds what was made',
  ({ stage, registry, open, counts }) => {
    assert.equal(registry.find(KIND, 'users'), 0);
    assert.equal(open('users', 111), 111);
    assert.equal(open('users', 222), 111);
    assert.equal(registry.find(KIND, 'users'), 111);
    assert.deepEqual(counts, { taken: 1, freed: 0, made: 1 });
    const other = new Registry(stage.words, impatientLock(stage.words, HEADER.registryLock, 'registry'));
    assert.equal(other.find(KIND, 'users'), 111);
  },
);

registryTest('a name of another kind is another name', ({ registry, open }) => {
  open('users', 111);
  assert.equal(registry.find(OTHER_KIND, 'users'), 0);
  assert.equal(open('users', 222, OTHER_KIND), 222);
  assert.deepEqual([registry.find(KIND, 'users'), registry.find(OTHER_KIND, 'users')], [111, 222]);
});

registryTest('find() tells names apart by every byte, and long ones too', ({ registry, open }) => {
  const names = [
    'a',
    'b',
    'ab',
    'abc',
    'abd',
    'ä',
    '\u{1F600}',
    ' a',
    'a\0',
    'x'.repeat(4096),
    `${'x'.repeat(4095)}y`,
  ];
  for (const [i, name] of names.entries()) assert.equal(open(name, 100 + i), 100 + i);
  for (const [i, name] of names.entries()) assert.equal(registry.find(KIND, name), 100 + i);
});

registryTest('findOrMake() asks for no lock where the name is there', ({ stage, open }) => {
  open('users', 111);
  whileLocked(stage.words, HEADER.registryLock, () => {
    assert.equal(open('users', 222), 111);
    assert.throws(() => open('others', 333), LockTimeoutError);
  });
});

registryTest(
  'findOrMake() that another thread outruns gives its record back, and takes what that made',
  (scene) => {
    const { stage, registry, open, counts } = scene;
    const compareExchange = stage.words.compareExchange.bind(stage.words);
    let outrun = false;
    stage.words.compareExchange = (index, expected, value) => {
      if (index === HEADER.registryLock && !outrun) {
        outrun = true;
        open('users', 222);
      }
      return compareExchange(index, expected, value);
    };
    assert.equal(open('users', 111), 222);
    assert.equal(registry.find(KIND, 'users'), 222);
    assert.deepEqual(counts, { taken: 2, freed: 1, made: 1 });
  },
);

registryTest('findOrMake() whose make throws leaves the registry as it was, and the lock free', (scene) => {
  const { stage, registry, counts, open } = scene;
  const failure = new Error('no more of these');
  let record = 0;
  assert.throws(
    () =>
      registry.findOrMake(
        KIND,
        'users',
        (bytes) => {
          record = stage.heap.kmalloc(bytes);
          return record;
        },
        (p) => {
          assert.equal(p, record);
          stage.heap.kfree(p as Address);
          record = 0;
        },
        () => {
          throw failure;
        },
      ),
    failure,
  );
  assert.equal(record, 0);
  assert.deepEqual([registry.find(KIND, 'users'), counts.made], [0, 0]);
  assert.equal(open('users', 111), 111);
});

registryTest(
  'a name that is no string of 1 to 4096 bytes is refused with a TypeError that states that',
  ({ registry, open }) => {
    for (const name of ['', 'x'.repeat(4097), 'ä'.repeat(2049), 5, null, undefined, {}]) {
      const expected = {
        name: 'TypeError',
        message: `opened a shared object named ${String(name) || "''"}; a name is a string of 1 to 4096 bytes in UTF-8`,
      };
      assert.throws(() => registry.find(KIND, name as string), expected);
      assert.throws(() => open(name as string, 1), expected);
    }
    assert.equal(open('ä'.repeat(2048), 7), 7);
  },
);

registryTest('the record is written before it is published (registry:P1)', ({ stage, registry, open }) => {
  const store = stage.words.store.bind(stage.words);
  let found = -1;
  stage.words.store = (index, value) => {
    store(index, value);
    if (index === HEADER.registryHead) found = registry.find(KIND, 'users');
  };
  open('users', 111);
  assert.equal(found, 111);
});
