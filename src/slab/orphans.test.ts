import assert from 'node:assert/strict';
import { impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { heapTest, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { RCU_HEAD } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { Orphans } from './orphans.js';

interface Scene {
  readonly stage: Stage;
  readonly orphans: Orphans;
  /** What was adopted so far, in order. */
  readonly sheaves: number[];
  readonly chains: (readonly [first: number, count: number])[];
  adopt(): void;
  /** Objects linked through word `nextWord`, as sheaves or heads are. Returns the first. */
  chain(count: number, nextWord: number): number;
  linked(first: number, nextWord: number): number[];
}

function orphanTest(name: string, body: (scene: Scene) => void): void {
  heapTest(
    name,
    (stage) => {
      const { heap, words } = stage;
      const orphans = new Orphans(words, impatientLock(words, HEADER.orphanLock, 'orphans'));
      const sheaves: number[] = [];
      const chains: (readonly [number, number])[] = [];
      const adopter = {
        adoptSheaf: (sheaf: number) => sheaves.push(sheaf),
        adoptHeads: (first: number, count: number) => chains.push([first, count]),
      };
      body({
        stage,
        orphans,
        sheaves,
        chains,
        adopt: () => orphans.adopt(adopter),
        chain: (count, nextWord) => {
          let first = 0;
          for (let i = 0; i < count; i++) {
            const p = stage.hold(heap.kmalloc(256));
            words.storePlain(p + nextWord, first);
            first = p;
          }
          return first;
        },
        linked: (first, nextWord) => {
          const all: number[] = [];
          for (let p = first; p !== 0; p = words.loadPlain(p + nextWord)) all.push(p);
          return all;
        },
      });
      assert.equal(orphans.objects(), 0);
      assert.deepEqual([words.load(HEADER.orphanSheaves), words.load(HEADER.orphanHeads)], [0, 0]);
    },
    { tiny: { pages: 64 } },
  );
}

orphanTest('put() of nothing leaves nothing', ({ orphans, adopt, sheaves, chains }) => {
  orphans.put(0, 0, 0);
  adopt();
  assert.deepEqual([sheaves, chains], [[], []]);
});

orphanTest('adopt() gives every sheaf in order, and the heads as one chain with their number', (scene) => {
  const { orphans, adopt, sheaves, chains, chain, linked } = scene;
  const first = chain(3, SHEAF.next);
  const expected = linked(first, SHEAF.next);
  const head = chain(4, RCU_HEAD.next);
  orphans.put(first, head, 10);
  assert.equal(orphans.objects(), 10);
  adopt();
  assert.deepEqual(sheaves, expected);
  assert.deepEqual(chains, [[head, 4]]);
  adopt();
  assert.equal(sheaves.length, 3);
});

orphanTest('put() of several threads adds up, and loses none', (scene) => {
  const { orphans, adopt, sheaves, chains, chain, linked } = scene;
  const lists = [2, 1, 3].map((count) => chain(count, SHEAF.next));
  const heads = [1, 2].map((count) => chain(count, RCU_HEAD.next));
  const expected = lists.flatMap((first) => linked(first, SHEAF.next));
  orphans.put(lists[0]!, heads[0]!, 3);
  orphans.put(lists[1]!, 0, 1);
  orphans.put(lists[2]!, heads[1]!, 5);
  orphans.put(0, 0, 0);
  assert.equal(orphans.objects(), 9);
  adopt();
  assert.deepEqual([...sheaves].sort(), [...expected].sort());
  assert.deepEqual(
    chains.map(([, count]) => count),
    [3],
  );
});

orphanTest('put() of heads alone, and of sheaves alone', ({ orphans, adopt, sheaves, chains, chain }) => {
  const head = chain(1, RCU_HEAD.next);
  orphans.put(0, head, 1);
  adopt();
  assert.deepEqual([sheaves, chains], [[], [[head, 1]]]);
  const sheaf = chain(1, SHEAF.next);
  orphans.put(sheaf, 0, 2);
  adopt();
  assert.deepEqual([sheaves, chains.length], [[sheaf], 1]);
});

orphanTest(
  'adopt() leaves everything to whoever is at it; put() spins',
  ({ stage, orphans, adopt, sheaves, chain }) => {
    const sheaf = chain(1, SHEAF.next);
    orphans.put(sheaf, 0, 1);
    whileLocked(stage.words, HEADER.orphanLock, () => {
      adopt();
      assert.equal(orphans.objects(), 1);
      assert.throws(() => orphans.put(sheaf, 0, 1), LockTimeoutError);
    });
    adopt();
    assert.deepEqual(sheaves, [sheaf]);
  },
);
