/**
 * Runs the subjects of a comparison in turns: one round of the first, one of the second, and so on, then again,
 * with another one first. All processes stay alive from the warm-up to the last round.
 */
import type { Rounds } from './goals.js';
import { type Command, RunningSubject, SubjectError } from './running-subject.js';

/** A subject that is ready to run. */
export interface Runner {
  readonly name: string;
  readonly command: Command;
  readonly operations: number;
}

/** Values of each subject that lasted, and what the others said when they ended. */
export interface Measured {
  readonly values: Rounds['values'];
  readonly failures: readonly string[];
}

interface Seat {
  readonly runner: Runner;
  readonly subject: RunningSubject;
  readonly values: number[];
}

/** Takes one round from each seat, the one at `first` first; a seat whose subject ended leaves the list. */
async function takeTurns(seats: Seat[], first: number, keep: boolean, failures: string[]): Promise<void> {
  for (const seat of [...seats.slice(first), ...seats.slice(0, first)]) {
    try {
      const value = await seat.subject.round(seat.runner.operations);
      if (keep) seat.values.push(value);
    } catch (error) {
      if (!(error instanceof SubjectError)) throw error;
      failures.push(error.message);
      seats.splice(seats.indexOf(seat), 1);
    }
  }
}

async function takeSeats(runners: readonly Runner[], failures: string[]): Promise<Seat[]> {
  const seats: Seat[] = [];
  for (const runner of runners) {
    try {
      seats.push({ runner, subject: await RunningSubject.start(runner.name, runner.command), values: [] });
    } catch (error) {
      if (!(error instanceof SubjectError)) throw error;
      failures.push(error.message);
    }
  }
  return seats;
}

/**
 * Measures the subjects of one comparison.
 *
 * @param runners       what to run; one process each.
 * @param warmupRounds  rounds whose values are dropped, 0 or more.
 * @param rounds        rounds whose values are kept, at least 1.
 * @returns             `rounds` values of every subject that lasted to the end; the error output of the others.
 */
export async function measureInTurns(
  runners: readonly Runner[],
  warmupRounds: number,
  rounds: number,
): Promise<Measured> {
  const failures: string[] = [];
  const seats = await takeSeats(runners, failures);
  const all = [...seats];
  try {
    for (let round = -warmupRounds; round < rounds && seats.length > 0; round++) {
      const first = (round + warmupRounds) % seats.length;
      await takeTurns(seats, first, round >= 0, failures);
    }
  } finally {
    await Promise.all(all.map(({ subject }) => subject.stop()));
  }
  return { values: new Map(seats.map(({ runner, values }) => [runner.name, values])), failures };
}
