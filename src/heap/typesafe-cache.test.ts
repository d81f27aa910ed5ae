import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countAccesses } from '../../tests/support/counting-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { Random, SEED, SEED_NOTE } from '../../tests/threads/seed.js';
import { CACHE } from '../layout/cache-record.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner } from '../layout/page-descriptor.js';
import { __GFP_ZERO, GFP_KERNEL } from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import { nolockObjectStepBound } from '../slab/nolock-object-steps.js';
import { type Address, PAGE_SHIFT } from '../words/units.js';
import { TINY } from './heap-options.js';
import type { NamedCache } from './named-cache.js';

const ROOM = { tiny: { pages: 64 } };
const BYTES = 40;
const WORDS = BYTES / 4;
const STABLE = { typesafeByRcu: true };

/** Objects of several slabs, each word of each its own. */
function takeMany(cache: NamedCache, words: Heap['words'], count: number): Address[] {
  return Array.from({ length: count }, (_, number) => {
    const p = cache.alloc();
    for (let i = 0; i < WORDS; i++) words.storePlain(p + i, number * 100 + i + 1);
    return p;
  });
}

function requireUntouched(words: Heap['words'], objects: readonly Address[], what: string): void {
  for (const [number, p] of objects.entries()) {
    for (let i = 0; i < WORDS; i++) {
      assert.equal(words.loadPlain(p + i), number * 100 + i + 1, `${what}: word ${i} of object ${number}`);
    }
  }
}

/** What the page of an address is, and whose. */
function pageOf({ words, heap }: Stage, p: number): { kind: number; owner: number } {
  const state = words.loadPlain(descriptorStart(heap.geometry, p >>> PAGE_SHIFT) + DESCRIPTOR.state);
  return { kind: pageKind(state), owner: pageOwner(state) };
}

function freePagesOf({ heap }: Stage): number {
  return heap.stats().vmstat.nr_free_pages;
}

heapTest(
  'a free object of a type-stable cache has all the words that its user knows as they were',
  (stage) => {
    const { heap, words } = stage;
    const cache = heap.slabCache('points', BYTES, STABLE);
    const objects = takeMany(cache, words, 50);
    for (const p of objects) cache.free(p);
    requireUntouched(words, objects, 'free, in sheaves and on slabs');
    // A reader keeps the pages.
    const reader = stage.attach().heap;
    reader.rcu.readLock();
    heap.shrink();
    requireUntouched(words, objects, 'free, its slab given up');
    reader.rcu.readUnlock();
    assert.equal(cache.typesafeByRcu, true);
    assert.equal(heap.slabCache('others', BYTES).typesafeByRcu, false);
  },
  ROOM,
);

heapTest(
  'an object of a type-stable cache is used again at once, and fresh slabs are linked behind the user words too',
  (stage) => {
    const { heap, words } = stage;
    const cache = heap.slabCache('points', BYTES, STABLE);
    const [first] = takeMany(cache, words, 1);
    const reader = stage.attach().heap;
    reader.rcu.readLock();
    cache.free(first!);
    assert.equal(cache.alloc(), first);
    requireUntouched(words, [first!], 'used again');
    cache.free(first!);
    const record = cacheStart(heap.geometry, cache.id);
    assert.equal(words.loadPlain(record + CACHE.linkOffset), words.loadPlain(record + CACHE.objectWords) - 2);
    reader.rcu.readUnlock();
  },
  ROOM,
);

for (const [way, giveUp] of [
  ['shrink()', ({ heap }: { heap: Heap }) => heap.shrink()],
  ['detach()', ({ heap }: { heap: Heap }) => heap.detach()],
] as const) {
  heapTest(
    `pages of a type-stable cache, given up by ${way}, are nobody else's until a grace period is over`,
    (stage) => {
      const { words } = stage;
      const user = stage.attach();
      const reader = stage.attach().heap;
      const cache = user.heap.slabCache('points', BYTES, STABLE);
      const objects = takeMany(cache, words, stage.isTiny ? 40 : 3000);
      const slabs = new Set(objects.map((p) => p >>> PAGE_SHIFT));
      user.host.runMicrotasks();
      reader.rcu.readLock();
      for (const p of objects) cache.free(p);
      giveUp(user);
      const isGivenUp = (page: number) => pageOf(stage, page << PAGE_SHIFT).kind !== PAGE_KIND.slab;
      const givenUp = [...slabs].filter(isGivenUp);
      assert.ok(givenUp.length > 0, 'no slab was given up');
      // Everybody tries to get them.
      stage.heap.shrink();
      takeAll(stage);
      for (const page of givenUp) assert.equal(pageOf(stage, page << PAGE_SHIFT).kind, PAGE_KIND.allocated);
      requireUntouched(words, objects, 'given up');
      assert.ok(stage.stats().objectsWaiting >= 1);
      stage.balance();
      reader.rcu.readUnlock();
      stage.endTurns();
      stage.settle();
      assert.deepEqual(
        givenUp.filter((page) => pageOf(stage, page << PAGE_SHIFT).kind === PAGE_KIND.allocated),
        [],
      );
    },
    { all: { barnSheaves: 2 }, ...ROOM },
  );
}

/** Takes every page that is to be had, and gives all back. */
function takeAll({ heap }: Stage): void {
  const taken: Address[] = [];
  for (let p = heap.allocPagesNolock(0); p !== 0; p = heap.allocPagesNolock(0)) taken.push(p);
  assert.ok(taken.length > 0);
  for (const p of taken) heap.freePages(p);
}

heapTest(
  'pages of a type-stable cache that reclaim takes serve whoever needs them, after a grace period',
  (stage) => {
    const { heap, words } = stage;
    const cache = heap.slabCache('points', BYTES, STABLE);
    const before = freePagesOf(stage);
    const objects = takeMany(cache, words, stage.isTiny ? 60 : 1000);
    for (const p of objects) cache.free(p);
    stage.endTurns();
    heap.shrink();
    stage.endTurns();
    stage.settle();
    heap.shrink();
    assert.ok(freePagesOf(stage) >= before - 8, `${freePagesOf(stage)} of ${before} pages are free again`);
  },
  ROOM,
);

heapTest(
  'kfreeRcu() of a type-stable object takes the two words behind it where it needs an RcuHead',
  (stage) => {
    const { heap, words } = stage;
    const cache = heap.slabCache('points', BYTES, STABLE);
    const objects = takeMany(cache, words, 30);
    for (const p of objects) heap.kfreeRcu(p);
    assert.ok(stage.stats().objectsWaiting >= objects.length);
    requireUntouched(words, objects, 'waits');
    stage.balance();
    stage.endTurns();
    stage.settle();
    assert.ok(stage.stats().freedThroughList >= 30);
  },
  { all: { pointerPageSource: 'none' }, ...ROOM },
);

heapTest(
  'a type-stable object that is freed while its cache is busy is linked behind its user words',
  (stage) => {
    const { heap, words } = stage;
    const cache = heap.slabCache('points', BYTES, STABLE);
    const objects = takeMany(cache, words, 40);
    const parts = partsOf(heap);
    const record = cacheStart(heap.geometry, cache.id);
    words.store(record + CACHE.listLock, parts.ownerTag);
    words.store(record + CACHE.barnLock, parts.ownerTag);
    for (const p of objects) heap.kfreeNolock(p);
    words.store(record + CACHE.listLock, 0);
    words.store(record + CACHE.barnLock, 0);
    requireUntouched(words, objects, 'deferred');
    if (stage.isTiny) assert.ok(words.load(record + CACHE.deferred) !== 0);
    stage.balance();
    const again = new Set(takeMany(cache, words, 40));
    assert.equal(again.size, 40);
    for (const p of again) cache.free(p);
  },
  ROOM,
);

heapTest(
  'whatever becomes of type-stable objects, while a reader looks their words are what their last user wrote',
  (stage) => {
    const random = new Random(SEED, stage.isTiny ? 1 : 2);
    const reader = stage.attach().heap;
    reader.rcu.readLock();
    const users = [stage, stage.attach(), stage.attach()];
    const caches = users.map(({ heap }) => heap.slabCache('points', BYTES, STABLE));
    const written = new Map<Address, number>();
    const mine: Address[] = [];
    const record = cacheStart(stage.heap.geometry, caches[0]!.id);
    for (let step = 1; step <= 3000; step++) {
      const at = random.below(users.length);
      const { heap, host } = users[at]!;
      const kind = random.below(step % 1000 < 500 ? 6 : 12);
      if (kind < 4) mine.push(write(caches[at]!.alloc(), step));
      else if (kind < 11 && mine.length > 0) giveBack(heap, caches[at]!, kind);
      else if (random.oneIn(20)) heap.shrink();
      else host.runMicrotasks();
      if (step % 100 === 0) requireAsWritten();
    }
    requireAsWritten();
    for (const p of mine) caches[0]!.free(p);
    for (const { heap } of users.slice(1)) heap.detach();
    requireAsWritten();
    reader.rcu.readUnlock();
    stage.endTurns();
    stage.settle();

    function write(p: Address, step: number): Address {
      for (let i = 0; i < WORDS; i++) stage.words.storePlain(p + i, step * 100 + i);
      written.set(p, step);
      return p;
    }

    function giveBack(heap: Heap, cache: NamedCache, kind: number): void {
      const p = mine.splice(random.below(mine.length), 1)[0]!;
      if (kind < 7) cache.free(p);
      else if (kind < 9) heap.kfreeRcu(p);
      else {
        // Another thread has the slabs, the barn or both.
        const busy = [CACHE.listLock, CACHE.barnLock].filter(() => random.oneIn(2));
        for (const word of busy) stage.words.store(record + word, partsOf(reader).ownerTag);
        heap.kfreeNolock(p);
        for (const word of busy) stage.words.store(record + word, 0);
      }
    }

    function requireAsWritten(): void {
      for (const [p, step] of written) {
        for (let i = 0; i < WORDS; i++) {
          assert.equal(stage.words.loadPlain(p + i), step * 100 + i, `word ${i} of ${p} ${SEED_NOTE}`);
        }
      }
    }
  },
  { tiny: { pages: 4096, threads: 8 } },
);

heapTest(
  'a type-stable cache is so in every call and thread, or refused',
  (stage) => {
    const { heap } = stage;
    heap.slabCache('stable', BYTES, STABLE);
    heap.slabCache('plain', BYTES);
    const other = stage.attach().heap;
    for (const one of [heap, other]) {
      assert.throws(() => one.slabCache('stable', BYTES), {
        name: 'RangeError',
        message:
          'opened slab cache stable with typesafeByRcu false; it was made with true, which all its users rely on',
      });
      assert.throws(() => one.slabCache('plain', BYTES, STABLE), {
        name: 'RangeError',
        message:
          'opened slab cache plain with typesafeByRcu true; it was made with false, which all its users rely on',
      });
    }
    assert.throws(() => other.slabCache('stable', 64, STABLE), /it was made for 40/);
    for (const wrong of [null, 7, 'yes', { typesafeByRcu: 1 }, { typesafeByRcu: null }]) {
      assert.throws(() => heap.slabCache('another', BYTES, wrong as never), {
        name: 'TypeError',
        message: /its options are an object with typesafeByRcu, true or false$/,
      });
    }
    assert.equal(other.slabCache('plain', BYTES, {}).typesafeByRcu, false);
    assert.equal(other.slabCache('plain', BYTES, { typesafeByRcu: false }).objectBytes, BYTES);
  },
  ROOM,
);

heapTest(
  'a type-stable cache serves every size, zeroes where it is asked to, and names its objects by their own size',
  (stage) => {
    const { heap, words } = stage;
    for (const bytes of [1, 8, 24, 4096, 8192]) {
      const cache = heap.slabCache(`of ${bytes}`, bytes, STABLE);
      const p = cache.alloc(GFP_KERNEL | __GFP_ZERO);
      for (let i = 0; i < cache.objectBytes / 4; i++) assert.equal(words.loadPlain(p + i), 0);
      words.fillPlain(p, p + cache.objectBytes / 4, -1);
      cache.free(p);
      if (bytes === 24)
        assert.throws(() => heap.kfree((p + 2) as Address), /2 words inside the 24-byte object/);
      assert.throws(() => heap.kfreeRcu(p, cache.objectBytes / 4 - 1), RangeError);
    }
    assert.throws(() => heap.slabCache('of 8193', 8193, STABLE), RangeError);
  },
  { tiny: { pages: 256 } },
);

heapTest(
  'mempool() of a type-stable cache is refused',
  (stage) => {
    const cache = stage.heap.slabCache('points', BYTES, STABLE);
    assert.throws(() => stage.heap.mempool('pool', 1, { cache }), {
      name: 'TypeError',
      message: /with slab cache points, which is typesafeByRcu/,
    });
  },
  ROOM,
);

test('a debug heap poisons no free object of a type-stable cache, and still finds a double free and a write beside it', () => {
  const heap = Heap.create({ bytes: 2 ** 22, threads: 4, debug: true });
  const { words } = heap;
  const cache = heap.slabCache('points', BYTES, STABLE);
  const objects = takeMany(cache, words, 200);
  for (const p of objects) cache.free(p);
  requireUntouched(words, objects, 'free');
  assert.throws(() => cache.free(objects[0]!), /it is free already/);
  // A reader may lock what it finds, and find out afterwards that it was free.
  words.add(objects[5]!, 1);
  words.add(objects[5]!, -1);
  words.store(objects[6]!, 77);
  assert.deepEqual(heap.checkObjects(), []);
  const again = objects.map(() => cache.alloc());
  assert.ok(again.some((p) => objects.includes(p)));
  words.store((again[0]! + WORDS) as Address, 1);
  assert.throws(() => cache.free(again[0]!), /red zone behind it/);
  for (const p of again.slice(1)) heap.kfreeRcu(p);
  heap.synchronizeRcuSync();
  heap.shrink();
  heap.synchronizeRcuSync();
  assert.deepEqual(heap.checkObjects(), []);
  assert.deepEqual(heap.balance({ held: [again[0]!] }).problems, []);
});

test('a debug heap refuses a free of an object whose slab was given up', () => {
  const heap = Heap.create({ bytes: 2 ** 22, threads: 4, debug: true });
  const cache = heap.slabCache('points', BYTES, STABLE);
  const objects = takeMany(cache, heap.words, 500);
  for (const p of objects) cache.free(p);
  const reader = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  reader.rcu.readLock();
  heap.shrink();
  let refused = 0;
  for (const p of objects) {
    assert.throws(() => heap.kfree(p), /free already|freed address|freed already/);
    refused++;
  }
  assert.equal(refused, 500);
  reader.rcu.readUnlock();
});

test('a call that only tries gives up slabs of a type-stable cache in no more steps than others', () => {
  const heap = Heap.create({ ...TINY, pages: 128 }, { host: new FakeHost() });
  const { words, kmalloc, turn } = partsOf(heap);
  const objects = takeMany(heap.slabCache('points', 1000, STABLE), heap.words, 60);
  const counter = countAccesses(words);
  turn.pin();
  let most = 0;
  for (const p of objects) {
    counter.count = counter.spins = 0;
    kmalloc.freeNolock(p);
    most = Math.max(most, counter.count);
    assert.equal(counter.spins, 0);
  }
  assert.ok(heap.stats().objectsWaiting > 0, 'no slab was given up');
  assert.ok(most <= nolockObjectStepBound(heap.geometry).free, `${most} accesses`);
});
