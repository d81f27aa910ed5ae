/** Double frees with kfreeRcu among them: told with the stacks of both, and the object is queued once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

interface Scene {
  readonly heap: Heap;
  readonly host: FakeHost;
}

function makeScene(validate = false): Scene {
  const host = new FakeHost();
  return { heap: Heap.create({ bytes: 8 * 2 ** 20, threads: 4, debug: true, validate }, { host }), host };
}

function caught(fn: () => unknown): MemoryCorruptionError {
  try {
    fn();
  } catch (error) {
    assert.ok(error instanceof MemoryCorruptionError, String(error));
    return error;
  }
  throw new Error('nothing was thrown');
}

const firstWays = {
  kfreeRcu: function firstByRcu(heap: Heap, p: Address): void {
    heap.kfreeRcu(p);
  },
  kfreeRcuBulk: function firstByBulk(heap: Heap, p: Address): void {
    heap.kfreeRcuBulk([p]);
  },
  kfreeRcuMightsleep: function firstByMightsleep(heap: Heap, p: Address): void {
    heap.kfreeRcuMightsleep(p);
  },
};

const againWays = {
  kfreeRcu: function againByRcu(heap: Heap, p: Address): void {
    heap.kfreeRcu(p);
  },
  'kfreeRcu by a head': function againByHead(heap: Heap, p: Address): void {
    heap.kfreeRcu(p, 1);
  },
  kfreeRcuBulk: function againByBulk(heap: Heap, p: Address): void {
    heap.kfreeRcuBulk([p]);
  },
  kfreeRcuMightsleep: function againByMightsleep(heap: Heap, p: Address): void {
    heap.kfreeRcuMightsleep(p);
  },
  kfree: function againByKfree(heap: Heap, p: Address): void {
    heap.kfree(p);
  },
  kfreeNolock: function againByKfreeNolock(heap: Heap, p: Address): void {
    heap.kfreeNolock(p);
  },
};

function assertTold(error: MemoryCorruptionError, first: RegExp, again: RegExp): void {
  assert.equal(error.kind, 'double-free');
  assert.match(error.freeStack, first);
  assert.match(error.againStack, again);
  assert.match(
    error.message,
    /\n {2}allocated by slot 0[\s\S]*\n {2}freed by slot 0[\s\S]*\n {2}freed again by slot 0/,
  );
  assert.match(error.message, first);
  assert.match(error.message, again);
}

for (const validate of [false, true]) {
  for (const bytes of [64, 10_000]) {
    const what = `${bytes === 64 ? 'an object' : 'a block'}${validate ? ', validated' : ''}`;

    for (const [firstName, first] of Object.entries(firstWays)) {
      test(`${firstName}(), of ${what} makes every free that follows a double one, with both stacks`, () => {
        const { heap, host } = makeScene(validate);
        const p = heap.kmalloc(bytes);
        first(heap, p);
        for (const again of Object.values(againWays)) {
          const error = caught(() => again(heap, p));
          assertTold(error, /firstBy/, new RegExp(again.name));
          assert.match(error.message, /waits for a grace period/);
          assert.equal(heap.stats().objectsWaiting, 1, 'it is queued once');
        }
        host.advance(100);
        const { objectsWaiting, freedThroughSheaf, freedThroughList } = heap.stats();
        assert.deepEqual([objectsWaiting, freedThroughSheaf, freedThroughList], [0, 1, 0]);
        const error = caught(() => heap.kfreeRcu(p));
        assert.match(error.message, /it is free already/);
        assert.match(error.freeStack, /firstBy/, 'it is who retired it that is told of');
        assert.deepEqual(heap.balance().problems, []);
      });
    }

    test(`kfreeRcu(), of ${what} that was freed at once is told, with both stacks, and nothing is queued`, () => {
      const { heap } = makeScene(validate);
      const p = heap.kmalloc(bytes);
      againWays.kfree(heap, p);
      for (const [name, again] of Object.entries(againWays)) {
        if (!name.startsWith('kfreeRcu')) continue;
        assertTold(
          caught(() => again(heap, p)),
          /againByKfree/,
          new RegExp(again.name),
        );
      }
      assert.equal(heap.stats().objectsWaiting, 0);
      assert.deepEqual(heap.balance().problems, []);
    });
  }
}

test('kfreeRcuMightsleep(), that is refused leaves the object in use', () => {
  const { heap } = makeScene();
  const p = heap.kmalloc(64);
  assert.throws(() => heap.turn(() => heap.kfreeRcuMightsleep(p)), /inside turn/);
  heap.kfree(p);
  assert.deepEqual(heap.balance({ held: [] }).unreachable, []);
});
