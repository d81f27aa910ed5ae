/**
 * A heap of which one thread stops for good in the middle of an operation, and is reaped: for tests of what becomes of it
 * wherever the thread stops.
 *
 *     for each access n:  a new heap -> prepare -> the operation stops before access n -> reap -> the books add up -> check
 */
import assert from 'node:assert/strict';
import type { HeapOptions } from '../../src/heap/heap-options.js';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { balance } from '../../src/inspect/balance.js';
import type { Heap } from '../../src/shared-heap.js';
import type { FakeHost } from './fake-host.js';
import { attachMortal, reap } from './mortal.js';
import { partsOf, Stage } from './stage.js';

export interface KilledOperation<T> {
  readonly options: HeapOptions;
  /** Makes what the operation works on, in the heap of who stays, and of the one that stops. */
  readonly prepare: (stays: Heap, stops: Heap) => T;
  readonly act: (stops: Heap, made: T) => void;
  /** What the other does meanwhile, while some locks may be a dead thread's. */
  readonly beforeReap?: (stays: Heap, made: T) => void;
  /** `isDone`: the operation came to its end. */
  readonly check: (stays: Heap, made: T, isDone: boolean) => void;
  /** Objects that the operation's caller may have had in its own hands, and lost; 0 unless given. */
  readonly userObjects?: number;
  /** Who reaps stops too, before each of its accesses; every `reapSteps`th of them, 0 = none. */
  readonly reapSteps?: number;
  /** Every how many accesses the operation is stopped; each unless given. */
  readonly steps?: number;
}

/** Stops the operation before each of its accesses. Returns how many there are. */
export function killEverywhere<T>(operation: KilledOperation<T>): number {
  const { reapSteps = 0, steps = 1 } = operation;
  let reapersStopped = 0;
  for (let at = 0; ; at += steps) {
    const died = killOnce(operation, at);
    for (let reapAt = reapSteps; reapAt > 0 && killOnce(operation, at, reapAt); reapAt += reapSteps) {
      reapersStopped++;
    }
    if (died) continue;
    assert.ok(reapSteps === 0 || reapersStopped > 0, 'no reaper was stopped');
    return at;
  }
}

/** Returns whether the thread that was to be stopped last was. */
function killOnce<T>(operation: KilledOperation<T>, at: number, reapAt?: number): boolean {
  const stage = new Stage({ label: 'default sizes', options: operation.options });
  const mortal = attachMortal(stage, 'stops');
  const made = operation.prepare(stage.heap, mortal.heap);
  let died = mortal.dieAt(at, () => operation.act(mortal.heap, made));
  const isDone = !died;
  operation.beforeReap?.(stage.heap, made);
  const gone = [mortal];
  if (reapAt !== undefined) {
    const reaper = attachMortal(stage, 'reaper');
    died = reaper.dieAt(reapAt, () => reap(reaper.heap, mortal));
    gone.push(reaper);
  }
  try {
    reap(stage.heap, ...gone);
    assertWhole(stage.heap, operation.userObjects);
    operation.check(stage.heap, made, isDone);
    assertWhole(stage.heap, operation.userObjects);
  } catch (cause) {
    const where = `stopped before access ${at}${reapAt === undefined ? '' : `, who reaps before access ${reapAt}`}`;
    throw new Error(`${where}: ${String(cause)}`, { cause });
  }
  return died;
}

function assertWhole(heap: Heap, userObjects = 0): void {
  const { host, turn, driver }: HeapParts = partsOf(heap);
  (host as FakeHost).runMicrotasks();
  turn.leave();
  driver.flush();
  const { problems, unreachable } = balance(heap.words);
  assert.deepEqual(problems, []);
  assert.ok(unreachable.length <= userObjects, `nothing leads to ${unreachable}`);
}
