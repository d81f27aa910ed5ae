import assert from 'node:assert/strict';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { cacheIndex, cacheWord, classOf, sheafAt } from '../../tests/support/cache-words.js';
import { heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart, zoneStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { __GFP_ZERO, GFP_NOWAIT } from '../pages/gfp.js';
import type { Address } from '../words/units.js';

plainHeapsOnly();

const BYTES = 64;
const ID = classOf(BYTES);
const SMALL = { all: { spinRounds: 10 }, tiny: { pages: 64 } };

const slotWord = ({ heap }: Stage, word: 'nolockObjects' | 'nolockObjectsRefused' | 'objectsDeferred') =>
  heap.words.loadPlain(slotStart(heap.geometry, 0) + SLOT[word]);

/** Runs `fn` in the middle of the first release of the lock at `word`: as a hook inside its region. */
function inRegionOf({ words, heap }: Stage, word: number, fn: () => void): () => void {
  const { context } = partsOf(heap);
  const and = words.and.bind(words);
  let done = false;
  words.and = (index, mask) => {
    if (index === word && !done) {
      done = true;
      context.enterAtomic('a hook');
      fn();
      context.exitAtomic('a hook');
    }
    return and(index, mask);
  };
  return () => {
    words.and = and;
    assert.equal(done, true, 'the hook has run');
  };
}

/** Everything busy that an object of the class could come from or go to, but for this thread's own sheaves. */
function whileAllBusy<T>({ words, heap }: Stage, fn: () => T): T {
  const next = ID + 1;
  const locks = [ID, next].flatMap((id) => [
    cacheIndex(heap, id, 'listLock'),
    cacheIndex(heap, id, 'barnLock'),
  ]);
  locks.push(zoneStart(heap.geometry, 0) + ZONE.lock);
  return locks.reduce<() => T>((inner, lock) => () => whileLocked(words, lock, inner), fn)();
}

heapTest(
  'kmallocNolock() is served from the main sheaf without a lock, and is refused where everything is busy',
  (stage) => {
    const { heap } = stage;
    const [first, second] = [heap.kmalloc(BYTES), heap.kmalloc(BYTES)];
    heap.kfree(first);
    const p = whileAllBusy(stage, () => heap.kmallocNolock(BYTES));
    assert.equal(p, first);
    const taken: Address[] = [];
    for (let q = whileAllBusy(stage, () => heap.kmallocNolock(BYTES)); q !== 0; ) {
      taken.push(q);
      q = whileAllBusy(stage, () => heap.kmallocNolock(BYTES));
    }
    assert.deepEqual(
      [slotWord(stage, 'nolockObjects'), slotWord(stage, 'nolockObjectsRefused')],
      [1 + taken.length, 1],
    );
    heap.kfreeBulk([p, second, ...taken]);
  },
  SMALL,
);

heapTest(
  'kmallocNolock() tries the next larger class, once, where its own is busy',
  (stage) => {
    const { heap, words } = stage;
    const larger = heap.kmalloc(BYTES + 8);
    heap.kfree(larger);
    const p = whileLocked(words, cacheIndex(heap, ID, 'listLock'), () => heap.kmallocNolock(BYTES));
    assert.equal(p, larger);
    heap.kfree(p);
  },
  SMALL,
);

heapTest(
  'kmallocNolock() above the largest class takes pages, and zeroes them only when asked',
  (stage) => {
    const { heap, words } = stage;
    const fillPlain = words.fillPlain.bind(words);
    let fills = 0;
    words.fillPlain = (from, to, value) => {
      fills++;
      fillPlain(from, to, value);
    };
    const p = heap.kmallocNolock(10_000);
    assert.equal(fills, 0);
    fillPlain(p, p + 2500, 7);
    heap.kfreeNolock(p);
    const q = heap.kmallocNolock(10_000, __GFP_ZERO);
    assert.deepEqual([fills, words.loadPlain(q), words.loadPlain(q + 2499)], [1, 0, 0]);
    heap.kfreeNolock(q);
    words.fillPlain = fillPlain;
    assert.throws(() => heap.kmallocNolock(0), RangeError);
    assert.throws(() => heap.kmallocNolock(Number.NaN), RangeError);
  },
  SMALL,
);

heapTest(
  'kfreeNolock() with everything full and busy defers; the next ordinary free of the cache puts it on its slab',
  (stage) => {
    const { heap } = stage;
    const capacity = cacheWord(heap, ID, 'sheafCapacity');
    const objects = Array.from({ length: 2 * capacity + 3 }, () => heap.kmalloc(BYTES));
    heap.shrink();
    const last = objects.splice(-3);
    heap.kfreeBulk(objects);
    whileAllBusy(stage, () => heap.kfreeBulkNolock(last.slice(0, 2)));
    assert.equal(cacheWord(heap, ID, 'deferred'), last[1]);
    assert.deepEqual([cacheWord(heap, ID, 'deferredFrees'), slotWord(stage, 'objectsDeferred')], [2, 2]);
    assert.throws(() => heap.kfreeNolock((last[2]! + 1) as Address), RangeError);
    assert.deepEqual(heap.balance({ held: [last[2]!] }).problems, []);
    heap.kfree(last[2]!);
    const { barn, slabs } = { barn: cacheWord(heap, ID, 'fullSheaves'), slabs: cacheWord(heap, ID, 'slabs') };
    assert.ok(barn > 0 && slabs > 0);
    heap.shrink();
    assert.equal(cacheWord(heap, ID, 'deferred'), 0);
  },
  SMALL,
);

heapTest(
  'a deferred object is handed out by the next ordinary allocation that comes to the slabs',
  (stage) => {
    const { heap, words } = stage;
    const p = heap.kmalloc(BYTES);
    heap.shrink();
    const main = sheafAt(heap, ID, 'main');
    assert.equal(main, HEADER.bootstrapSheaf);
    whileLocked(words, cacheIndex(heap, ID, 'listLock'), () => heap.kfreeNolock(p));
    assert.equal(cacheWord(heap, ID, 'deferred'), p);
    const slabs = cacheWord(heap, ID, 'slabs');
    assert.equal(heap.kmalloc(BYTES), p);
    assert.deepEqual([cacheWord(heap, ID, 'deferred'), cacheWord(heap, ID, 'slabs')], [0, slabs]);
    heap.kfree(p);
  },
  SMALL,
);

for (const region of ['listLock', 'barnLock'] as const) {
  heapTest(
    `a hook inside the region of ${region} is served by the next class, defers its free, and posts; nothing is lost`,
    (stage) => {
      const { heap } = stage;
      const capacity = cacheWord(heap, ID, 'sheafCapacity');
      const objects = Array.from({ length: 3 * capacity + 2 }, () => heap.kmalloc(BYTES));
      const posted = objects.pop()!;
      const freed = objects.pop()!;
      const larger = heap.kmalloc(BYTES + 8);
      heap.kfree(larger);
      let got = 0 as Address;
      const end = inRegionOf(stage, cacheIndex(heap, ID, region), () => {
        got = heap.kmallocNolock(BYTES);
        heap.kfreeNolock(freed);
        heap.kfreeRcu(posted);
      });
      heap.kfreeBulk(objects);
      if (region === 'listLock') heap.shrink();
      end();
      assert.deepEqual([got, slotWord(stage, 'objectsDeferred')], [larger, 1]);
      heap.kfree(got);
      stage.settle();
    },
    SMALL,
  );
}

heapTest(
  'a slow path that throws leaves its sheaves where they were',
  (stage) => {
    const { heap, words } = stage;
    const p = heap.kmalloc(BYTES);
    const before = [sheafAt(heap, ID, 'main'), sheafAt(heap, ID, 'spare')];
    const rest: Address[] = [];
    whileLocked(words, cacheIndex(heap, ID, 'listLock'), () => {
      assert.throws(() => {
        for (;;) rest.push(heap.kmalloc(BYTES, GFP_NOWAIT));
      }, LockTimeoutError);
    });
    assert.deepEqual([sheafAt(heap, ID, 'main'), sheafAt(heap, ID, 'spare')], before);
    assert.equal(sheafAt(heap, ID, 'inHand'), 0);
    heap.kfreeBulk([p, ...rest]);
  },
  SMALL,
);

heapTest(
  'in a section that may neither wait nor spin kfree(), kfreeRcu() and the end of the turn spin for nothing',
  (stage) => {
    const { heap, host } = stage;
    const { context } = partsOf(heap);
    const capacity = cacheWord(heap, ID, 'sheafCapacity');
    const objects = Array.from({ length: 6 * capacity }, () => heap.kmalloc(BYTES));
    heap.shrink();
    const posted = objects.splice(0, 2 * capacity + 1);
    for (const p of posted) heap.kfreeRcu(p);
    context.enterAtomic('a hook');
    whileAllBusy(stage, () => {
      heap.kfreeBulk(objects);
      host.runMicrotasks();
      host.advance(heap.geometry.drainMillis + heap.geometry.pollMillis);
    });
    context.exitAtomic('a hook');
    assert.ok(slotWord(stage, 'objectsDeferred') > 0);
    assert.deepEqual(heap.balance().problems, []);
    stage.settle();
  },
  SMALL,
);

heapTest(
  'with one page left kmalloc() serves its caller, and does without a sheaf',
  (stage) => {
    const { heap } = stage;
    const { pages } = partsOf(heap);
    const blocks: Address[] = [];
    for (let p = pages.allocPages(0, GFP_NOWAIT); p !== 0; p = pages.allocPages(0, GFP_NOWAIT))
      blocks.push(p);
    pages.freePages(blocks.pop()!);
    const p = heap.kmalloc(BYTES, GFP_NOWAIT);
    assert.notEqual(p, 0);
    assert.equal(sheafAt(heap, ID, 'main'), HEADER.bootstrapSheaf);
    for (const block of blocks) pages.freePages(block);
    heap.kfree(p);
  },
  SMALL,
);
