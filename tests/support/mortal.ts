/**
 * Mortals: threads of a stage that die at a chosen access, and what others make of what they leave.
 *
 *     const mortal = attachMortal(stage, 'victim');
 *     mortal.dieAt(7, () => mortal.heap.map('m').set(1, 2));      true where it died; false where it came to its end
 *     reap(stage.heap, mortal);                                   marks it, as its parent does, and reaps it
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import type { Heap } from '../../src/shared-heap.js';
import { isOver } from '../../src/threads/slot-release.js';
import { type Actor, partsOf, type Stage } from './stage.js';
import { diesIn, type StopCounter, stopAt } from './stopping-words.js';

export class Mortal implements Actor {
  readonly heap: Actor['heap'];
  readonly host: Actor['host'];
  private readonly _counter: StopCounter;

  constructor({ heap, host }: Actor) {
    this.heap = heap;
    this.host = host;
    const { words } = partsOf(heap);
    // It sleeps by the timers of its host, which stand still when it is dead.
    words.waitAsync = () => undefined;
    this._counter = stopAt(words, Number.POSITIVE_INFINITY);
  }

  get slot(): number {
    return partsOf(this.heap).membership.slot;
  }

  /** Runs `act`, and dies before the access number `steps` of it. Returns whether it died in there. */
  dieAt(steps: number, act: () => void): boolean {
    this._counter.left = steps;
    const isDead = diesIn(act);
    // Between two operations.
    if (!isDead) this._counter.left = 0;
    return isDead;
  }
}

export function attachMortal(stage: Stage, name: string): Mortal {
  return new Mortal(stage.attach(name));
}

/** Has `heap` find out that the thread runs no more, and reap it with all others that are dead. */
export function reap(heap: Heap, ...mortals: readonly Mortal[]): void {
  const { words, geometry } = partsOf(heap);
  for (const { slot } of mortals) {
    const state = slotStart(geometry, slot) + SLOT.state;
    // One that had left in order is no dead thread.
    if (words.load(state) === SLOT_STATE.free) continue;
    if (words.load(state) < SLOT_STATE.dead) words.store(state, SLOT_STATE.zombie);
  }
  for (const { slot } of mortals) if (isOver(words, slotStart(geometry, slot))) heap.reap(slot);
  for (let slot = 0; slot < words.load(HEADER.slotsClaimed); slot++) {
    assert.ok(!isOver(words, slotStart(geometry, slot)), `slot ${slot} is not reaped`);
  }
}
