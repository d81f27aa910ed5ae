/**
 * A registered callback: what stands behind its name. The function itself is in each thread that registered it.
 *
 *     word 0  id         FIRST_CALLBACK_ID + number of names registered before
 *     word 1  slots      one bit a slot: its thread has a function for the id
 *     word 9  orphans    how many callbacks of the id lie on the list HEADER.orphanCallbacks
 *
 * Guards: slots is changed by `or` and `and`; orphans under HEADER.orphanLock, read by all.
 *
 * P1  A thread sets its bit after it can run the callback, and clears it before it no longer can; observed by who looks
 *     for somebody to run one.
 */

export const CALLBACK = { id: 0, slots: 1, orphans: 9 } as const;
/** 255 slots, 32 bits a word. */
export const CALLBACK_SLOT_WORDS = 8;
export const CALLBACK_WORDS = CALLBACK.orphans + 1;
