/**
 * ModelThread: one thread of a model in one execution: its held code, and what it is held before.
 *
 *     running --held before an operation--> at (operation, word, a, b) --stepped--> running ... --> ended
 *                                                     \--its kill point--> killed
 */
import type { HeldCall } from '../hold/runtime.js';
import { mix } from './memory.js';
import { OPERATION, type Operation } from './operation.js';
import { ReadTrail } from './read-trail.js';
import { Step } from './step.js';

/** What an operation returns. */
export type StepResult = number | string | boolean;

export class ModelThread {
  readonly name: string;
  readonly number: number;
  readonly step = new Step<StepResult>();
  body: HeldCall = nothing();
  isEnded = false;
  isKilled = false;
  /** True from when an operation told it to hold until it is resumed. */
  isAtStep = false;
  /** What it is held before. */
  operation: Operation = OPERATION.pause;
  word = 0;
  a = 0;
  b = 0;
  /** Set while it sleeps in a wait: whether it may time out, and whether it was woken. */
  isTimed = false;
  isWoken = false;
  /** How many of its waits may still time out while others go on. */
  timeoutsLeft = 0;
  /** Operations done so far in this execution. */
  accesses = 0;
  /** Is held before the operation that comes after so many. */
  holdAfter = 0;
  /** Is killed before the operation that comes after so many; -1: not at all. */
  killAfter = -1;
  /** Operations since it was last held. */
  sinceHeld = 0;
  /** Allocations that it has asked about. */
  allocations = 0;
  /** Two hashes of all that it has seen, which with its code make up where it is. */
  hash0 = 0;
  hash1 = 0;
  readonly trail = new ReadTrail();

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }

  /** Takes everything back to the beginning of an execution. */
  begin(body: HeldCall): void {
    this.body = body;
    this.step.reset();
    this.isEnded = false;
    this.isKilled = false;
    this.isAtStep = false;
    this.operation = OPERATION.pause;
    this.isTimed = false;
    this.isWoken = false;
    this.timeoutsLeft = 0;
    this.accesses = 0;
    this.holdAfter = Number.MAX_SAFE_INTEGER;
    this.killAfter = -1;
    this.sinceHeld = 0;
    this.allocations = 0;
    this.hash0 = this.number;
    this.hash1 = this.number;
    this.trail.forget();
  }

  /** True when it will never move again. */
  isOver(): boolean {
    return this.isEnded || this.isKilled;
  }

  /** True while it sleeps and its time may come at any moment. */
  mayTimeOut(): boolean {
    const isAsleep = this.operation === OPERATION.wake && !this.isWoken && !this.isOver();
    return isAsleep && this.isTimed && this.timeoutsLeft > 0;
  }

  /** Notes what an operation told it. */
  observe(result: number): void {
    this.hash0 = mix(this.hash0, result, 0x9e3779b1);
    this.hash1 = mix(this.hash1, result, 0x85ebca6b);
  }
}

function* nothing(): Generator<unknown, void, unknown> {}
