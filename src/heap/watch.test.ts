import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { joinHeap, leaveHeap, type Membership } from '../threads/thread-registry.js';
import type { HeapOptions } from './heap-options.js';
import { DeathWatch, type WorkerThread } from './watch.js';

/** A worker of the test, which ends when the test says so. */
class FakeWorker implements WorkerThread {
  threadId: number;
  readonly listeners: (() => void)[] = [];

  constructor(threadId: number) {
    this.threadId = threadId;
  }

  on(event: string, listener: () => void): this {
    assert.equal(event, 'exit');
    this.listeners.push(listener);
    return this;
  }

  /** As Node does it: the worker forgets its number, and then tells. */
  end(): void {
    this.threadId = -1;
    for (const listener of this.listeners) listener();
  }

  join({ words, geometry }: BareHeap): Membership {
    return joinHeap(words, geometry, `worker ${this.threadId}`, false, this.threadId + 1);
  }
}

interface Watched extends BareHeap {
  readonly watch: DeathWatch;
  /** What onDead was called with. */
  readonly deaths: (readonly number[])[];
}

function watchedHeap(host: FakeHost, options: HeapOptions = {}): Watched {
  const heap = formatBareHeap({ ...CONFIGURATIONS[0]!.options, ...options });
  const deaths: (readonly number[])[] = [];
  const watch = new DeathWatch(host, heap.words, heap.geometry, (slots) => deaths.push(slots));
  return { ...heap, watch, deaths };
}

function stateOf({ words }: BareHeap, { start }: Membership): number {
  return words.load(start + SLOT.state);
}

test('watch() marks the slots of the worker when it ends, and tells which', () => {
  const heap = watchedHeap(new FakeHost());
  heap.watch.start();
  const [first, second] = [new FakeWorker(3), new FakeWorker(4)];
  const members = [first, second, first].map((worker) => worker.join(heap));
  heap.watch.watch(first);
  heap.watch.watch(second);
  assert.deepEqual(heap.deaths, []);
  first.end();
  assert.deepEqual(heap.deaths, [[0, 2]]);
  const { live, zombie } = SLOT_STATE;
  assert.deepEqual(
    members.map((member) => stateOf(heap, member)),
    [zombie, live, zombie],
  );
});

test('a worker that has left the heap before its end is no death', () => {
  const heap = watchedHeap(new FakeHost());
  heap.watch.start();
  const worker = new FakeWorker(1);
  heap.watch.watch(worker);
  const member = worker.join(heap);
  leaveHeap(heap.words, member);
  worker.end();
  assert.deepEqual(heap.deaths, []);
  assert.equal(stateOf(heap, member), SLOT_STATE.free);
});

test('watch() of a worker whose slot another has the right to mark when it ends, comes back by a timer', () => {
  const host = new FakeHost();
  const heap = watchedHeap(host, { spinRounds: 10 });
  heap.watch.start();
  const [worker, other] = [new FakeWorker(3), new FakeWorker(4)];
  heap.watch.watch(worker);
  const members = [worker.join(heap), worker.join(heap)];
  const { slot, generation } = other.join(heap);
  // A thread that lives, as far as the heap knows, and was stopped when it had reaped the last owner of the slot.
  const reaper = members[1]!.start + SLOT.reaper;
  heap.words.store(reaper, ownerTag(slot, generation));
  worker.end();
  assert.deepEqual(heap.deaths, []);
  assert.equal(stateOf(heap, members[1]!), SLOT_STATE.live);
  host.advance(100);
  heap.words.store(reaper, 0);
  host.advance(100);
  assert.deepEqual(heap.deaths, [[1]]);
  assert.equal(stateOf(heap, members[1]!), SLOT_STATE.zombie);
  assert.deepEqual(host.timers, []);
});

test('stop(), calls off what it was to come back for', () => {
  const host = new FakeHost();
  const heap = watchedHeap(host, { spinRounds: 10 });
  heap.watch.start();
  const [worker, other] = [new FakeWorker(3), new FakeWorker(4)];
  heap.watch.watch(worker);
  const member = worker.join(heap);
  const { slot, generation } = other.join(heap);
  heap.words.store(member.start + SLOT.reaper, ownerTag(slot, generation));
  worker.end();
  heap.watch.stop();
  assert.deepEqual(host.timers, []);
});

test('watch() of one worker by two heaps, several times, listens to it once, and each heap is told', () => {
  const host = new FakeHost();
  const heaps = [watchedHeap(host), watchedHeap(host)];
  const worker = new FakeWorker(9);
  for (const heap of heaps) {
    heap.watch.start();
    heap.watch.watch(worker);
    heap.watch.watch(worker);
    worker.join(heap);
  }
  assert.equal(worker.listeners.length, 1);
  worker.end();
  assert.deepEqual(
    heaps.map(({ deaths }) => deaths),
    [[[0]], [[0]]],
  );
});

test('watch() of a worker that has ended and was watched does nothing', () => {
  const heap = watchedHeap(new FakeHost());
  heap.watch.start();
  const worker = new FakeWorker(9);
  heap.watch.watch(worker);
  worker.end();
  heap.watch.watch(worker);
  assert.equal(worker.listeners.length, 1);
});

test('watch() of a worker that has ended unwatched throws an error that says when to call it', () => {
  const heap = watchedHeap(new FakeHost());
  const worker = new FakeWorker(9);
  worker.end();
  assert.throws(() => heap.watch.watch(worker), /has ended \(threadId -1\).*right after new Worker\(\)/);
  assert.equal(worker.listeners.length, 0);
});

for (const [value, described] of [
  [undefined, 'undefined'],
  [null, 'null'],
  [7, '7'],
  [{ threadId: 7 }, 'an object of class Object'],
  [{ on() {} }, 'an object of class Object'],
  [{ threadId: '7', on() {} }, 'an object of class Object'],
  [{ threadId: -2, on() {} }, 'an object of class Object'],
  [Object.create(null), 'an object'],
  [new Set(), 'an object of class Set'],
] as const) {
  test(`watch() of ${described} throws a TypeError that names it`, () => {
    const { watch } = watchedHeap(new FakeHost());
    assert.throws(() => watch.watch(value as WorkerThread), {
      name: 'TypeError',
      message: new RegExp(`watched ${described}; pass a Worker of node:worker_threads`),
    });
  });
}

test('start() has every worker watched that the thread starts from then on, with one listener for all heaps', () => {
  const host = new FakeHost();
  const heaps = [watchedHeap(host), watchedHeap(host)] as const;
  const [before, between, after] = [5, 6, 7].map((id) => new FakeWorker(id)) as [
    FakeWorker,
    FakeWorker,
    FakeWorker,
  ];
  host.startWorker(before);
  heaps[0].watch.start();
  host.startWorker(between);
  heaps[1].watch.start();
  host.startWorker(after);
  assert.equal(host.workerListeners.size, 1);
  for (const worker of [before, between, after]) {
    for (const heap of heaps) worker.join(heap);
    worker.end();
  }
  // The worker that was there before the second heap can get its handle later.
  for (const { deaths } of heaps) assert.deepEqual(deaths, [[1], [2]]);
});

test('start() passes over what is no worker, and over one that has ended already', () => {
  const host = new FakeHost();
  const { watch } = watchedHeap(host);
  watch.start();
  host.startWorker({});
  const ended = new FakeWorker(2);
  ended.end();
  host.startWorker(ended);
  assert.equal(ended.listeners.length, 0);
});

test('stop() of the last heap ends the listening, and a heap that is left is told nothing', () => {
  const host = new FakeHost();
  const heaps = [watchedHeap(host), watchedHeap(host)] as const;
  const worker = new FakeWorker(5);
  for (const heap of heaps) heap.watch.start();
  host.startWorker(worker);
  const members = heaps.map((heap) => worker.join(heap));
  heaps[0].watch.stop();
  heaps[0].watch.stop();
  assert.equal(host.workerListeners.size, 1);
  worker.end();
  assert.deepEqual([heaps[0].deaths, heaps[1].deaths], [[], [[0]]]);
  assert.equal(stateOf(heaps[0], members[0]!), SLOT_STATE.live);
  heaps[1].watch.stop();
  assert.equal(host.workerListeners.size, 0);
  heaps[0].watch.start();
  assert.equal(host.workerListeners.size, 1);
});

test('heaps of two threads do not hear of each other', () => {
  const [mine, others] = [new FakeHost(), new FakeHost()];
  const heap = watchedHeap(mine);
  heap.watch.start();
  const worker = new FakeWorker(5);
  worker.join(heap);
  others.startWorker(worker);
  worker.end();
  assert.deepEqual(heap.deaths, []);
});
