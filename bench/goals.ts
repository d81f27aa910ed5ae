/**
 * What Lull wants to reach, each goal against one subject of one comparison.
 *
 * `at most` goals are about time: Lull's time over the peer's. `at least` goals are about speed: how many times
 * Lull's speed the peer's is exceeded. A goal without a peer is about Lull's value itself.
 */
import { ratiosByRound, type Summary, summarize } from './statistics.js';

export type Direction = 'at most' | 'at least';

export interface Goal {
  readonly name: string;
  /** The comparison, and in it the subjects, by their names in comparisons.ts. */
  readonly comparison: string;
  readonly subject: string;
  readonly peer?: string;
  readonly direction: Direction;
  readonly goal: number;
}

/** Every goal, in the order in which the table shows them. */
export const GOALS: readonly Goal[] = [
  goal('kmalloc + kfree vs mimalloc in C', 'alloc', 'mimalloc (C)', 'at most', 1.5),
  goal('kmalloc + kfree vs TLSF in WebAssembly', 'alloc', 'TLSF (WebAssembly)', 'at least', 3),
  goal('kmalloc + kfreeRcu vs liburcu in C', 'defer', 'liburcu (C)', 'at least', 8),
  goal('map.get vs Map', 'map-get', 'Map', 'at most', 1.6),
  goal('map.get, city keys, vs Map', 'map-get-city', 'Map', 'at most', 1.6),
  goal('map.get, fresh keys, vs Map', 'map-get-fresh', 'Map', 'at most', 1),
  goal('map.get, fresh city keys, vs Map', 'map-get-fresh-city', 'Map', 'at most', 1),
  goal('map.get vs sharedmap', 'map-get', 'sharedmap', 'at least', 8),
  goal('map.get vs lmdb', 'map-get', 'lmdb', 'at least', 3),
  goal('map.get vs Map behind postMessage', 'map-get', 'Map behind postMessage', 'at least', 200),
  {
    ...goal('map.get, two threads vs one', 'map-get-two-threads', 'lull, one thread', 'at least', 1.9),
    subject: 'lull, two threads',
  },
  goal('mutex vs multithreading', 'mutex', 'multithreading', 'at least', 1),
  goal('mutex, two threads, vs multithreading', 'mutex-two-threads', 'multithreading', 'at least', 1),
  {
    name: 'mutex after the end of its holder',
    comparison: 'mutex-survival',
    subject: 'lull',
    direction: 'at least',
    goal: 100,
  },
  {
    name: 'garbage collections in 10 million operations',
    comparison: 'gc',
    subject: 'lull',
    direction: 'at most',
    goal: 0,
  },
];

function goal(name: string, comparison: string, peer: string, direction: Direction, bound: number): Goal {
  return { name, comparison, subject: 'lull', peer, direction, goal: bound };
}

/** Values of each round, by the subject's name, and whether less is better (nanoseconds) or more (operations). */
export interface Rounds {
  readonly lessIsBetter: boolean;
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** A goal with what was measured; null where a subject was skipped. */
export interface Verdict {
  readonly goal: Goal;
  readonly value: number | null;
  readonly spread: Summary | null;
  readonly met: boolean | null;
}

/** Ratios in the goal's direction: time over time for `at most`, speed over speed for `at least`. */
function goalRatios(goal: Goal, rounds: Rounds): readonly number[] | undefined {
  const subject = rounds.values.get(goal.subject);
  if (subject === undefined || goal.peer === undefined) return subject;
  const peer = rounds.values.get(goal.peer);
  if (peer === undefined) return undefined;
  const subjectOverPeer = (goal.direction === 'at most') === rounds.lessIsBetter;
  return subjectOverPeer ? ratiosByRound(subject, peer) : ratiosByRound(peer, subject);
}

/** Judges a goal on the median of its ratios by round. */
export function judge(goal: Goal, rounds: Rounds): Verdict {
  const ratios = goalRatios(goal, rounds);
  if (ratios === undefined) return { goal, value: null, spread: null, met: null };
  const spread = summarize(ratios);
  const value = spread.median;
  return { goal, value, spread, met: goal.direction === 'at most' ? value <= goal.goal : value >= goal.goal };
}
