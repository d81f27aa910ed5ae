/** The machine and the engine that a run's numbers belong to. */
import { availableParallelism, cpus } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly v8: string;
  /** Day and time of the run, ISO 8601. */
  readonly date: string;
}

/** Describes where this run takes place. */
export function describeMachine(now = new Date()): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.versions.node,
    v8: process.versions.v8,
    date: now.toISOString(),
  };
}
