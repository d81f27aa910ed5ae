/**
 * One thread's slot: what the thread has for itself, in shared words so that others can read it and finish
 * what a dead thread left.
 *
 *     word 0        turn, borrower             line 0: written by the owner and by who borrows from it, read by
 *                                              who drives a grace period
 *     word 16       state, generation, name,   lines 1 and 2: written at join and leave, and by who finds the
 *                   thread id                  thread dead
 *     word 48       rcu                        private to the owner
 *     word 80       page lists                 private to the owner, or to who has borrowed the slot
 *     word 112      counters                   written by the owner, read by all
 *     word 128      per cache: main, spare, rcu sheaf (CACHE_SLOT_WORDS each), by cache id
 *
 * Guards: "owner" words are touched with plain accesses by the slot's owner alone, or by who reaps it. The page
 * lists belong to who has borrowed the slot while it is borrowed (turn word), so the owner touches them in its
 * turns only.
 *
 * I1  turn word: bit 0 set = in a turn; bit 1 set = borrowed, which excludes bit 0; the rest counts turns, and the
 *     threads that have left, and wraps.
 * I2  A slot that is FREE caches nothing: its lists and sheaves are empty.
 */

export const SLOT = {
  turn: 0,
  /** Owner tag of the thread that borrows the slot, or is about to. Taken by compareExchange. */
  borrower: 1,

  state: 16,
  generation: 17,
  nameBytes: 18,
  /** 1 = nobody may borrow the slot. Atomic accesses: a borrower may look while the next owner writes it. */
  isolated: 19,
  /** NAME_WORDS words of UTF-8. */
  name: 20,
  /** Host.threadId of the owner; 0 = unknown, or the slot is free. Atomic accesses: read by who looks for the dead. */
  threadId: 36,

  /** LocalTrylock of the rcu words. Owner. */
  rcuAcquired: 48,
  /** First and last sealed rcu sheaf, oldest first, linked by SHEAF.next. Owner. */
  waitingHead: 49,
  waitingTail: 50,
  /** Objects in sealed sheaves. Owner. */
  waitingObjects: 51,
  /** Callback list: head, 4 tails, 2 sequence numbers, length (CALLBACK_LIST). Owner. */
  callbacks: 56,

  /** LocalTrylock of the page lists. Owner, or borrower. */
  pagesAcquired: 80,
  /** Pages on all lists of the slot. Owner, or borrower. */
  listPages: 81,
  /** Per order 0 to 3: first block (page number) and number of blocks. Owner, or borrower. */
  pageLists: 84,

  /** Objects freed after a grace period, by path. Counters. */
  freedThroughSheaf: 112,
  freedThroughList: 113,
  /** Sheaves that went to a barn whole after their grace period. */
  sheavesReused: 114,
  pagesAllocated: 115,
  pagesFreed: 116,

  caches: 128,
} as const;

export const NAME_WORDS = 16;

export const SLOT_STATE = { free: 0, joining: 1, live: 2, leaving: 3, dead: 4 } as const;

export const TURN_OPEN = 1;
export const TURN_BORROWED = 2;
/** Turn words count in steps of this. */
export const TURN_STEP = 4;

/** Offsets in one order's page list. */
export const PAGE_LIST = { head: 0, blocks: 1 } as const;
export const PAGE_LIST_WORDS = 2;
/** Orders 0 to MAX_LIST_ORDER have per-thread lists, as the kernel's pcp has. */
export const MAX_LIST_ORDER = 3;

/** Offsets in one cache's part of a slot. Owner. */
export const CACHE_SLOT = { main: 0, spare: 1, rcu: 2 } as const;
export const CACHE_SLOT_WORDS = 4;

/**
 * A segmented callback list: DONE, WAIT, NEXT_READY, NEXT share one singly linked list. tails[s] is the last
 * head of segment s, 0 where the segment and all before it are empty. `sequence` belongs to WAIT and NEXT_READY.
 */
export const CALLBACK_LIST = { head: 0, tails: 1, sequences: 5, length: 7 } as const;

/** What a waiting object carries in itself: two words anywhere below word 4096 of it. */
export const RCU_HEAD = { next: 0, func: 1 } as const;
export const RCU_HEAD_WORDS = 2;
/** A `func` below this is the head's word offset in its object; callback ids start here. */
export const FIRST_CALLBACK_ID = 4096;
