/**
 * Every operation of a heap with the n-th page allocation failing, n = 1, 2, ... until no failure is met: it does
 * its work or throws OutOfMemoryError, and the books add up after it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { CONFIGURATIONS, type Configuration } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf, Stage } from '../../tests/support/stage.js';
import { GFP_ATOMIC, GFP_NOLOCK } from '../pages/gfp.js';
import type { PageFault } from '../pages/page-allocator.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';

/** Fails the n-th allocation of pages, or all from the n-th on. */
class NthFault implements PageFault {
  /** Counts down; none fails while it is 0 or less. */
  left = 0;
  failed = 0;
  private readonly _onwards: boolean;

  constructor(onwards: boolean) {
    this._onwards = onwards;
  }

  arm(n: number): void {
    this.left = n;
    this.failed = 0;
  }

  disarm(): void {
    this.left = 0;
  }

  shouldFail(): boolean {
    if (this.left === 0) return false;
    if (this.left > 1) {
      this.left--;
      return false;
    }
    if (!this._onwards) this.left = 0;
    this.failed++;
    return true;
  }
}

interface Scene {
  readonly stage: Stage;
  readonly heap: Heap;
  readonly fault: NthFault;
  /** What the operation took: freed after it, whether it threw or not. */
  readonly taken: Address[];
}

/** Takes memory for the scene: what was taken before a failure is known. */
function take({ taken }: Scene, p: Address): Address {
  if (p !== 0) taken.push(p);
  return p;
}

/** Frees after a grace period what the operation took last. */
function freeLater(scene: Scene, headOffset?: number): void {
  const p = scene.taken.at(-1)!;
  scene.heap.kfreeRcu(p, headOffset);
  scene.taken.pop();
}

const OPERATIONS: Record<string, (scene: Scene) => void> = {
  'kmalloc() of small objects': (scene) => {
    for (let i = 0; i < 6; i++) take(scene, scene.heap.kmalloc(24));
  },
  'kmalloc() of objects on slabs of several pages': (scene) => {
    for (let i = 0; i < 5; i++) take(scene, scene.heap.kmalloc(1792));
  },
  'kmalloc() of many sizes': (scene) => {
    for (const bytes of [8, 100, 500, 3000, 8192, 8193, 30_000]) take(scene, scene.heap.kmalloc(bytes));
  },
  'kmalloc() without the right to wait': (scene) => {
    for (const gfp of [GFP_ATOMIC, GFP_NOLOCK]) {
      for (const bytes of [24, 1792, 20_000]) take(scene, scene.heap.kmalloc(bytes, gfp));
    }
  },
  'kmalloc() and kfree() in waves': (scene) => {
    for (let wave = 0; wave < 3; wave++) {
      for (let i = 0; i < 8; i++) take(scene, scene.heap.kmalloc(64));
      for (let i = 0; i < 8; i++) scene.heap.kfree(scene.taken.pop()!);
    }
  },
  'slabCache()': (scene) => {
    const cache = scene.heap.slabCache('points', 40);
    for (let i = 0; i < 5; i++) take(scene, cache.alloc());
    for (let i = 0; i < 5; i++) cache.free(scene.taken.pop()!);
  },
  'allocPages() and freePages()': (scene) => {
    for (const order of [0, 1, 0, 3, 4]) take(scene, scene.heap.allocPages(order));
    for (let i = 0; i < 5; i++) scene.heap.freePages(scene.taken.pop()!);
  },
  'allocPagesNolock() and freePagesNolock()': (scene) => {
    for (const order of [0, 1, 4]) take(scene, scene.heap.allocPagesNolock(order));
    while (scene.taken.length > 0) scene.heap.freePagesNolock(scene.taken.pop()!);
  },
  'kfreeRcu()': (scene) => {
    for (const bytes of [8, 64, 64, 64, 64, 64, 2000, 20_000]) {
      take(scene, scene.heap.kmalloc(bytes));
      freeLater(scene);
    }
    scene.stage.endTurns();
  },
  'kfreeRcu() in turns that end': (scene) => {
    for (let i = 0; i < 12; i++) {
      take(scene, scene.heap.kmalloc(200));
      freeLater(scene, i);
      scene.heap.quiesce();
    }
  },
  'shrink()': (scene) => {
    for (let i = 0; i < 6; i++) take(scene, scene.heap.kmalloc(64));
    for (let i = 0; i < 6; i++) scene.heap.kfree(scene.taken.pop()!);
    scene.heap.shrink();
  },
  'attach(), deferred frees, detach()': (scene) => {
    const blocker = scene.stage.attach();
    partsOf(blocker.heap).turn.pin();
    const { heap } = scene.stage.attach();
    for (let i = 0; i < 5; i++) take(scene, scene.heap.kmalloc(64));
    for (let i = 0; i < 5; i++) heap.kfreeRcu(scene.taken.pop()!);
    heap.detach();
    blocker.heap.detach();
  },
  'synchronizeRcuSync()': (scene) => {
    take(scene, scene.heap.kmalloc(64));
    freeLater(scene);
    scene.heap.synchronizeRcuSync();
  },
};

/** Slabs with free objects and with objects in use, and no sheaf anywhere. Returns what is in use. */
function warmUp(heap: Heap): Address[] {
  const objects = [24, 64, 1792].flatMap((bytes) => Array.from({ length: 5 }, () => heap.kmalloc(bytes)));
  heap.kfreeBulk(objects.filter((_, i) => i % 2 === 1));
  heap.shrink();
  return objects.filter((_, i) => i % 2 === 0);
}

interface Run {
  readonly configuration: Configuration;
  readonly onwards: boolean;
  readonly warm: boolean;
  readonly operation: (scene: Scene) => void;
}

/** One run with the n-th allocation to fail. Returns how many failed. */
function runOnce({ configuration, onwards, warm, operation }: Run, n: number): number {
  const fault = new NthFault(onwards);
  const stage = new Stage(configuration, { tiny: { pages: 120 } }, fault);
  const scene: Scene = { stage, heap: stage.heap, fault, taken: [] };
  const kept = warm ? warmUp(stage.heap) : [];
  fault.arm(n);
  try {
    operation(scene);
  } catch (error) {
    assert.ok(error instanceof OutOfMemoryError, `threw ${String(error)} where allocation ${n} failed`);
    assert.ok(fault.failed > 0, 'memory was refused, though no allocation failed');
  }
  fault.disarm();
  for (const p of [...scene.taken, ...kept]) stage.hold(p);
  stage.balance();
  stage.heap.kfreeBulk([...scene.taken, ...kept]);
  stage.held.clear();
  stage.endTurns();
  stage.settle();
  stage.balance();
  return fault.failed;
}

for (const configuration of CONFIGURATIONS) {
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    for (const onwards of [false, true]) {
      const which = onwards ? 'and all after it ' : '';
      test(`${name} with the n-th page allocation ${which}failing leaves the books balanced (${configuration.label})`, () => {
        for (const warm of [false, true]) {
          let n = 1;
          while (runOnce({ configuration, onwards, warm, operation }, n) > 0) n++;
          assert.ok(n > 1, 'the operation allocates no page at all');
          assert.ok(n < 200);
        }
      });
    }
  }
}

test('Heap.attach, joins where pages for reserved sheaves are missing, and the next turns bring them', () => {
  const heap = Heap.create(
    { pages: 400, threads: 4, pointerPageSource: 'reserved', reservedSheaves: 4 },
    { host: new FakeHost() },
  );
  for (let nth = 1; nth <= 6; nth++) {
    let calls = 0;
    const pageFault = { shouldFail: () => ++calls === nth };
    const host = new FakeHost();
    const other = Heap.attach(heap.handle, {}, { host, pageFault });
    const objects = Array.from({ length: 40 }, () => other.kmalloc(64));
    for (const p of objects) other.kfreeRcu(p);
    host.runMicrotasks();
    other.synchronizeRcuSync();
    other.detach();
    assertBalanced(heap);
  }
});
