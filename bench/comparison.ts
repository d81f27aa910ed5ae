/** What a comparison is made of: a workload, a unit, and subjects that take turns in it. */

/** A module in subjects/, run by Node. `peer` names what has to be installed, see peers.ts. */
export interface ScriptSubject {
  readonly name: string;
  readonly script: string;
  readonly given: readonly string[];
  readonly operations: number;
  /** In a quick run, where fewer than otherwise. */
  readonly quickOperations?: number;
  readonly peer?: string;
}

/** A program in peers/, compiled first; `peer` is its name there. */
export interface NativeSubject {
  readonly name: string;
  readonly peer: string;
  readonly operations: number;
}

export type Subject = ScriptSubject | NativeSubject;

export interface Comparison {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly lessIsBetter: boolean;
  readonly subjects: readonly Subject[];
  readonly warmupRounds: number;
  readonly rounds: number;
  readonly quickRounds: number;
}
