/** kfreeRcu of blocks of pages: their own channel. */
import assert from 'node:assert/strict';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { cacheWord, objectsOf, sheafAt } from '../../tests/support/cache-words.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { SLOT } from '../layout/thread-slot.js';
import { __GFP_ACCOUNT, GFP_KERNEL } from '../pages/gfp.js';
import { type Address, PAGE_BYTES, PAGE_WORDS } from '../words/units.js';

const SIZES = { tiny: { pages: 64 } };
const BLOCK = 10_000;
/** Pages of such a block. */
const PAGES = 4;

const slotWord = (stage: Stage, word: number): number =>
  stage.words.loadPlain(partsOf(stage.heap).membership.start + word);

heapTest(
  'kfreeRcu() of blocks puts them into one sheaf, which waits when the turn ends, and then frees each',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    const blocks = [heap.kmalloc(BLOCK), heap.allocPages(0)];
    for (const p of blocks) heap.kfreeRcu(p);
    assert.deepEqual(objectsOf(heap, sheafAt(heap, SHEAF_CACHE, 'rcu')), blocks);
    assert.equal(stage.stats().objectsWaiting, 2);
    stage.balance();
    stage.host.runMicrotasks();
    assert.equal(sheafAt(heap, SHEAF_CACHE, 'rcu'), HEADER.bootstrapSheaf);
    assert.equal(stage.stats().waitingWords, (PAGES + 1) * PAGE_WORDS);
    stage.balance();
    other.host.runMicrotasks();
    stage.settle();
    const { freedThroughSheaf, freedThroughList, waitingWords, sheavesReused } = stage.stats();
    assert.deepEqual([freedThroughSheaf, freedThroughList, waitingWords, sheavesReused], [2, 0, 0, 0]);
    heap.shrink();
    assert.equal(stage.stats().pages.inUse, 0);
  },
  SIZES,
);

heapTest(
  'kfreeRcu() of blocks keeps the empty sheaf for the next, and detach() gives it back',
  (stage) => {
    const leaver = stage.attach();
    const { heap } = leaver;
    heap.kfreeRcu(heap.kmalloc(BLOCK));
    leaver.host.runMicrotasks();
    const start = partsOf(heap).membership.start;
    const kept = stage.words.loadPlain(start + SLOT.reservedHead);
    assert.notEqual(kept, 0);
    stage.balance();
    heap.detach();
    assert.equal(stage.words.loadPlain(start + SLOT.reservedHead), 0);
    stage.heap.shrink();
    assert.equal(stage.stats().pages.inUse, 0);
  },
  { all: { reservedSheaves: 2 }, ...SIZES },
);

heapTest(
  'kfreeRcu() of more blocks than a sheaf holds begins another one',
  (stage) => {
    const { heap } = stage;
    const capacity = cacheWord(heap, SHEAF_CACHE, 'sheafCapacity');
    const blocks = Array.from({ length: capacity + 1 }, () => heap.allocPages(0));
    for (const p of blocks) heap.kfreeRcu(p);
    assert.deepEqual(objectsOf(heap, sheafAt(heap, SHEAF_CACHE, 'rcu')), [blocks[capacity]]);
    assert.equal(slotWord(stage, SLOT.waitingObjects), capacity);
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, capacity + 1);
  },
  SIZES,
);

heapTest(
  'a block that waits stays charged to its group until it is freed',
  (stage) => {
    const { heap } = stage;
    const group = heap.group('tenant', { maxBytes: 64 * PAGE_BYTES });
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    const block = group.run(() => heap.allocPages(1, GFP_KERNEL | __GFP_ACCOUNT));
    partsOf(heap).charges.drain();
    assert.equal(group.stats().usageBytes, 2 * PAGE_BYTES);
    heap.kfreeRcu(block);
    stage.host.advance(100);
    partsOf(heap).charges.drain();
    assert.equal(group.stats().usageBytes, 2 * PAGE_BYTES);
    stage.balance();
    other.host.runMicrotasks();
    stage.settle();
    partsOf(heap).charges.drain();
    assert.equal(group.stats().usageBytes, 0);
  },
  { all: { maxCaches: 200 }, ...SIZES },
);

heapTest(
  'kfreeRcu() takes a head up to word 4094 of a block, and refuses one that does not lie below word 4096',
  (stage) => {
    const { heap, words } = stage;
    const block = heap.kmalloc(5 * PAGE_BYTES);
    for (const offset of [4095, 4096, 4097]) {
      const before = snapshotOf(words);
      assert.throws(() => heap.kfreeRcu(block, offset), /an offset in 0\.\.4094/);
      assertUnchanged(words, before);
    }
    heap.kfreeRcu(block, 4094);
    stage.settle();
    const small = heap.kmalloc(9000);
    heap.kfreeRcu(small, 4094);
    const page = heap.allocPages(0);
    assert.throws(() => heap.kfreeRcu(page, 1023), /an offset in 0\.\.1022/);
    heap.kfreeRcu(page, 1022);
    stage.settle();
  },
  // A debug heap lets nobody write behind the bytes that were asked for.
  { all: { debug: false }, tiny: { pages: 64 } },
);

heapTest(
  'blocks that a thread leaves behind are freed by the next that takes them over',
  (stage) => {
    const leaver = stage.attach();
    const blocker = stage.attach();
    partsOf(blocker.heap).turn.pin();
    for (let i = 0; i < 3; i++) leaver.heap.kfreeRcu(leaver.heap.kmalloc(BLOCK));
    leaver.heap.detach();
    stage.balance();
    partsOf(stage.heap).turn.pin();
    stage.endTurns();
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, 3);
  },
  { tiny: { pages: 64 } },
);

heapTest(
  'balance() reports what is no block in a sheaf of blocks, and one that is in two places',
  (stage) => {
    const { heap, words } = stage;
    const [p, q] = [heap.allocPages(0), heap.allocPages(0)];
    heap.kfreeRcu(p);
    heap.kfreeRcu(q);
    const sheaf = sheafAt(heap, SHEAF_CACHE, 'rcu');
    const place = sheaf + SHEAF.objects;
    const name = `the rcu sheaf of slot 0 for blocks of pages at ${sheaf} holds address`;
    for (const wrong of [p + 1, q, 7]) {
      words.storePlain(place, wrong);
      const [problem] = heap.balance().problems;
      assert.ok(problem!.startsWith(`${name} ${wrong}, which is `), problem);
    }
    words.storePlain(place, p);
    words.storePlain(sheaf, 99);
    assert.match(heap.balance().problems[0]!, /counts 99 objects, it has room for/);
    words.storePlain(sheaf, 2);
    stage.settle();
  },
  SIZES,
);

heapTest(
  'a block that is freed at once while it waits leaves those beside it to be freed',
  (stage) => {
    const { heap } = stage;
    const blocks = Array.from({ length: 2 }, () => heap.kmalloc(BLOCK)) as [Address, Address];
    for (const p of blocks) heap.kfreeRcu(p);
    // The caller's mistake.
    heap.kfree(blocks[1]);
    assert.throws(() => stage.host.runMicrotasks(), /which is in a free block/);
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, 1);
  },
  // A debug heap refuses the second free itself.
  { all: { debug: false }, tiny: { pages: 64 } },
);
