/** What the test of threads that are terminated at what they do and their workers say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

/** What a worker does until it is terminated. */
export const PASTIMES = [
  'never ends turn(fn)',
  'never ends rcu.read(fn)',
  'never ends idle(fn)',
  'never ends update(fn)',
  'never ends a callback of RCU',
  'never ends a write of a seqlock',
  'writes and reads under a readers-writer lock',
  'takes and returns permits',
  'waits for a mutex',
  'awaits a mutex',
  'waits for a permit',
  'awaits a permit',
  'waits to write',
  'waits for a condition',
  'waits for grace periods',
  'awaits grace periods',
  'queues callbacks, and waits for them',
  'attaches and detaches',
  'attaches and detaches, with something in every structure',
  'makes maps grow',
  'fills the heap',
  'meets the limit of a group',
  'opens and closes groups',
  'opens caches and mempools',
  'takes and returns elements of a mempool',
  'takes and returns what words lead to',
  'takes and returns pages',
  'shrinks the heap',
  'tries all that is nolock',
  'looks at statistics',
] as const;
export type Pastime = (typeof PASTIMES)[number];

export interface PastimeBriefing {
  readonly heap: HeapHandle;
  readonly pastime: Pastime;
  readonly seed: number;
  /** Words for addresses of objects that the worker has. */
  readonly places: Address;
}

export const PLACES = 64;
/** The map, and locks that nobody keeps. */
export const SHARED = 'shared';
/** Locks that main keeps. */
export const KEPT = 'kept';
export const PERMITS = 2;
export const RECORD_WORDS = 8;
export const KEYS = 200;
/** Callback that frees its object. */
export const FREES = 'frees';
/** Callback that does not return. */
export const STAYS = 'stays';
/** Each worker's, by its seed. */
export const GROWING_MAPS = 20;
export const GROUP = 'group';
export const GROUP_BYTES = 2 ** 16;
