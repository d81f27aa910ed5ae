import assert from 'node:assert/strict';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { STRANGER_TAG } from '../../tests/support/bare-heap.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { type Actor, heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { zoneStart } from '../layout/heap-layout.js';
import { MAX_LIST_ORDER, SLOT, TURN_BORROWED } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

plainHeapsOnly();

/** Lists that keep what is freed to them, and waits that end soon: nobody else runs. */
const ROOMY = { all: { pageListHigh: 64, pageListBatch: 1, spinRounds: 10 }, tiny: { pages: 200 } };

/** Leaves two blocks of each listed order on the lists of `actor`, and ends its turn. Returns the pages. */
function keepPages({ heap, host }: Actor): number {
  const blocks: Address[] = [];
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    blocks.push(heap.allocPages(order), heap.allocPages(order));
  }
  for (const p of blocks) heap.freePages(p);
  host.runMicrotasks();
  return keptBy(heap);
}

function keptBy(heap: Heap): number {
  const { words, membership } = partsOf(heap);
  return words.load(membership.start + SLOT.listPages);
}

function slotWord(heap: Heap, at: number): number {
  return partsOf(heap).membership.start + at;
}

/** Drains the idle as reclaim does. */
function drainIdle({ heap }: Actor): number {
  const { turn, idlePages } = partsOf(heap);
  return turn.run(() => idlePages.drain());
}

heapTest(
  'drain, gives every page of every idle thread back to the zones',
  (stage) => {
    const others = [stage.attach('one'), stage.attach('two')];
    const kept = others.reduce((sum, other) => sum + keepPages(other), 0);
    const { free } = stage.stats().pages;
    assert.equal(kept, 2 * 2 * 15);
    assert.equal(drainIdle(stage), kept);
    assert.deepEqual(
      others.map(({ heap }) => keptBy(heap)),
      [0, 0],
    );
    assert.equal(stage.stats().pages.free, free + kept);
    assert.equal(drainIdle(stage), 0);
    stage.balance();
  },
  ROOMY,
);

heapTest(
  'drain, leaves the lists of its own thread alone',
  (stage) => {
    const kept = keepPages(stage);
    assert.equal(drainIdle(stage), 0);
    assert.equal(keptBy(stage.heap), kept);
  },
  ROOMY,
);

heapTest(
  'drain, leaves a thread in a turn alone until the turn ends',
  (stage) => {
    const other = stage.attach();
    const kept = keepPages(other);
    partsOf(other.heap).turn.pin();
    const before = snapshotOf(stage.words).slice(slotWord(other.heap, 0), slotWord(other.heap, SLOT.caches));
    assert.equal(drainIdle(stage), 0);
    const after = snapshotOf(stage.words).slice(slotWord(other.heap, 0), slotWord(other.heap, SLOT.caches));
    assert.deepEqual(after, before);
    other.host.runMicrotasks();
    assert.equal(drainIdle(stage), kept);
  },
  ROOMY,
);

heapTest(
  'drain, leaves an isolated thread alone, whose enter so never waits',
  (stage) => {
    const host = new FakeHost('may-neither');
    const heap = Heap.attach(stage.heap.handle, {}, { host });
    const kept = keepPages({ heap, host });
    assert.equal(stage.words.load(slotWord(heap, SLOT.isolated)), 1);
    const steps: string[] = [];
    stage.words.compareExchange = (index) => {
      steps.push(`compareExchange ${index}`);
      return 0;
    };
    const { idlePages } = partsOf(stage.heap);
    assert.equal(idlePages.drain(), 0);
    assert.deepEqual(steps, [], 'it changed a word of somebody');
    assert.equal(keptBy(heap), kept);
    heap.detach();
  },
  ROOMY,
);

heapTest(
  'drain, takes nothing from a thread that is inside its lists, as after an error, and gives back',
  (stage) => {
    const other = stage.attach();
    const kept = keepPages(other);
    stage.words.store(slotWord(other.heap, SLOT.pagesAcquired), 1);
    assert.equal(drainIdle(stage), 0);
    assert.equal(stage.words.load(slotWord(other.heap, SLOT.turn)) & TURN_BORROWED, 0);
    assert.equal(keptBy(other.heap), kept);
    stage.words.store(slotWord(other.heap, SLOT.pagesAcquired), 0);
    assert.equal(drainIdle(stage), kept);
  },
  ROOMY,
);

heapTest(
  'drain, waits for no busy zone: the blocks are deferred, and the next who takes finds them',
  (stage) => {
    const other = stage.attach();
    const kept = keepPages(other);
    const { turn, idlePages, geometry } = partsOf(stage.heap);
    turn.pin();
    stage.words.pause = () => assert.fail('it spins');
    const locks = Array.from({ length: geometry.zones }, (_, zone) => zoneStart(geometry, zone) + ZONE.lock);
    for (const lock of locks) stage.words.store(lock, STRANGER_TAG);
    assert.equal(idlePages.drain(), kept);
    for (const lock of locks) stage.words.store(lock, 0);
    stage.balance();
    assert.equal(stage.stats().pages.threadLists, 0);
    stage.heap.freePages(stage.heap.allocPages(0));
    partsOf(stage.heap).pages.drain();
    const { pages } = stage.stats();
    assert.equal(pages.free, pages.total - pages.metadata);
  },
  ROOMY,
);

heapTest(
  'drain, has the slot borrowed for two steps a block and a few more, and one at a time',
  (stage) => {
    const others = [stage.attach('one'), stage.attach('two')];
    for (const other of others) keepPages(other);
    const blocks = 2 * (MAX_LIST_ORDER + 1);
    const turns = others.map(({ heap }) => slotWord(heap, SLOT.turn));
    const longest = measureBorrowing(stage.words, turns, () => drainIdle(stage));
    assert.ok(
      longest > 2 * blocks && longest <= 2 * blocks + 16,
      `${longest} accesses while a slot is borrowed`,
    );
  },
  ROOMY,
);

/** Plain accesses of `fn` from a borrow to its end, at most; fails where two slots are borrowed at once. */
function measureBorrowing(words: Stage['words'], turns: readonly number[], fn: () => void): number {
  let longest = 0;
  let accesses = 0;
  const count = (): void => {
    const borrowed = turns.filter((turn) => (words.load(turn) & TURN_BORROWED) !== 0).length;
    assert.ok(borrowed <= 1, 'two slots are borrowed at once');
    accesses = borrowed === 0 ? 0 : accesses + 1;
    longest = Math.max(longest, accesses);
  };
  const loadPlain = words.loadPlain.bind(words);
  const storePlain = words.storePlain.bind(words);
  words.loadPlain = (index) => {
    count();
    return loadPlain(index);
  };
  words.storePlain = (index, value) => {
    count();
    storePlain(index, value);
  };
  fn();
  return longest;
}

heapTest(
  'the owner of drained lists goes on: it finds them empty, refills them, and leaves',
  (stage) => {
    const other = stage.attach();
    keepPages(other);
    drainIdle(stage);
    const again = keepPages(other);
    assert.equal(again, 2 * 15);
    stage.balance();
    drainIdle(stage);
    other.heap.detach();
    assert.equal(stage.attach('next').heap.stats().threads.length, 2);
  },
  ROOMY,
);

heapTest(
  'enter of a thread whose borrower never gives back ends in a LockTimeoutError that names it',
  (stage) => {
    const other = stage.attach();
    const [turn, borrower] = [slotWord(other.heap, SLOT.turn), slotWord(other.heap, SLOT.borrower)];
    stage.words.or(turn, TURN_BORROWED);
    stage.words.store(borrower, STRANGER_TAG);
    const before = snapshotOf(stage.words);
    assert.throws(() => other.heap.kmalloc(8), {
      name: 'LockTimeoutError',
      ownerSlot: 99,
      message: /^gave up waiting for lock on the page lists of this thread after 10 rounds: thread slot 99/,
    });
    assertUnchanged(stage.words, before);
    stage.words.and(turn, ~TURN_BORROWED);
    stage.words.store(borrower, 0);
    other.heap.kfree(other.heap.kmalloc(8));
  },
  ROOMY,
);

heapTest(
  'drain, gives each block to the zone that it is of',
  (stage) => {
    const others = Array.from({ length: 3 }, (_, i) => stage.attach(`other ${i}`));
    const kept = others.reduce((sum, other) => sum + keepPages(other), 0);
    assert.equal(stage.heap.geometry.zones > 1, !stage.isTiny);
    assert.equal(drainIdle(stage), kept);
    stage.balance();
  },
  { all: { ...ROOMY.all, bytes: 128 * 2 ** 20 }, tiny: ROOMY.tiny },
);
