import assert from 'node:assert/strict';
import { impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { CALLBACK } from '../layout/callback-record.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CALLBACK_LIST, RCU_HEAD, SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { callbackRecords } from './callback-records.js';
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
      const { geometry } = heap;
      const orphans = new Orphans(words, geometry, impatientLock(words, HEADER.orphanLock, 'orphans'));
      const sheaves: number[] = [];
      const chains: (readonly [number, number])[] = [];
      const adopter = {
        claimSheaf: () => {},
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

orphanTest(
  'put() tells its leaver while the lock is held, when all is there',
  ({ orphans, stage, adopt, chain }) => {
    const { words } = stage;
    const seen: number[] = [];
    const leaver = {
      leaves: () => seen.push(words.load(HEADER.orphanLock), words.load(HEADER.orphanObjects)),
    };
    orphans.put(0, chain(2, RCU_HEAD.next), 2, true, leaver);
    assert.equal(seen.length, 2);
    assert.notEqual(seen[0], 0);
    assert.equal(seen[1], 2);
    adopt();
  },
);

orphanTest('hasNews() is true from put() until adopt() has looked, and adopt() looks once', (scene) => {
  const { orphans, stage, adopt, chain, chains } = scene;
  assert.equal(orphans.hasNews(), stage.words.load(HEADER.migrations) !== 0);
  orphans.put(0, chain(1, RCU_HEAD.next), 1);
  assert.equal(orphans.hasNews(), true);
  adopt();
  assert.deepEqual([orphans.hasNews(), chains.length], [false, 1]);
  adopt();
  assert.equal(chains.length, 1);
});

orphanTest(
  'adopt() of a thread that leaves takes nothing over',
  ({ orphans, stage, adopt, chain, chains }) => {
    orphans.put(0, chain(1, RCU_HEAD.next), 1);
    orphans.stop();
    adopt();
    assert.equal(chains.length, 0);
    partsOf(stage.heap).orphans.adopt({ claimSheaf: () => {}, adoptSheaf: () => {}, adoptHeads: () => {} });
  },
);

/** Heads of callbacks with these ids, linked. */
function callbacksOf({ stage, chain }: Scene, ids: readonly number[]): number {
  const first = chain(ids.length, RCU_HEAD.next);
  let head = first;
  for (const id of ids) {
    stage.words.storePlain(head + RCU_HEAD.func, id);
    head = stage.words.loadPlain(head + RCU_HEAD.next);
  }
  return first;
}

const NOBODY = { claimSheaf: () => {}, adoptSheaf: () => {}, adoptHeads: () => {} };

/** How many callbacks of each id, by id, the records count. */
function counted({ heap }: Stage): number[] {
  const { words } = partsOf(heap);
  return callbackRecords(words)
    .map(({ record }) => words.load(record + CALLBACK.orphans))
    .reverse();
}

orphanTest(
  'putCallbacks() counts by id, and adopt() takes those that its thread has functions for, in order',
  (scene) => {
    const { orphans, stage } = scene;
    const other = stage.attach();
    const called: number[] = [];
    const a = stage.heap.rcu.register('a', (head) => called.push(head));
    const b = other.heap.rcu.register('b', (head) => called.push(head));
    const first = callbacksOf(scene, [a, b, b, a, b]);
    const heads = scene.linked(first, RCU_HEAD.next);
    assert.deepEqual(
      orphans.putCallbacks(first)?.map(({ name, callbacks }) => [name, callbacks]),
      [
        ['a', 2],
        ['b', 3],
      ],
    );
    assert.deepEqual(counted(stage), [2, 3]);
    partsOf(other.heap).orphans.adopt(NOBODY);
    assert.deepEqual(counted(stage), [2, 0]);
    stage.endTurns();
    partsOf(other.heap).driver.flush();
    assert.deepEqual(called, [heads[1], heads[2], heads[4]]);
    stage.heap.rcu.barrierSync();
    assert.deepEqual(called.slice(3), [heads[0], heads[3]]);
    assert.deepEqual([counted(stage), stage.words.load(HEADER.orphanCallbackCount)], [[0, 0], 0]);
  },
);

orphanTest('a callback that nobody has registered is called through no function, and is told', (scene) => {
  const { orphans, stage } = scene;
  stage.heap.rcu.register('a', () => assert.fail('called through the function of another id'));
  const first = callbacksOf(scene, [9999]);
  assert.deepEqual(orphans.putCallbacks(first), [{ record: 0, id: 9999, name: '', callbacks: 1 }]);
  stage.heap.rcu.barrierSync({ timeoutMillis: 1000 });
  assert.equal(stage.words.load(HEADER.orphanCallbacks), first);
  stage.words.store(HEADER.orphanCallbacks, 0);
  stage.words.store(HEADER.orphanCallbackCount, 0);
});

orphanTest('the lock of a dead thread is taken over, and the lists and counts made whole', (scene) => {
  const { orphans, stage, chain, chains, adopt } = scene;
  const { words } = stage;
  const dead = stage.attach();
  const { start, slot, generation } = partsOf(dead.heap).membership;
  const id = stage.heap.rcu.register('a', () => {});
  orphans.put(0, chain(3, RCU_HEAD.next), 3);
  const heads = words.loadPlain(HEADER.orphanHeads);
  // It had linked what it leaves, and counted nothing, when it was killed.
  const mine = callbacksOf(scene, [id, id]);
  words.storePlain(HEADER.orphanCallbacks, mine);
  words.storePlain(start + SLOT.callbacks + CALLBACK_LIST.head, mine);
  words.store(HEADER.orphanObjects, 77);
  words.store(HEADER.orphanLock, (generation << 8) | (slot + 1));
  orphans.adopt({
    claimSheaf: () => assert.fail(),
    adoptSheaf: () => assert.fail(),
    adoptHeads: () => assert.fail('the lock is taken'),
  });
  words.store(start + SLOT.state, SLOT_STATE.dead);
  adopt();
  assert.deepEqual(chains, [[heads, 3]]);
  assert.deepEqual([words.load(HEADER.orphanCallbacks), counted(stage)], [0, [0]]);
  const left = orphans.takeEstate(start);
  assert.deepEqual(
    left?.map(({ callbacks }) => callbacks),
    [2],
  );
  assert.deepEqual(counted(stage), [2]);
  stage.heap.rcu.barrierSync();
  assert.deepEqual(counted(stage), [0]);
});
