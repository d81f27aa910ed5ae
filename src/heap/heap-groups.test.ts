import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import { NO_PAGE_FAULT, type PageFault } from '../pages/page-allocator.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';

const MANY = 10_000;
/** The groups that the others are part of. */
const COMPANIES = 100;

function usedBytes(heap: Heap): number {
  const { pages, objects } = assertBalanced(heap);
  let bytes = pages.allocated * 4096;
  for (const cache of objects.byCache) bytes += cache.id === 0 ? 0 : cache.live * cache.objectBytes;
  return bytes;
}

test('Heap.group, makes ten thousand groups, finds each by its name, and charges each its own', () => {
  const heap = Heap.create({ bytes: 256 * 2 ** 20, threads: 4 }, { host: new FakeHost() });
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const before = usedBytes(heap);
  const beganMillis = performance.now();
  const companies = Array.from({ length: COMPANIES }, (_, i) => heap.group(`company ${i}`));
  for (let i = 0; i < MANY - COMPANIES; i++) {
    heap.group(`tenant ${i}`, { maxBytes: 1000, parent: companies[i % COMPANIES]! });
  }
  const millis = performance.now() - beganMillis;
  const bytes = (usedBytes(heap) - before) / MANY;
  console.log(
    `# ${MANY} groups: ${bytes.toFixed(1)} bytes of the heap for each, ${((millis * 1000) / MANY).toFixed(1)} us to make one`,
  );
  assert.ok(bytes < 128, `${bytes} bytes for each group`);
  assert.equal(other.groups().length, MANY);
  const ps: Address[] = [];
  for (let i = 0; i < MANY - COMPANIES; i++) ps.push(other.group(`tenant ${i}`).kmalloc(64));
  partsOf(other).charges.drain();
  for (let i = 0; i < MANY - COMPANIES; i += 97) {
    assert.equal(heap.group(`tenant ${i}`).stats().usageBytes, 72);
  }
  assert.equal(companies[7]!.stats().usageBytes, 99 * 72);
  assertBalanced(heap, ps);
  for (const p of ps) heap.kfree(p);
  heap.turn(() => partsOf(heap).charges.drain());
  for (const company of companies) assert.equal(company.stats().usageBytes, 0);
  heap.shrink();
  other.shrink();
  assertBalanced(heap);
});

test('Heap.group, that finds no memory throws OutOfMemoryError and leaves nothing behind', () => {
  let fails = false;
  const pageFault: PageFault = { shouldFail: (order) => fails || NO_PAGE_FAULT.shouldFail(order) };
  const host = new FakeHost();
  const heap = Heap.create({ pages: 64, threads: 2, maxCaches: 160 }, { host, pageFault });
  fails = true;
  assert.throws(() => heap.group('tenant'), OutOfMemoryError);
  host.runMicrotasks();
  assert.deepEqual(heap.groups(), []);
  fails = false;
  heap.group('tenant');
  assert.deepEqual(heap.groups(), ['tenant']);
  heap.shrink();
  host.runMicrotasks();
  assertBalanced(heap);
});

test('Heap.group, makes a name once, whatever threads ask for it, and keeps the options of the first', () => {
  const heap = Heap.create({ pages: 256, threads: 4, maxCaches: 160 }, { host: new FakeHost() });
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const first = other.group('tenant', { maxBytes: 800 });
  const second = heap.group('tenant', { maxBytes: 16 });
  assert.equal(first.record, second.record);
  assert.equal(second.stats().maxBytes, 800);
});

test('Heap.group and Heap.map, refuse a group of another heap, and what is no group, and change nothing', () => {
  const [heap, foreign] = [0, 1].map(() =>
    Heap.create({ pages: 200, threads: 2, maxCaches: 200 }, { host: new FakeHost() }),
  ) as [Heap, Heap];
  heap.map('made');
  for (const bad of [foreign.group('tenant'), 'tenant', {}, null, 8] as never[]) {
    heap.turn(() => {
      assert.throws(() => heap.map('made', { group: bad }), /opened a map with group .* of the same heap/);
      assert.throws(() => heap.map('fresh', { group: bad }), TypeError);
      assert.throws(
        () => heap.group('fresh', { parent: bad }),
        /opened group fresh with parent .* same heap/,
      );
    });
    assertBalanced(heap);
  }
  const twin = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const tenant = heap.group('own');
  const map = twin.map<string, number>('of the group', { group: tenant });
  map.set('key', 1);
  assert.equal(heap.map('of the group').get('key'), 1);
  assertBalanced(heap);
});

test('Heap.group(), refuses what are no options, and options that there are none of, by name', () => {
  const heap = Heap.create({ bytes: 8 * 2 ** 20, threads: 2 }, { host: new FakeHost() });
  for (const [options, what] of [
    [null, 'null'],
    [7, '7'],
    [{ maxbytes: 4096 }, 'an option maxbytes'],
  ] as const) {
    assert.throws(() => heap.group('tenant', options as never), {
      name: 'TypeError',
      message: `opened group tenant with ${what}; options are { maxBytes, parent }, both may be left out`,
    });
  }
  assert.deepEqual(heap.groups(), []);
});
