/**
 * Reports that are thrown in the middle of what a heap does: every operation with the n-th acquisition of a lock
 * refused, n = 1, 2, ... Whatever is thrown, no lock stays taken and no memory is lost.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { partsOf } from '../../tests/support/stage.js';
import { ValidatedHeap } from '../../tests/support/validated-heap.js';
import { LockOrderError } from '../lockdep/report.js';
import type { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';
import { TINY } from './heap-options.js';

/** A heap whose validator reports the n-th acquisition as a mistake. */
class Scene {
  readonly stage: ValidatedHeap;
  readonly heap: Heap;
  /** What the operation took. */
  readonly taken: Address[] = [];
  left = 0;
  refused = 0;

  constructor(t: TestContext) {
    const heap = { ...TINY, pages: 120, hashSeed: [1, 2] } as const;
    this.stage = new ValidatedHeap(t, { heap, validate: { onReport: 'throw' } });
    this.heap = this.stage.heap;
    const validator = partsOf(this.heap).fittings.validator!;
    const acquire = validator.lockAcquire.bind(validator);
    validator.lockAcquire = (...given) => {
      if (this.left > 0 && --this.left === 0) {
        this.refused++;
        validator.report('deadlock', `refused ${given[0].name} ${this.refused}`, 'refused');
      }
      acquire(...given);
    };
  }

  take(p: Address): Address {
    this.taken.push(p);
    return p;
  }
}

const OPERATIONS: Record<string, (scene: Scene) => void> = {
  'kmalloc()': ({ heap, ...scene }) => {
    for (const bytes of [24, 24, 24, 1792, 1792, 8193]) scene.taken.push(heap.kmalloc(bytes));
  },
  'kfree()': (scene) => {
    while (scene.taken.length > 0) {
      // It is freed whether a report is thrown or not.
      scene.heap.kfree(scene.taken.pop()!);
    }
  },
  'kfreeRcu() and the end of its turn': (scene) => {
    while (scene.taken.length > 0) scene.heap.kfreeRcu(scene.taken.pop()!);
    scene.stage.endTurn();
    scene.stage.host.advance(5);
  },
  'allocPages() and freePages()': (scene) => {
    for (const order of [0, 0, 0, 3]) scene.taken.push(scene.heap.allocPages(order));
    for (let i = 0; i < 4; i++) {
      scene.heap.freePages(scene.taken.pop()!);
    }
  },
  'allocPagesNolock() and freePagesNolock()': (scene) => {
    for (const order of [0, 0, 3]) scene.taken.push(scene.heap.allocPagesNolock(order));
    for (let i = 0; i < 3; i++) {
      scene.heap.freePagesNolock(scene.taken.pop()!);
    }
  },
  'shrink()': ({ heap }) => heap.shrink(),
  'map.set(), map.delete()': ({ heap }) => {
    const map = heap.map<string, number>('m');
    for (let i = 0; i < 12; i++) map.set(`key ${i}`, i);
    for (let i = 0; i < 12; i++) map.set(`key ${i}`, i + 1);
    for (let i = 0; i < 12; i++) map.delete(`key ${i}`);
  },
  'map.clear()': ({ heap, stage }) => {
    const map = heap.map<string, number>('m');
    for (let i = 0; i < 20; i++) map.set(`key ${i}`, i);
    map.clear();
    stage.endTurn();
  },
  'slabCache()': (scene) => {
    const cache = scene.heap.slabCache('points', 40);
    for (let i = 0; i < 5; i++) scene.take(cache.alloc());
    for (let i = 0; i < 5; i++) {
      cache.free(scene.taken.pop()!);
    }
  },
  'mutex() and what it does': ({ heap }) => {
    heap.mutex('a').lockSync().release();
    heap.mutex('a').tryLock()!.release();
  },
  'kmalloc() that reclaims': (scene) => {
    const { left } = scene;
    scene.left = 0;
    const { giveBack } = exhaust(scene.heap);
    scene.left = left;
    try {
      for (let i = 0; i < 9; i++) scene.take(scene.heap.kmalloc(24));
    } catch (error) {
      if (error instanceof LockOrderError) throw error;
    } finally {
      scene.left = 0;
      giveBack();
    }
  },
};

/** Runs an operation with the n-th acquisition refused; false where there are fewer. */
function runOnce(t: TestContext, operation: (scene: Scene) => void, n: number): boolean {
  const scene = new Scene(t);
  const { heap, taken } = scene;
  for (const bytes of [24, 64, 64, 64, 64, 1792, 1792, 200, 200]) taken.push(heap.kmalloc(bytes));
  for (let i = 0; i < 5; i++) heap.kfree(heap.kmalloc(500));
  scene.left = n;
  try {
    operation(scene);
  } catch (error) {
    assert.ok(error instanceof LockOrderError, `threw ${String((error as Error).stack)}`);
    assert.equal(scene.refused, 1);
  }
  const wasRefused = scene.left === 0 && scene.refused > 0;
  scene.left = 0;
  for (let i = 0; i < 3; i++) {
    // A driver that was cut short goes on at the end of the next turn.
    heap.turn(() => {});
    scene.stage.endTurn();
    scene.stage.host.advance(10);
  }
  try {
    assertBalanced(
      heap,
      taken.filter((p) => p !== 0),
    );
    assert.equal(heap.stats().objectsWaiting, 0);
    // Whatever it was, it goes on.
    operation(scene);
  } catch (error) {
    throw new Error(`after acquisition ${n} was refused: ${String((error as Error).stack)}`);
  }
  return wasRefused;
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  test(`${name}, leaves no lock taken and no memory lost where a report is thrown at the n-th lock`, (t) => {
    let n = 1;
    while (runOnce(t, operation, n)) n++;
    assert.ok(n > 1, 'no lock was taken at all');
    assert.ok(n < 300);
  });
}
