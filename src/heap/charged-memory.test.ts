import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import { Heap } from '../shared-heap.js';
import { ChargedMemory } from './charged-memory.js';
import { GroupLimitError } from './group-limit-error.js';
import type { MapMemory } from './map-memory.js';
import { ReclaimingMemory } from './reclaiming-memory.js';

const BYTES = 64;

/** A heap, the same in a thread with this right, and there the memory of its group, which may have `maxBytes`. */
function memoryIn(right: 'may-wait' | 'may-spin' | 'may-neither', maxBytes = Number.POSITIVE_INFINITY) {
  const heap = Heap.create({ pages: 256, threads: 2, maxCaches: 160 }, { host: new FakeHost() });
  heap.group('tenant', { maxBytes });
  const there = Heap.attach(heap.handle, {}, { host: new FakeHost(right) });
  const { record } = there.group('tenant');
  const charged = new ChargedMemory(partsOf(there), record);
  const failures = (): number => heap.group('tenant').stats().failures;
  return { heap, there, charged, failures };
}

function finish(heap: Heap, there: Heap): void {
  there.detach();
  heap.shrink();
  (partsOf(heap).host as FakeHost).runMicrotasks();
  assertBalanced(heap);
}

test('ChargedMemory, takes what is charged to the group, and gives the charge back', () => {
  const { heap, there, charged, failures } = memoryIn('may-wait');
  charged.turn.spend();
  for (const p of [charged.alloc(BYTES), charged.tryAlloc(BYTES), charged.allocNolock(BYTES)]) {
    assert.equal(partsOf(there).kmalloc.groupOf(p), there.group('tenant').record);
    charged.free(p);
  }
  there.turn(() => partsOf(there).charges.drain());
  assert.deepEqual([heap.group('tenant').stats().usageBytes, failures()], [0, 0]);
  finish(heap, there);
});

for (const right of ['may-wait', 'may-spin', 'may-neither'] as const) {
  test(`ChargedMemory.alloc, throws where the group refuses in a thread that ${right}, and tryAlloc() returns 0`, () => {
    const { heap, there, charged, failures } = memoryIn(right, 0);
    charged.turn.spend();
    assert.throws(() => charged.alloc(BYTES), GroupLimitError);
    assert.deepEqual([charged.tryAlloc(BYTES), charged.allocNolock(BYTES)], [0, 0]);
    assert.equal(failures(), 3);
    finish(heap, there);
  });

  test(`ChargedMemory, ReclaimingMemory.alloc, throw where the heap has none in a thread that ${right}`, () => {
    const { heap, there, charged, failures } = memoryIn(right);
    const { giveBack } = exhaust(heap);
    const memories: readonly MapMemory[] = [charged, new ReclaimingMemory(partsOf(there))];
    for (const memory of memories) {
      memory.turn.spend();
      assert.throws(() => memory.alloc(8192), { name: 'OutOfMemoryError', requestedBytes: 8192 });
      assert.deepEqual([memory.tryAlloc(8192), memory.allocNolock(8192)], [0, 0]);
    }
    assert.equal(failures(), 0);
    giveBack();
    finish(heap, there);
  });
}
