import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import type { HeapOptions } from '../heap/heap-options.js';
import { HEADER } from '../layout/heap-header.js';
import { Heap } from '../shared-heap.js';
import type { WaitRight } from '../words/host.js';
import type { Words } from '../words/words.js';
import { MOST_ROUNDS, Throttle } from './throttle.js';

const LIMIT = 64 * 2 ** 10;
const BYTES = 1024;
/** Objects that are more than the limit of a heap with two threads, and sealed. */
const TOO_MANY = 60;

class Scene {
  readonly host: FakeHost;
  readonly heap: Heap;
  readonly reader: Heap;
  readonly readerHost = new FakeHost();

  constructor(right: WaitRight = 'may-wait', options: HeapOptions = {}) {
    this.host = new FakeHost(right);
    const sizes = { bytes: 4 * 2 ** 20, threads: 4, maxWaitingBytes: LIMIT };
    this.heap = Heap.create({ ...sizes, ...options }, { host: this.host });
    this.reader = Heap.attach(this.heap.handle, {}, { host: this.readerHost });
  }

  /** Posts so many objects, in a turn of the reader's. */
  post(count: number): void {
    partsOf(this.reader).turn.pin();
    for (let i = 0; i < count; i++) this.heap.kfreeRcu(this.heap.kmalloc(BYTES));
    partsOf(this.heap).driver.seal();
  }

  throttled(): number {
    return this.heap.stats().throttled;
  }

  end(): void {
    this.readerHost.runMicrotasks();
    this.host.advance(1000);
    this.readerHost.advance(1000);
    assert.equal(this.heap.stats().objectsWaiting, 0);
    assert.equal(this.heap.stats().waitingWords, 0);
    assert.deepEqual(this.heap.balance().problems, []);
  }
}

test('Throttle, slows a thread down that has more than its share waiting, each time a turn of it ends', () => {
  const scene = new Scene();
  scene.post(TOO_MANY);
  assert.ok(scene.heap.stats().waitingWords * 4 > LIMIT / 2);
  assert.equal(scene.throttled(), 0, 'never inside a turn');
  scene.heap.quiesce();
  assert.equal(scene.throttled(), 1);
  scene.host.runMicrotasks();
  assert.equal(scene.throttled(), 2);
  scene.end();
  scene.heap.turn(() => scene.heap.kfreeRcu(scene.heap.kmalloc(BYTES)));
  assert.equal(scene.throttled(), 2, 'nothing waits');
  scene.end();
});

test('Throttle, leaves a thread alone that has less than its share waiting', () => {
  const scene = new Scene();
  // With two threads a share is half.
  scene.post(LIMIT / BYTES / 2 - 2);
  scene.host.runMicrotasks();
  assert.equal(scene.throttled(), 0);
  scene.reader.detach();
  scene.end();
});

test('Throttle, counts live threads: who is alone has all of it', () => {
  const scene = new Scene();
  const third = Heap.attach(scene.heap.handle, {}, { host: new FakeHost() });
  scene.post(LIMIT / BYTES / 2 - 2);
  scene.host.runMicrotasks();
  assert.equal(scene.throttled(), 1, 'a share is a third');
  third.detach();
  scene.heap.turn(() => {});
  assert.equal(scene.throttled(), 1, 'a share is half');
  scene.end();
});

test('Throttle, never waits where the thread may not, nor with maxWaitingBytes: 0', () => {
  const scenes = [
    new Scene('may-spin'),
    new Scene('may-neither'),
    new Scene('may-wait', { maxWaitingBytes: 0 }),
  ];
  for (const scene of scenes) {
    scene.post(TOO_MANY);
    scene.host.runMicrotasks();
    assert.equal(scene.throttled(), 0);
    scene.end();
  }
  const atomic = new Scene();
  atomic.post(TOO_MANY);
  partsOf(atomic.heap).context.enterAtomic('a raw lock');
  atomic.host.runMicrotasks();
  assert.equal(atomic.throttled(), 0);
  partsOf(atomic.heap).context.exitAtomic('a raw lock');
  atomic.end();
});

test('Throttle, never waits while the thread is in a turn of another heap', () => {
  const scene = new Scene();
  const other = Heap.create({ bytes: 2 ** 20 }, { host: scene.host });
  scene.post(TOO_MANY);
  other.turn(() => scene.heap.quiesce());
  assert.equal(scene.throttled(), 0);
  scene.heap.quiesce();
  assert.equal(scene.throttled(), 1);
  scene.end();
  other.detach();
});

test('Throttle, goes on as soon as it is below its share, and after MOST_ROUNDS at the latest', () => {
  const scene = new Scene();
  scene.post(TOO_MANY);
  const { words, geometry, membership, host, context } = partsOf(scene.heap);
  const waits: number[] = [];
  const watched = new Proxy(words, {
    get: (target, name) => {
      if (name === 'wait') return (index: number) => waits.push(index);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }) as Words;
  const throttle = new Throttle(watched, geometry, membership.start, host, context);
  let steps = 0;
  partsOf(scene.heap).turn.leave();
  throttle.slowDown(() => ++steps > 0);
  assert.deepEqual(waits, Array(MOST_ROUNDS).fill(HEADER.gracePeriodSequence));
  assert.equal(steps, MOST_ROUNDS);
  throttle.slowDown(() => {
    if (++steps === MOST_ROUNDS + 3) scene.end();
    return true;
  });
  assert.equal(steps, MOST_ROUNDS + 3);
  scene.end();
});

test('maxWaitingBytes, is a quarter of the heap unless given, and is refused where it is no size', () => {
  const host = new FakeHost();
  const heap = Heap.create({ bytes: 4 * 2 ** 20 }, { host });
  const { totalPages, firstPage, maxWaitingWords } = heap.geometry;
  assert.equal(maxWaitingWords, (totalPages - firstPage) * 256);
  for (const maxWaitingBytes of [-1, 0.5, 2 ** 40, Number.NaN]) {
    assert.throws(() => Heap.create({ maxWaitingBytes }, { host }), RangeError);
  }
});
