import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../tests/support/balanced.js';
import { exhaust } from '../tests/support/exhaust.js';
import { FakeHost } from '../tests/support/fake-host.js';
import { heapTest, partsOf } from '../tests/support/stage.js';
import { OutOfMemoryError } from './heap/heap-errors.js';
import { TINY } from './heap/heap-options.js';
import { HEADER_WORDS } from './layout/heap-header.js';
import { Heap } from './shared-heap.js';

const SMALL = { tiny: { pages: 64 } };

test('Heap.create() without options makes a heap of 256 MiB for 64 threads', () => {
  const heap = Heap.create();
  assert.equal(heap.handle.buffer.byteLength, 256 * 2 ** 20);
  assert.equal(heap.geometry.slots, 64);
  assert.equal(heap.stats().threads[0]!.name, 'main');
  heap.kfree(heap.kmalloc(64));
});

test('Heap.create() makes a heap of 4 GiB, and its last page can be had', () => {
  const heap = Heap.create({ bytes: 2 ** 32 });
  const { pages } = partsOf(heap);
  let last = 0;
  for (let p = pages.allocPages(10, 0); p !== 0; p = pages.allocPages(10, 0)) last = Math.max(last, p);
  assert.equal(last + 2 ** 20, 2 ** 30);
  heap.words.store(last + 2 ** 20 - 1, 7);
  assert.equal(heap.words.loadPlain(2 ** 30 - 1), 7);
});

test('Heap.create() names the thread as it is told, and Heap.attach() `worker` unless told', () => {
  const heap = Heap.create({ ...TINY, name: 'front' });
  Heap.attach(heap.handle);
  Heap.attach(heap.handle, { name: 'back' });
  assert.deepEqual(
    heap.stats().threads.map(({ name }) => name),
    ['front', 'worker', 'back'],
  );
});

test('spawn(), watch(), terminate(), reap() and on() throw after detach(), and take nobody for dead', async () => {
  const heap = Heap.create(TINY);
  const other = Heap.attach(heap.handle);
  heap.detach();
  const left = { message: /^used a heap after detach\(\)/ };
  const worker = new FakeHost() as never;
  assert.throws(() => heap.spawn('./worker.js'), left);
  assert.throws(() => heap.watch(worker), left);
  await assert.rejects(heap.terminate(worker), left);
  assert.throws(() => heap.reap(other.stats().threads[0]!.slot), left);
  assert.throws(() => heap.on('reap', () => {}), left);
  other.map('still').set('its', 'own');
  assertBalanced(other);
});

test('two heaps of one thread share nothing', () => {
  const [one, other] = [Heap.create(TINY), Heap.create(TINY)];
  const p = one.kmalloc(64);
  assertBalanced(other);
  assert.throws(() => other.kfree(p), RangeError);
  assertBalanced(one, [p]);
  assertBalanced(other);
});

test('two heaps draw hash seeds of their own', () => {
  const [one, other] = [Heap.create(TINY).geometry, Heap.create(TINY).geometry];
  assert.notDeepEqual([one.hashSeed0, one.hashSeed1], [other.hashSeed0, other.hashSeed1]);
});

heapTest(
  'map() is the same object each time, and the same map in every thread',
  (stage) => {
    const map = stage.heap.map<string, number>('users');
    assert.equal(stage.heap.map('users'), map);
    const other = stage.attach().heap.map<string, number>('users');
    map.set('ada', 36);
    assert.equal(other.get('ada'), 36);
    assert.notEqual(stage.heap.map('others'), map);
    assert.equal(stage.heap.map<string, number>('others').get('ada'), undefined);
  },
  SMALL,
);

heapTest(
  'map() and slabCache() of one name are two things',
  (stage) => {
    stage.heap.map<string, number>('users').set('ada', 36);
    stage.heap.slabCache('users', 24);
    assert.equal(stage.heap.map<string, number>('users').get('ada'), 36);
  },
  SMALL,
);

heapTest(
  'map() that finds no memory throws OutOfMemoryError, and leaves no name and no memory behind',
  (stage) => {
    const { heap } = stage;
    const { giveBack } = exhaust(heap);
    assert.throws(() => heap.map('users'), OutOfMemoryError);
    giveBack();
    stage.balance();
    heap.map<string, number>('users').set('ada', 36);
    assert.equal(heap.map<string, number>('users').size, 1);
  },
  SMALL,
);

for (const where of ['a heap', 'a group'] as const) {
  test(`map() and mutex() of a new name, in a worklet with no memory in ${where}, are refused before they ask for any`, () => {
    const heap = Heap.create({ pages: 256, threads: 2, maxCaches: 160 }, { host: new FakeHost() });
    heap.group('tenant', { maxBytes: 0 });
    const worklet = Heap.attach(heap.handle, {}, { host: new FakeHost('may-neither') });
    const options = where === 'a group' ? { group: worklet.group('tenant') } : {};
    const { giveBack } = exhaust(heap);
    const headerBefore = headerOf(heap);
    const refusal = { name: 'ContextError', message: /'other'.* in an audio worklet/ };
    assert.throws(() => worklet.map('other', options), refusal);
    assert.throws(() => worklet.mutex('other'), refusal);
    assert.deepEqual(headerOf(heap), headerBefore);
    giveBack();
    worklet.detach();
    assertBalanced(heap);
  });
}

function headerOf({ words }: Heap): number[] {
  return Array.from({ length: HEADER_WORDS }, (_, word) => words.loadPlain(word));
}
