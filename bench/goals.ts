/**
 * What Lull wants to reach, each goal against one subject of one comparison.
 *
 * `at most` goals are about time: Lull's time over the peer's. `at least` goals are about speed: how many times
 * Lull's speed the peer's is exceeded; one about memory says how many times less it is. A goal without a peer is about
 * Lull's value itself.
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
  /** What is compared with the peer, where it is not time or speed. */
  readonly of?: 'memory';
}

/** Every goal, in the order in which the table shows them. */
export const GOALS: readonly Goal[] = [
  goal('kmalloc + kfree vs mimalloc in C', 'alloc', 'mimalloc (C)', 'at most', 1.5),
  goal('kmalloc + kfree vs TLSF in WebAssembly', 'alloc', 'TLSF (WebAssembly)', 'at least', 3),
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
  alone('mutex after the end of its holder', 'mutex-survival', 'lull', 'at least', 100),
  alone('ms to reap a thread with 1 GiB of heap', 'reap', 'lull', 'at most', 50),
  alone('garbage collections in 10 million operations', 'gc', 'lull', 'at most', 0),
  alone('nolock pages served, 1 other thread', 'nolock', 'pages, 1 other thread', 'at least', 99.9),
  alone('nolock pages served, 3 other threads', 'nolock', 'pages, 3 other threads', 'at least', 99.9),
  alone('nolock objects served, 1 other thread', 'nolock', 'objects, 1 other thread', 'at least', 99),
  alone('nolock objects served, 3 other threads', 'nolock', 'objects, 3 other threads', 'at least', 99),
  alone('p99.9 of allocPagesNolock over its median', 'nolock-time', 'allocPagesNolock', 'at most', 10),
  alone('p99.9 of kmallocNolock over its median', 'nolock-time', 'kmallocNolock', 'at most', 10),
  goal('p99 of allocPages in a flood vs without', 'flood', 'control', 'at most', 1.2),
  {
    ...goal('pages, two threads vs one', 'pages-two-threads', 'lull, one thread', 'at least', 1.8),
    subject: 'lull, two threads',
  },
  alone('zone locks for a page, 100 held', 'zone-locks-per-page', '100 held', 'at most', 1 / 32),
  alone('zone locks for a page, 200 held', 'zone-locks-per-page', '200 held', 'at most', 1 / 32),
  alone('zone locks for a page, 1000 held', 'zone-locks-per-page', '1000 held', 'at most', 1 / 32),
  goal('charged to a group vs not', 'group-charge', 'not charged', 'at most', 1.15),
  { ...goal('maps on demand vs preallocated', 'map-memory', 'preallocated', 'at least', 20), of: 'memory' },
  alone('percent of 1 GiB not handed out', 'bookkeeping', 'not handed out', 'at most', 2),
  goal('kfreeRcu vs liburcu in C', 'defer', 'liburcu (C)', 'at least', 10),
  goal('kfreeRcu vs rcu.call', 'defer', 'lull with rcu.call', 'at least', 5),
  alone('lines an object, pointer pages', 'rcu-lines', 'pointer pages', 'at most', 1 / 8),
  alone('lines an object, whole sheaves', 'rcu-lines', 'whole sheaves', 'at most', 1 / 16),
  alone('lines an object, linked list', 'rcu-lines', 'linked list', 'at least', 1),
  alone('µs for synchronizeRcuSync, others idle', 'synchronize', 'lull', 'at most', 2),
  alone('p99 in ms, another in turns of 1 ms', 'synchronize-busy', 'lull', 'at most', 3),
  goal('dereference vs an element of an array', 'dereference', 'control', 'at most', 1.05),
  alone('ns for enter and exit, turn(fn)', 'turn', 'turn(fn)', 'at most', 60),
  alone('ns for enter and exit, rcu.read(fn)', 'turn', 'rcu.read(fn)', 'at most', 60),
  alone('flood, last tenth vs first', 'rcu-flood-steady', 'alone', 'at least', 0.8),
  alone(
    'flood beside turns, last tenth vs first',
    'rcu-flood-steady',
    'beside turns of 1 ms',
    'at least',
    0.8,
  ),
  alone('flood, waiting of what may', 'rcu-flood-waiting', 'alone', 'at most', 1),
  alone('flood beside turns, waiting of what may', 'rcu-flood-waiting', 'beside turns of 1 ms', 'at most', 1),
];

function goal(name: string, comparison: string, peer: string, direction: Direction, bound: number): Goal {
  return { name, comparison, subject: 'lull', peer, direction, goal: bound };
}

function alone(name: string, comparison: string, subject: string, direction: Direction, bound: number): Goal {
  return { name, comparison, subject, direction, goal: bound };
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
