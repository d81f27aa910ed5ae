/**
 * A lock that may be waited for: a record of its own, found by name.
 *
 *     word 0        kind                      LOCK_KIND
 *     word 1        size                      permits of a semaphore, words of what a seqlock guards
 *     word 2        owner                     who has it: see below
 *     word 3        consistency               CONSISTENCY of what it guards. Written by the owner
 *     word 4        tickets                   last ticket handed out to a waiter
 *     word 5        handoff                   ticket of the waiter that is to be next; 0: whoever comes
 *     word 6        sequence                  of a seqlock: odd while it is written
 *     word 16       waiters                   one word a slot: its thread's place in the queue
 *     word 16 + n   more, by kind: readers one word a slot (rwlock), counts one word a slot (condition), permits
 *                   (semaphore), what it guards (seqlock)
 *
 *     owner word    0 = free, else the owner's tag, with WAITERS set where a release must look for waiters
 *     waiters word  0 = does not wait; a ticket; a ticket | WOKEN when it is to look at the lock
 *     counts word   WAITING_ONE for each of the thread that waits, GRANTED_ONE for each of them that was notified
 *
 * Only the thread of a slot takes its place in a queue and its counts; who finds it dead clears them.
 */

export const LOCK = {
  kind: 0,
  size: 1,
  owner: 2,
  consistency: 3,
  tickets: 4,
  handoff: 5,
  sequence: 6,
  waiters: 16,
} as const;

/** Kinds of locks are kinds of names as well (NAME_KIND). */
export const LOCK_KIND = { mutex: 3, rwLock: 4, semaphore: 5, condVar: 6, seqLock: 7 } as const;
export type LockKindNumber = (typeof LOCK_KIND)[keyof typeof LOCK_KIND];

/** Beside the owner's tag, which is a positive number. */
export const WAITERS = 1 << 31;
/**
 * Beside the owner's tag in a raw spin lock's word: somebody is next. With the tag it stays within 30 bits: V8 in a
 * browser makes an object of a larger number, and a raw lock is released in an audio worklet too.
 */
export const PENDING = 1 << 29;

/** What a lock guards: as it should be, left in the middle of a change by a dead owner, or given up. */
export const CONSISTENCY = { consistent: 0, ownerDied: 1, notRecoverable: 2 } as const;

export const WOKEN = 1 << 30;

/** In a word of counts: at most MAX_WAITING of each. */
export const WAITING_ONE = 1;
export const GRANTED_ONE = 1 << 16;
export const MAX_WAITING = 0x7fff;

/** Tickets are 1 to this, and wrap. */
export const TICKET_MASK = (1 << 29) - 1;

/** Words of a record of `kind` in a heap of `slots` threads. */
export function lockRecordWords(kind: number, slots: number, size: number): number {
  const perSlot = kind === LOCK_KIND.rwLock || kind === LOCK_KIND.condVar ? 2 : 1;
  return LOCK.waiters + perSlot * slots + size;
}
