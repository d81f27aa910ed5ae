/**
 * The kinds of lock that the locking self-test takes, and its columns.
 *
 *     family     kinds             readers of one family wait for its writers, so both are one lock class
 *     rwlock     wlock rlock qlock
 *     rwsem      wsem rsem
 *
 * A column says what "the lock" of an op list is: the same list is played once for each column. Where a list
 * names the reader or the writer itself (`A.r`, `A.w`), the column says of which family.
 *
 * Follows lib/locking-selftest.c and the headers it includes for each column.
 */
import { type LockKind, TAKEN, WAIT, type WaitType } from '../../src/locks/lock-class.js';

export type Family =
  | 'spin'
  | 'raw'
  | 'rwlock'
  | 'mutex'
  | 'rwsem'
  | 'rtmutex'
  | 'local'
  | 'rcu'
  | 'rcuBh'
  | 'rcuSched';

/** What all locks of one family have in common. */
export interface FamilyTraits {
  readonly wait: WaitType;
  readonly outer?: WaitType;
  readonly kind?: LockKind;
}

export const FAMILIES: Readonly<Record<Family, FamilyTraits>> = {
  spin: { wait: WAIT.config },
  raw: { wait: WAIT.spin },
  rwlock: { wait: WAIT.config },
  mutex: { wait: WAIT.sleep },
  rwsem: { wait: WAIT.sleep },
  rtmutex: { wait: WAIT.sleep },
  local: { wait: WAIT.config, kind: 'percpu' },
  rcu: { wait: WAIT.config, outer: WAIT.free },
  rcuBh: { wait: WAIT.config, outer: WAIT.free },
  rcuSched: { wait: WAIT.spin, outer: WAIT.free },
};

export type Kind = Exclude<Family, 'rwlock' | 'rwsem'> | 'wlock' | 'rlock' | 'qlock' | 'wsem' | 'rsem';

/** How a kind is taken: its family, and the bits that an observer is told. */
export const KINDS: Readonly<Record<Kind, { readonly family: Family; readonly taken: number }>> = {
  spin: { family: 'spin', taken: 0 },
  raw: { family: 'raw', taken: 0 },
  wlock: { family: 'rwlock', taken: 0 },
  rlock: { family: 'rwlock', taken: TAKEN.recursiveRead },
  qlock: { family: 'rwlock', taken: TAKEN.queuedRead },
  mutex: { family: 'mutex', taken: 0 },
  wsem: { family: 'rwsem', taken: 0 },
  rsem: { family: 'rwsem', taken: TAKEN.queuedRead },
  rtmutex: { family: 'rtmutex', taken: 0 },
  local: { family: 'local', taken: 0 },
  rcu: { family: 'rcu', taken: TAKEN.recursiveRead },
  rcuBh: { family: 'rcuBh', taken: TAKEN.recursiveRead },
  rcuSched: { family: 'rcuSched', taken: TAKEN.recursiveRead },
};

/** What an op list's `A`, `A.r` and `A.w` are in one column. */
export interface Column {
  readonly plain: Kind;
  readonly r: Kind;
  readonly w: Kind;
}

const withRwlock = (plain: Kind): Column => ({ plain, r: 'rlock', w: 'wlock' });
const withRwsem = (plain: Kind): Column => ({ plain, r: 'rsem', w: 'wsem' });

export const COLUMNS = {
  spin: withRwlock('spin'),
  raw: withRwlock('raw'),
  wlock: withRwlock('wlock'),
  rlock: withRwlock('rlock'),
  mutex: withRwsem('mutex'),
  wsem: withRwsem('wsem'),
  rsem: withRwsem('rsem'),
  rtmutex: withRwsem('rtmutex'),
  rwlock: withRwlock('spin'),
  rwsem: withRwsem('mutex'),
} as const satisfies Readonly<Record<string, Column>>;

export type ColumnName = keyof typeof COLUMNS;
