/**
 * What a run found, as plain values: the form that `--json` writes, and that the table and the chart are made of.
 */
import type { Comparison } from './comparison.js';
import { type Direction, type Goal, judge, type Verdict } from './goals.js';
import type { Machine } from './machine.js';
import type { Measured } from './rounds.js';
import { type Summary, summarize } from './statistics.js';

/** One subject in one comparison: the median of its rounds, and the quartiles. */
export interface Result {
  /** The comparison and the subject: 'alloc: lull'. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly spread: readonly [low: number, high: number];
}

/** One goal: the median of its ratios by round; null where a subject was missing. */
export interface Ratio {
  readonly name: string;
  /** The subject compared with; null where the goal is about Lull's value itself. */
  readonly peer: string | null;
  readonly value: number | null;
  readonly goal: number;
  readonly direction: Direction;
  /** 'memory' where that is compared; else time or speed. */
  readonly of?: 'memory';
  readonly met: boolean | null;
  readonly spread: readonly [low: number, high: number] | null;
}

export interface Report {
  readonly machine: Machine;
  readonly results: readonly Result[];
  readonly ratios: readonly Ratio[];
  /** One line for each peer that was not there. */
  readonly skipped: readonly string[];
  /** What subjects said that ended before their last round. */
  readonly failures: readonly string[];
}

/** A comparison with what its subjects measured. */
export interface Finished {
  readonly comparison: Comparison;
  readonly measured: Measured;
}

function pair({ low, high }: Summary): [number, number] {
  return [low, high];
}

function resultsOf({ comparison, measured }: Finished): Result[] {
  return [...measured.values].map(([subject, values]) => {
    const summary = summarize(values);
    return {
      name: `${comparison.name}: ${subject}`,
      value: summary.median,
      unit: comparison.unit,
      spread: pair(summary),
    };
  });
}

function ratioOf({ goal, value, spread, met }: Verdict): Ratio {
  return {
    name: goal.name,
    peer: goal.peer ?? null,
    value,
    goal: goal.goal,
    direction: goal.direction,
    ...(goal.of === undefined ? {} : { of: goal.of }),
    met,
    spread: spread === null ? null : pair(spread),
  };
}

/**
 * Puts a run together.
 *
 * @param finished  the comparisons that ran; goals of others are left out.
 * @param skipped   a line for each missing peer.
 */
export function makeReport(
  machine: Machine,
  finished: readonly Finished[],
  goals: readonly Goal[],
  skipped: readonly string[],
): Report {
  const ratios: Ratio[] = [];
  for (const goal of goals) {
    const found = finished.find(({ comparison }) => comparison.name === goal.comparison);
    if (found === undefined) continue;
    const rounds = { lessIsBetter: found.comparison.lessIsBetter, values: found.measured.values };
    ratios.push(ratioOf(judge(goal, rounds)));
  }
  return {
    machine,
    results: finished.flatMap(resultsOf),
    ratios,
    skipped,
    failures: finished.flatMap(({ comparison, measured }) =>
      measured.failures.map((line) => `${comparison.name}: ${line}`),
    ),
  };
}
