import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import { SLOT } from '../layout/thread-slot.js';
import { Heap } from '../shared-heap.js';
import type { WaitRight } from '../words/host.js';
import type { Address } from '../words/units.js';
import type { HeapOptions } from './heap-options.js';
import { DECAY_MILLIS } from './page-list-decay.js';

/** Lists that grow: batches of 15, high from 60 to 128. */
const GROWING = { bytes: 256 * 2 ** 20 } as const;

interface Scene {
  readonly heap: Heap;
  readonly host: FakeHost;
  /** What it has still. */
  readonly held: readonly Address[];
  kept(): number;
}

/** A thread whose lists hold more than they always may, at the end of its turn. */
function fill(right: WaitRight = 'may-wait', options: HeapOptions = GROWING): Scene {
  const host = new FakeHost(right);
  const heap = Heap.create(options, { host });
  const { words, membership } = partsOf(heap);
  const kept = (): number => words.load(membership.start + SLOT.listPages);
  const held = Array.from({ length: 400 }, () => heap.allocPages(0));
  while (kept() < 100 && held.length > 0) heap.freePages(held.pop()!);
  assert.ok(kept() >= 100 || options.pageListHigh !== undefined, `${kept()} pages are kept`);
  host.runMicrotasks();
  return { heap, host, held, kept };
}

test('after, sets a timer where the lists keep more than always, and each tick gives some back', () => {
  const { heap, host, held, kept } = fill();
  const { pageListHighMin } = heap.geometry;
  let before = kept();
  let ticks = 0;
  while (host.timers.length > 0) {
    assert.deepEqual(host.timers, [DECAY_MILLIS]);
    host.advance(DECAY_MILLIS);
    assert.ok(kept() <= before, 'the lists grew');
    before = kept();
    assert.ok(++ticks < 20, 'it does not end');
  }
  assert.ok(ticks > 1, 'all went back at once');
  assert.ok(kept() <= pageListHighMin && kept() > 0, `${kept()} pages are left`);
  assertBalanced(heap, held);
});

test('after, sets no second timer while one runs, nor one for lists of a given size', () => {
  const { heap, host } = fill();
  heap.turn(() => heap.freePages(heap.allocPages(0)));
  assert.equal(host.timers.length, 1);
  assert.deepEqual(fill('may-wait', { ...GROWING, pageListHigh: 100 }).host.timers, []);
});

test('after, sets no timer in an isolated thread, nor in one that may neither wait nor spin', () => {
  assert.deepEqual(fill('may-wait', { ...GROWING, isolated: true }).host.timers, []);
  assert.deepEqual(fill('may-neither').host.timers, []);
});

test('stop, calls the timer off when the thread leaves', () => {
  const { heap, host } = fill();
  assert.equal(host.timers.length, 1);
  heap.detach();
  assert.deepEqual(host.timers, []);
});

test('isolated, is kept for the thread: nobody takes what its lists keep', () => {
  const { heap, host, held } = fill('may-wait', { ...GROWING, isolated: true });
  const host2 = new FakeHost();
  const other = Heap.attach(heap.handle, { isolated: true }, { host: host2 });
  other.freePages(other.allocPages(0));
  host2.runMicrotasks();
  const third = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const { turn, idlePages } = partsOf(third);
  assert.equal(
    turn.run(() => idlePages.drain()),
    0,
  );
  host.runMicrotasks();
  assertBalanced(heap, held);
});

test('isolated, is refused where it is neither true nor false, and no slot is taken', () => {
  const heap = Heap.create({ bytes: 8 * 2 ** 20, threads: 2 }, { host: new FakeHost() });
  for (const isolated of [1, 'yes', null]) {
    assert.throws(
      () => Heap.attach(heap.handle, { isolated: isolated as unknown as boolean }, { host: new FakeHost() }),
      {
        name: 'TypeError',
        message: `joined a heap with isolated: ${isolated}; it is true or false`,
      },
    );
  }
  Heap.attach(heap.handle, {}, { host: new FakeHost() }).detach();
});
