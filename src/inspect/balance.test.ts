import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY, EMPTY, WIDE } from '../../tests/support/audited-heap.js';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { drive } from '../../tests/support/drive.js';
import { joinStillHeap, leaveStillHeap, makeStillHeap } from '../../tests/support/still-heap.js';
import { type HeapOptions, TINY } from '../heap/heap-options.js';
import type { HeapParts } from '../heap/heap-parts.js';
import { zoneStart } from '../layout/heap-layout.js';
import { ZONE } from '../layout/zone-record.js';
import { GFP_KERNEL, GFP_NOLOCK } from '../pages/gfp.js';
import { balance } from './balance.js';
import { readPageMap } from './page-map.js';
import { readStatistics } from './statistics.js';

/** Numbers from 0 to `below` - 1 that are the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
}

test('balance() says where every page and object of a heap is', () => {
  const { pages, objects, ...rest } = new AuditedHeap().audit();
  assert.deepEqual(rest, {
    problems: [],
    reachable: 49,
    unreachableObjects: 0,
    unreachablePages: 0,
    unreachable: [],
    quarantinedObjects: 0,
  });
  assert.deepEqual(pages, {
    total: 129,
    metadata: 9,
    free: 36,
    threadLists: 6,
    deferred: 18,
    slab: 19,
    allocated: 41,
  });
  const { byCache, ...sums } = objects;
  assert.deepEqual(sums, { live: 46, free: 53, inSheaves: 21, waiting: 8 });
  assert.deepEqual(
    byCache.find(({ id }) => id === BUSY),
    { id: BUSY, objectBytes: 32, total: 48, live: 20, free: 8, inSheaves: 12, waiting: 8 },
  );
  assert.deepEqual(
    byCache.map(({ id }) => id),
    [0, 1, 3, BUSY, 5, EMPTY, 16, 25, WIDE],
  );
});

test('balance() finds a fresh heap of several zones in order', () => {
  const { words, geometry } = makeStillHeap({ bytes: 80 * 2 ** 20, threads: 2 });
  const report = balance(words);
  assert.equal(geometry.zones, 2);
  assert.deepEqual(report.problems, []);
  assert.equal(report.pages.free, geometry.totalPages - geometry.firstPage);
});

test('balance() writes nothing', () => {
  const heap = new AuditedHeap();
  const before = snapshotOf(heap.words);
  heap.audit();
  assertUnchanged(heap.words, before);
});

test('balance() of words full of rubbish returns, whatever they hold', () => {
  const heap = new AuditedHeap();
  const { words, geometry } = heap;
  const random = seeded(1);
  const used = [0, heap.block, heap.wide, ...heap.heads, ...heap.map.entries, heap.map.root, heap.map.locks];
  const sound = snapshotOf(words);
  const interesting = (): number => {
    switch (random(6)) {
      case 0:
        return [0, 1, -1, 2, 0x7fffffff, -0x80000000][random(6)]!;
      case 1:
        return random(geometry.totalPages);
      case 2:
        return random(words.lengthWords);
      case 3:
        return sound[random(words.lengthWords)]!;
      case 4:
        return used[random(used.length)]! + random(4);
      default:
        return (random(0x10000) << 16) | random(0x10000);
    }
  };
  const changed: number[] = [];
  for (let round = 0; round < 3000; round++) {
    if (round % 20 === 0) for (const word of changed.splice(0)) words.storePlain(word, sound[word]!);
    // Constants are left alone half of the time: with them wrong, nothing else is looked at.
    const word = round % 2 === 0 ? 64 + random(geometry.firstPage * 1024) : random(words.lengthWords);
    words.storePlain(word, interesting());
    changed.push(word);
    const { problems } = heap.audit();
    assert.ok(problems.length <= 201);
    readStatistics(words);
    readPageMap(words);
  }
});

test('balance() leaves out all but 200 problems, and says how many', () => {
  const { words, kmalloc } = makeStillHeap({ pages: 300, threads: 1 });
  const held: number[] = [];
  for (let i = 0; i < 250; i++) held.push(kmalloc.alloc(16, GFP_KERNEL) + 1);
  const { problems } = balance(words, { held });
  assert.equal(problems.length, 201);
  assert.equal(problems[200], '50 more problems are left out');
});

/** A heap, its threads, and what they hold; steps of all that threads do below the heap's front. */
class Crowd {
  readonly threads: HeapParts[];
  readonly held: number[] = [];
  readonly random: (below: number) => number;

  constructor(options: HeapOptions, seed: number) {
    const first = makeStillHeap(options);
    this.threads = [first, joinStillHeap(first.handle, 'second')];
    this.random = seeded(seed);
  }

  /** One step of one thread; returns what it was. */
  step(): string {
    const thread = this.threads[this.random(this.threads.length)]!;
    const kind = this.random(20);
    if (kind < 8) return this.allocate(thread);
    if (kind < 12) return this.withHeld('free', (p) => thread.kmalloc.free(p));
    if (kind < 16) return this.withHeld('kfreeRcu', (p) => thread.kfreeRcu.post(p, 0));
    if (kind === 16) return this.named('seal', () => thread.kfreeRcu.seal());
    if (kind === 17) return this.named('drive', () => drive(thread) && thread.kfreeRcu.freeDone());
    return kind === 18 ? this.joinOrLeave(thread) : this.freeNolock(thread);
  }

  private named(name: string, fn: () => unknown): string {
    fn();
    return name;
  }

  private withHeld(name: string, fn: (p: number) => void): string {
    if (this.held.length === 0) return 'nothing';
    fn(this.held.splice(this.random(this.held.length), 1)[0]!);
    return name;
  }

  private allocate(thread: HeapParts): string {
    const most = this.random(10) === 0 ? 40_000 : this.random(4) === 0 ? 8192 : 200;
    const p = thread.kmalloc.alloc(1 + this.random(most), this.random(3) === 0 ? GFP_NOLOCK : GFP_KERNEL);
    if (p !== 0) this.held.push(p);
    return 'kmalloc';
  }

  private joinOrLeave(thread: HeapParts): string {
    const kind = this.random(4);
    if (kind === 0) return this.named('shrink', () => thread.caches.shrink());
    if (kind === 1) return this.named('drain', () => thread.pages.drain());
    if (kind === 2 && this.threads.length < 4) {
      return this.named('join', () => this.threads.push(joinStillHeap(thread.handle, 'another')));
    }
    if (this.threads.length === 1) return 'nothing';
    this.threads.splice(this.threads.indexOf(thread), 1);
    return this.named('leave', () => leaveStillHeap(thread));
  }

  /** Frees a block while another thread has the zone's lock. */
  private freeNolock(thread: HeapParts): string {
    const block = thread.pages.allocPages(this.random(5), GFP_KERNEL);
    if (block === 0) return 'no block';
    const lock = zoneStart(thread.geometry, 0) + ZONE.lock;
    thread.words.storePlain(lock, 77);
    thread.pages.freePagesNolock(block);
    thread.words.storePlain(lock, 0);
    return 'freePagesNolock';
  }
}

const CROWDS: readonly (readonly [name: string, options: HeapOptions])[] = [
  ['TINY', TINY],
  ['TINY with more pages', { ...TINY, pages: 60 }],
  ['small', { pages: 100, threads: 4, maxCaches: 80, sheafCapacity: 3, barnSheaves: 2, maxSlabObjects: 8 }],
  ['ordinary', { pages: 300, threads: 4, minPartialSlabs: 0, barnSheaves: 1, sheafCapacity: 5 }],
];

for (const [name, options] of CROWDS) {
  test(`balance() is right after each of 2,000 steps of several threads on a heap of kind ${name}`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      const crowd = new Crowd(options, seed);
      const steps: string[] = [];
      for (let i = 0; i < 400; i++) {
        steps.push(crowd.step());
        const report = balance(crowd.threads[0]!.words, { held: crowd.held });
        const where = `seed ${seed}, step ${i}: ${steps.slice(-5).join(', ')}`;
        assert.deepEqual([...report.problems, ...report.unreachable], [], where);
        const waiting = readStatistics(crowd.threads[0]!.words).objectsWaiting;
        assert.ok(waiting >= report.objects.waiting, where);
      }
    }
  });
}
