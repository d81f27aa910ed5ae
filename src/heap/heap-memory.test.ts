import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, type Stage } from '../../tests/support/stage.js';
import {
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
} from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import type { WaitRight } from '../words/host.js';
import { type Address, NONE, PAGE_WORDS } from '../words/units.js';

/** Every allocation that takes a gfp, by its name in messages. */
const CALLS: readonly (readonly [name: string, call: (heap: Heap, gfp?: number) => Address])[] = [
  ['kmalloc()', (heap, gfp) => heap.kmalloc(64, gfp)],
  ['allocPages()', (heap, gfp) => heap.allocPages(0, gfp)],
  ['alloc() of a slab cache', (heap, gfp) => heap.slabCache('records', 48).alloc(gfp)],
];

const NOLOCK_CALLS: readonly (readonly [name: string, call: (heap: Heap, gfp?: number) => Address])[] = [
  ['kmallocNolock()', (heap, gfp) => heap.kmallocNolock(64, gfp)],
  ['allocPagesNolock()', (heap, gfp) => heap.allocPagesNolock(0, gfp)],
];

/** The heap as a thread with this right sees it; a worker has opened the names before. */
function heapIn(right: WaitRight): Heap {
  const worker = Heap.create({ pages: 200, threads: 2, maxCaches: 140 }, { host: new FakeHost() });
  worker.slabCache('records', 48);
  return Heap.attach(worker.handle, {}, { host: new FakeHost(right) });
}

/** Takes objects until none is to be had without waiting. */
function exhaust(heap: Heap): Address[] {
  const taken: Address[] = [];
  for (const bytes of [2 ** 15, 4096, 64]) {
    for (let p = heap.kmalloc(bytes, GFP_NOLOCK); p !== NONE; p = heap.kmalloc(bytes, GFP_NOLOCK))
      taken.push(p);
  }
  return taken;
}

test('an allocation with GFP_KERNEL, where waiting is forbidden, throws a ContextError that names the place and the call', () => {
  for (const [right, where] of [
    ['may-spin', "on a browser's main thread"],
    ['may-neither', 'in an audio worklet'],
  ] as const) {
    for (const [name, call] of CALLS) {
      assert.throws(() => call(heapIn(right), GFP_KERNEL), {
        name: 'ContextError',
        message:
          `called ${name} with GFP_KERNEL ${where}, which may not wait; use GFP_NOWAIT or GFP_NOLOCK, ` +
          'or leave gfp out for the most that is allowed',
      });
    }
  }
});

test('an allocation without gfp, is served in every context', () => {
  for (const right of ['may-wait', 'may-spin', 'may-neither'] as const) {
    for (const [name, call] of CALLS) assert.notEqual(call(heapIn(right)), NONE, `${name} ${right}`);
  }
});

test('an allocation without gfp, where nothing is left, throws OutOfMemoryError but in a worklet, where it returns NONE', () => {
  for (const right of ['may-wait', 'may-spin'] as const) {
    const heap = heapIn(right);
    exhaust(heap);
    assert.throws(() => heap.kmalloc(2 ** 15), { name: 'OutOfMemoryError' });
    assert.throws(() => heap.allocPages(3), { name: 'OutOfMemoryError' });
  }
  const heap = heapIn('may-neither');
  exhaust(heap);
  assert.equal(heap.kmalloc(2 ** 15), NONE);
  assert.equal(heap.allocPages(3), NONE);
});

test('an allocation that may not wait, where nothing is left, returns NONE', () => {
  const heap = heapIn('may-wait');
  exhaust(heap);
  for (const gfp of [GFP_NOWAIT, GFP_ATOMIC, GFP_NOLOCK]) {
    assert.equal(heap.kmalloc(2 ** 15, gfp), NONE);
    assert.equal(heap.allocPages(3, gfp), NONE);
  }
});

heapTest(
  'calls of the nolock kind, take __GFP_ZERO at most, and refuse every right by a GfpError',
  (stage) => {
    for (const [name, call] of NOLOCK_CALLS) {
      for (const gfp of [GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, __GFP_HIGH, 1, Number.NaN]) {
        assert.throws(
          () => call(stage.heap, gfp),
          (error: Error) => {
            assert.equal(error.name, 'GfpError');
            assert.ok(error.message.startsWith(`called ${name} with gfp `), error.message);
            return true;
          },
        );
      }
      stage.hold(call(stage.heap, __GFP_ZERO));
      stage.hold(call(stage.heap));
    }
  },
);

heapTest(
  'an allocation with bits that contradict each other, is refused, and nothing has changed',
  (stage) => {
    for (const [, call] of CALLS) {
      assert.throws(() => call(stage.heap, GFP_NOLOCK | __GFP_DIRECT_RECLAIM), {
        name: 'GfpError',
        message: /__GFP_DIRECT_RECLAIM and without __GFP_KSWAPD_RECLAIM/,
      });
    }
  },
);

/** Fills pages of an order with a pattern and gives them back. */
function soil(stage: Stage, order: number): void {
  const start = stage.heap.allocPages(order);
  stage.words.fillPlain(start, start + (PAGE_WORDS << order), 0x6b6b6b6b);
  stage.heap.freePages(start);
}

heapTest('allocPagesNolock(), zeroes what it returns', (stage) => {
  for (const order of [0, 1]) {
    soil(stage, order);
    const start = stage.hold(stage.heap.allocPagesNolock(order));
    for (let i = 0; i < PAGE_WORDS << order; i++) assert.equal(stage.words.loadPlain(start + i), 0);
  }
});

heapTest('kfreeBulkNolock(), frees each address, and stops at the first that is refused', (stage) => {
  const { heap } = stage;
  const objects = [24, 24, 64, 5000].map((bytes) => heap.kmallocNolock(bytes)).filter((p) => p !== NONE);
  const kept = stage.hold(heap.kmalloc(64));
  const wrong = (objects.at(-1)! + 1) as Address;
  assert.throws(() => heap.kfreeBulkNolock([wrong, kept]), { name: 'RangeError' });
  heap.kfreeBulkNolock(objects);
});

heapTest(
  'kmalloc(), inside an announced raw lock, tries where it would wait, and is refused GFP_KERNEL',
  (stage) => {
    const { heap } = stage;
    const raw = heap.lockClass('isr', { wait: 'spin' });
    raw.acquired();
    assert.throws(() => heap.kmalloc(64, GFP_KERNEL), {
      name: 'ContextError',
      message: /called kmalloc\(\) with GFP_KERNEL in raw lock isr, which may not wait/,
    });
    stage.hold(heap.kmalloc(64));
    raw.released();
    stage.hold(heap.kmalloc(64, GFP_KERNEL));
  },
);

test('a name that is new, is refused by a ContextError in a worklet, and one that is there is opened', () => {
  const heap = Heap.create({ pages: 200, threads: 2, maxCaches: 140 }, { host: new FakeHost() });
  const maps = heap.map<number, number>('counts');
  maps.set(1, 2);
  heap.mutex('m');
  heap.slabCache('records', 48);
  const worklet = Heap.attach(heap.handle, {}, { host: new FakeHost('may-neither') });
  assert.equal(worklet.map<number, number>('counts').get(1), 2);
  worklet.mutex('m');
  worklet.slabCache('records', 48);
  for (const open of [
    () => worklet.map('other'),
    () => worklet.mutex('other'),
    () => worklet.slabCache('other', 48),
    () => worklet.group('other'),
  ]) {
    assert.throws(open, { name: 'ContextError', message: /'?other'?.* in an audio worklet, which may not/ });
  }
  worklet.detach();
});
