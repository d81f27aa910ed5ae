/** What the test of threads that end in functions which Lull calls and its worker say to each other. */
import type { HeapHandle } from '../../src/index.js';

/** Whose function the thread ends in. */
export const PLACES = [
  'update()',
  'getOrInsertComputed()',
  'forEach()',
  'an iterator',
  'toJSON()',
  'a getter of a value',
  'a getter of options',
  'turn()',
  'rcu.read()',
  'idle()',
  'a write of a seqlock',
  'run() of a group',
  'a shrinker',
  'a shrinker of a group',
  'a callback of RCU',
  "a listener of 'reap'",
  "a listener of 'callbackError'",
  'a task that has locks',
  'a task that others wait behind',
  'a turn in a turn of another handle',
  'a listener of exit',
] as const;
export type Place = (typeof PLACES)[number];

/** How it ends there. */
export const ENDS = ['process.exit()', 'an error'] as const;
export type End = (typeof ENDS)[number];

export interface InsideBriefing {
  readonly heap: HeapHandle;
  readonly place: Place;
  readonly end: End;
}

export const SHARED = 'shared';
export const LOCKED = 'locked';
export const CALLBACK = 'ends its thread';
/** How a thread ends that ends where it is to. */
export const EXIT_CODE = 7;
export const MESSAGE = 'as the test asks for';
