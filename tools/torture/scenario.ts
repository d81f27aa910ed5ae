/**
 * A scenario of a torture run: what is made before it, what the workers do, what main does with what a dead worker had, and
 * what has to be right at the end.
 *
 *     prepare (main) -> operations (each worker, each stay) -> settle (main, after each death) -> finish (main)
 *
 * An operation is called over and over, in an order that the seed chooses. What it takes from the heap it tells in a table in
 * the heap (heap.kmallocAt()), in its hands (SEAT.hands), or in structures of Lull.
 */
import type { Heap } from '../../src/index.js';
import type { Control } from './control.js';
import type { Findings } from './findings.js';
import type { Stage } from './stage.js';

export interface Operation {
  /** As the histogram of kills calls it. */
  readonly name: string;
  /** How often it is called, against the other operations. */
  readonly weight: number;
  readonly run: () => void;
}

/** What main has of a run. */
export interface Main {
  readonly heap: Heap;
  readonly control: Control;
  readonly seats: number;
  readonly findings: Findings;
}

export interface Scenario {
  readonly name: string;
  /** One line, for --list. */
  readonly summary: string;
  /** Makes what all threads share. Returns addresses, which all threads are given. */
  prepare(main: Main): number[];
  /** What a worker does that has just joined. The same names, in the same order, each time. */
  operations(stage: Stage, shared: readonly number[]): Operation[];
  /** A worker of the seat runs no more, and was reaped. */
  settle?(main: Main, shared: readonly number[], seat: number): void;
  /** Nobody runs any more. Frees all that was made but what has a name for good. */
  finish(main: Main, shared: readonly number[]): void;
}
