import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import {
  __GFP_ACCOUNT,
  __GFP_NOFAIL,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_KERNEL_ACCOUNT,
  GFP_NOLOCK,
  GFP_NOWAIT,
} from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import { type Address, PAGE_BYTES } from '../words/units.js';
import { GroupLimitError } from './group-limit-error.js';
import { OutOfMemoryError } from './heap-errors.js';

const MEBIBYTE = 2 ** 20;

function newHeap(): Heap {
  return Heap.create({ pages: 1024, threads: 4, maxCaches: 160 }, { host: new FakeHost() });
}

/** Registers a test with a heap; after it no turn is open, and the books must add up. */
function groupTest(name: string, body: (heap: Heap) => void): void {
  test(name, () => {
    const heap = newHeap();
    body(heap);
    settle(heap);
    assertBalanced(heap);
  });
}

/** Ends turns until nothing waits for a grace period. */
function settle(heap: Heap): void {
  heap.shrink();
  const host = partsOf(heap).host as FakeHost;
  host.runMicrotasks();
  for (let round = 0; round < 5; round++) host.advance(100);
}

/** Bytes charged, without what this thread has charged in advance. */
function usageOf(heap: Heap, name: string): number {
  heap.turn(() => partsOf(heap).charges.drainAll());
  return heap.group(name).stats().usageBytes;
}

groupTest('Heap.group, is the same group under the same name, in every thread', (heap) => {
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const group = heap.group('tenant', { maxBytes: MEBIBYTE });
  assert.equal(heap.group('tenant'), group);
  assert.equal(other.group('tenant').record, group.record);
  assert.equal(other.group('tenant').stats().maxBytes, MEBIBYTE);
  assert.deepEqual(other.groups(), ['tenant']);
});

groupTest(
  'MemoryGroup.kmalloc, charges an object with its 8 bytes of record, and kfree gives that back',
  (heap) => {
    const group = heap.group('tenant');
    const p = group.kmalloc(64);
    assert.equal(usageOf(heap, 'tenant'), 72);
    const large = group.kmalloc(3 * PAGE_BYTES);
    assert.equal(usageOf(heap, 'tenant'), 72 + 4 * PAGE_BYTES);
    heap.kfree(p);
    heap.kfreeNolock(large);
    assert.equal(usageOf(heap, 'tenant'), 0);
    assert.equal(group.stats().peakBytes, 72 + 64 * PAGE_BYTES);
  },
);

groupTest(
  'MemoryGroup.kmalloc, gives memory that its user may fill to the last word without touching the record',
  (heap) => {
    const group = heap.group('tenant');
    for (const bytes of [1, 8, 9, 64, 65, 100, 1000, 5000, 8192]) {
      const p = group.kmalloc(bytes);
      const words = partsOf(heap).kmalloc.usableWords(p);
      assert.ok(words * 4 >= bytes);
      heap.words.fillPlain(p, p + words, -1);
      assert.equal(partsOf(heap).kmalloc.groupOf(p), group.record);
      heap.kfree(p);
    }
    assert.equal(usageOf(heap, 'tenant'), 0);
  },
);

groupTest(
  'MemoryGroup.run, charges what is allocated with __GFP_ACCOUNT meanwhile, and nothing else',
  (heap) => {
    const outer = heap.group('outer');
    const inner = heap.group('inner');
    const ps: Address[] = [heap.kmalloc(64, GFP_KERNEL_ACCOUNT)];
    outer.run(() => {
      ps.push(heap.kmalloc(64, GFP_KERNEL_ACCOUNT), heap.kmalloc(64));
      inner.run(() =>
        ps.push(heap.kmalloc(64, GFP_KERNEL_ACCOUNT | __GFP_ZERO), heap.allocPages(1, GFP_KERNEL_ACCOUNT)),
      );
      ps.push(heap.kmallocNolock(64, __GFP_ACCOUNT), heap.allocPagesNolock(0, __GFP_ACCOUNT));
    });
    assert.equal(usageOf(heap, 'outer'), 144 + PAGE_BYTES);
    assert.equal(usageOf(heap, 'inner'), 72 + 2 * PAGE_BYTES);
    for (const p of ps) heap.kfree(p);
    assert.equal(usageOf(heap, 'outer') + usageOf(heap, 'inner'), 0);
  },
);

groupTest(
  'MemoryGroup.run, refuses a function that returns a promise, and is over when its function throws',
  (heap) => {
    const group = heap.group('tenant');
    assert.throws(() => group.run(async () => 1), /returns a promise/);
    assert.throws(() => group.run(() => assert.fail('thrown')), /thrown/);
    heap.kfree(heap.kmalloc(64, GFP_KERNEL_ACCOUNT));
    assert.equal(group.stats().usageBytes, 0);
  },
);

groupTest(
  'MemoryGroup, at its limit, throws GroupLimitError to who may wait and gives NONE to who may not',
  (heap) => {
    const group = heap.group('tenant', { maxBytes: 1000 });
    const ps: Address[] = [];
    for (let i = 0; i < 13; i++) ps.push(group.kmalloc(64));
    assert.throws(
      () => group.kmalloc(64),
      (error: unknown) =>
        error instanceof GroupLimitError &&
        error.group === 'tenant' &&
        error.maxBytes === 1000 &&
        error.usageBytes === 936 &&
        error.requestedBytes === 64 &&
        /setMaxBytes/.test(error.message),
    );
    assert.equal(group.kmalloc(64, GFP_NOLOCK), 0);
    assert.equal(group.kmalloc(64, GFP_NOWAIT), 0);
    assert.equal(group.kmallocNolock(64), 0);
    assert.throws(() => group.allocPages(0), GroupLimitError);
    assert.equal(group.stats().failures, 5);
    assert.equal(group.stats().usageBytes, 936);
    heap.kfree(ps.pop()!);
    ps.push(group.kmalloc(64, GFP_NOLOCK));
    assert.notEqual(ps.at(-1), 0);
    for (const p of ps) heap.kfree(p);
    assert.equal(usageOf(heap, 'tenant'), 0);
  },
);

groupTest(
  'MemoryGroup, with a right to the reserves or __GFP_NOFAIL, goes past the limit and counts that',
  (heap) => {
    const group = heap.group('tenant', { maxBytes: 100 });
    const ps = [
      group.kmalloc(64),
      group.kmalloc(64, GFP_ATOMIC),
      group.kmalloc(64, GFP_KERNEL | __GFP_NOFAIL),
    ];
    assert.ok(ps.every((p) => p !== 0));
    assert.equal(group.stats().forced, 2);
    assert.equal(group.stats().usageBytes, 216);
    for (const p of ps) heap.kfree(p);
    assert.equal(usageOf(heap, 'tenant'), 0);
  },
);

groupTest('MemoryGroup, as part of another, charges both, and the other refuses by its own name', (heap) => {
  const company = heap.group('company', { maxBytes: 150 });
  const red = heap.group('red', { parent: company });
  const blue = heap.group('blue', { parent: company, maxBytes: 1000 });
  const p = red.kmalloc(64);
  const q = blue.kmalloc(64);
  assert.throws(
    () => blue.kmalloc(64),
    /in group company, which group blue is part of: 144 of at most 144 bytes/,
  );
  assert.deepEqual([company.stats().failures, blue.stats().failures, red.stats().failures], [1, 1, 0]);
  heap.kfree(p);
  heap.kfree(q);
  assert.equal(usageOf(heap, 'company'), 0);
});

groupTest('MemoryGroup, gives the charge of kfreeRcu() back after the grace period, not before', (heap) => {
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const group = heap.group('tenant');
  const ps = Array.from({ length: 100 }, () => group.kmalloc(64));
  partsOf(other).turn.pin();
  for (const p of ps) heap.kfreeRcu(p);
  settle(heap);
  assert.equal(usageOf(heap, 'tenant'), 7200);
  (partsOf(other).host as FakeHost).runMicrotasks();
  settle(heap);
  assert.equal(usageOf(heap, 'tenant'), 0);
});

groupTest('MemoryGroup, before it refuses, takes back what waits for a grace period', (heap) => {
  const group = heap.group('tenant', { maxBytes: 30_000 });
  const map = heap.map<string, string>('sessions', { group });
  for (let i = 0; i < 200; i++) map.set('key', String(i).padEnd(1000));
  assert.equal(group.stats().failures, 0);
  assert.equal(map.get('key')?.trim(), '199');
});

groupTest('MemoryGroup, before it refuses, takes back what idle threads have charged in advance', (heap) => {
  const otherHost = new FakeHost();
  const other = Heap.attach(heap.handle, {}, { host: otherHost });
  const maxBytes = 64 * PAGE_BYTES + 100;
  const group = heap.group('tenant', { maxBytes });
  const theirs = other.group('tenant').kmalloc(64);
  otherHost.runMicrotasks();
  assert.equal(group.stats().usageBytes, 64 * PAGE_BYTES);
  const mine = group.allocPages(2);
  assert.equal(usageOf(heap, 'tenant'), 72 + 4 * PAGE_BYTES);
  heap.freePages(mine);
  other.kfree(theirs);
});

groupTest(
  'MemoryGroup.registerShrinker, is asked before an allocation fails, and no more once it is taken off',
  (heap) => {
    const company = heap.group('company', { maxBytes: 1000 });
    const group = heap.group('tenant', { parent: company });
    const cached = Array.from({ length: 13 }, () => group.kmalloc(64));
    let asked = 0;
    const takeOff = group.registerShrinker({
      name: 'cache of the test',
      count: () => cached.length,
      scan(n) {
        asked++;
        const given = Math.min(n, cached.length);
        for (let i = 0; i < given; i++) heap.kfree(cached.pop()!);
        return given;
      },
    });
    const p = group.kmalloc(64);
    assert.notEqual(p, 0);
    assert.ok(asked > 0);
    takeOff();
    const rest: Address[] = [];
    assert.throws(() => {
      for (;;) rest.push(group.kmalloc(64));
    }, GroupLimitError);
    for (const q of [p, ...cached, ...rest]) heap.kfree(q);
    assert.equal(usageOf(heap, 'company'), 0);
  },
);

groupTest(
  'MemoryGroup.setMaxBytes, changes what is granted, and reclaims what is above the new limit',
  (heap) => {
    const group = heap.group('tenant', { maxBytes: 100 });
    assert.throws(() => group.allocPages(0), GroupLimitError);
    group.setMaxBytes(Number.POSITIVE_INFINITY);
    const p = group.allocPages(0);
    assert.equal(group.stats().maxBytes, Number.POSITIVE_INFINITY);
    group.setMaxBytes(5000);
    assert.equal(group.stats().usageBytes, PAGE_BYTES);
    for (const wrong of [-1, Number.NaN, '5' as unknown as number]) {
      assert.throws(() => group.setMaxBytes(wrong), RangeError);
    }
    heap.freePages(p);
  },
);

groupTest(
  'MemoryGroup.close, refuses while something is charged, says how much, and then ends the group for all',
  (heap) => {
    const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
    const company = heap.group('company');
    const group = heap.group('tenant', { parent: company, maxBytes: MEBIBYTE });
    const theirs = other.group('tenant');
    const p = group.kmalloc(64);
    assert.throws(() => group.close(), /to which 72 bytes are charged/);
    assert.throws(() => company.close(), /of which 1 open group is part; close that first/);
    heap.kfree(p);
    group.close();
    group.close();
    assert.deepEqual(heap.groups(), ['company']);
    assert.throws(() => theirs.kmalloc(64), /in group tenant, which is closed/);
    assert.equal(theirs.kmalloc(64, GFP_NOLOCK), 0);
    const again = other.group('tenant', { maxBytes: 504 });
    assert.equal(again.record, group.record);
    assert.equal(group.stats().maxBytes, 504);
    heap.kfree(group.kmalloc(64));
    company.close();
  },
);

groupTest(
  'Heap.group, refuses names, limits and parents that make no sense, and nothing has changed',
  (heap) => {
    const group = heap.group('tenant');
    for (const name of ['', 'x'.repeat(256), 5 as unknown as string]) {
      assert.throws(() => heap.group(name), TypeError);
    }
    assert.throws(() => heap.group('y', { maxBytes: -1 }), RangeError);
    assert.throws(() => heap.group('y', { parent: {} as typeof group }), TypeError);
    assert.throws(() => heap.group('tenant', { parent: heap.group('z') }), /made as part of no group/);
    assert.deepEqual(heap.groups().sort(), ['tenant', 'z']);
    let deepest = group;
    for (let depth = 2; depth <= 16; depth++) deepest = heap.group(`depth ${depth}`, { parent: deepest });
    assert.throws(() => heap.group('too deep', { parent: deepest }), /at most 15/);
  },
);

groupTest(
  'MemoryGroup.kmallocNolock, counts what is refused in every size, and a later failure of the heap is not put down to it',
  (heap) => {
    const group = heap.group('tenant', { maxBytes: 0 });
    for (const bytes of [64, 8193, 8192]) assert.equal(group.kmallocNolock(bytes), 0);
    const { giveBack } = exhaust(heap);
    assert.throws(() => heap.kmalloc(PAGE_BYTES), OutOfMemoryError);
    assert.equal(group.stats().failures, 3);
    giveBack();
    assert.throws(() => group.kmalloc(1), /^GroupLimitError: no 1 byte is to be had in group tenant/);
  },
);

test('Heap.group, in a heap without room for the caches of charged objects, says what to create it with', () => {
  const heap = Heap.create({ pages: 64, threads: 2, maxCaches: 66 }, { host: new FakeHost() });
  assert.throws(
    () => heap.group('tenant'),
    /66 of 66|65 of 66 caches made.*64 more: create the heap with a larger maxCaches/,
  );
  assert.deepEqual(heap.groups(), []);
  settle(heap);
  assertBalanced(heap);
});

groupTest('Heap.detach, gives back what the thread has charged in advance', (heap) => {
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const group = heap.group('tenant');
  other.kfree(other.group('tenant').kmalloc(64));
  assert.equal(group.stats().usageBytes, 64 * PAGE_BYTES);
  other.detach();
  assert.equal(group.stats().usageBytes, 0);
});

groupTest('Heap.map, with a group, charges everything that the map takes to it, in every thread', (heap) => {
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const group = heap.group('tenant', { maxBytes: 200_000 });
  const map = heap.map<string, string>('sessions', { group });
  const empty = usageOf(heap, 'tenant');
  assert.ok(empty > 0);
  const theirs = other.map<string, string>('sessions');
  for (let i = 0; i < 100; i++) theirs.set(`key ${i}`, 'x'.repeat(100));
  assert.ok(other.group('tenant').stats().usageBytes > empty + 100 * 100);
  let count = 0;
  assert.throws(() => {
    for (; ; count++) map.set(`filler ${count}`, 'x'.repeat(1000));
  }, GroupLimitError);
  assert.ok(count > 100 && count < 200, `${count} entries of 1000 bytes in a group of 200,000`);
  assert.equal(map.get('key 7'), 'x'.repeat(100));
  assert.throws(
    () => heap.map('sessions', { group: heap.group('other') }),
    /made to be charged to group tenant/,
  );
  heap.map('free');
  assert.throws(() => heap.map('free', { group }), /made to be charged to no group/);
  map.clear();
  settle(other);
  settle(heap);
  assert.ok(usageOf(heap, 'tenant') < 100_000);
});

groupTest('NamedCache.alloc, refuses __GFP_ACCOUNT, since its objects cannot be charged', (heap) => {
  const cache = heap.slabCache('nodes', 64);
  assert.throws(() => cache.alloc(GFP_KERNEL_ACCOUNT), /__GFP_ACCOUNT.*use kmalloc\(\) of the group/);
  heap.group('tenant').run(() => cache.free(cache.alloc()));
  assert.equal(usageOf(heap, 'tenant'), 0);
});
