/**
 * One thread's slot: what the thread has for itself, in shared words so that others can read it and finish
 * what a dead thread left.
 *
 *     word 0        turn, borrower, requests   line 0: written by the owner and by who borrows from it or asks
 *                                              something of it, read by who drives a grace period
 *     word 16       state, generation, name,   lines 1 and 2: written at join and leave, and by who finds the
 *                   thread id                  thread dead
 *     word 48       rcu                        private to the owner
 *     word 80       page lists                 private to the owner, or to who has borrowed the slot
 *     word 112      counters                   written by the owner, read by all
 *     word 143      charging                   private to the owner but for the first two, which who reaps looks at
 *     word 160      stock of memory groups     private to the owner
 *     word 192      intents                    private to the owner (threads/intents.ts)
 *     word 256      per cache: main, spare, rcu sheaf, sheaf in hand (CACHE_SLOT_WORDS each), by cache id
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
  /** What others ask of the owner (REQUEST bits), which looks when a turn ends. Set by `or`, taken by `and`. */
  requests: 2,
  /** What the owner did last, of what takes long (ACTIVITY), for who reports a stall. Plain: a hint. */
  activity: 3,
  /** Where the turn began, in a validating heap: a number that its journal knows; 0 = not told. Plain: a hint. */
  turnStack: 4,

  state: 16,
  generation: 17,
  nameBytes: 18,
  /** ISOLATION: whether somebody may borrow the slot. Atomic accesses: a borrower may look while an owner writes it. */
  isolated: 19,
  /** NAME_WORDS words of UTF-8. */
  name: 20,
  /** Host.threadId of the owner; 0 = unknown, or the slot is free. Atomic accesses: read by who looks for the dead. */
  threadId: 36,
  /** Owner tag of who reaps the slot; 0 = nobody. Taken by compareExchange, also from one that is dead. */
  reaper: 37,
  /** Owner tag of the thread that holds the Web Lock of its stay; of an earlier one, or 0, where it does not. Atomic. */
  lifeLock: 38,

  /** LocalTrylock of the rcu words. Owner. */
  rcuAcquired: 48,
  /** First and last sealed rcu sheaf, oldest first, linked by SHEAF.next. Owner. */
  waitingHead: 49,
  waitingTail: 50,
  /** Objects in sealed sheaves. Owner. */
  waitingObjects: 51,
  /** Empty sheaves set aside for kfreeRcu, linked by SHEAF.next, and how many. Owner. */
  reservedHead: 52,
  reservedCount: 53,
  /** The RcuHead that is about to be taken off its list, and whose callback has not ended yet; 0 = none. Owner. */
  rcuInHand: 55,
  /** What rcu.call() queued (CALLBACK_LIST). Owner. */
  callbacks: 56,
  /** What kfreeRcu queued where it had no sheaf (CALLBACK_LIST). Owner. */
  heads: 66,
  /** Sheaves that were sealed here, and those of them that are freed or were handed over. Wrap. Read by barriers. */
  sheavesSealed: 76,
  sheavesFreed: 77,
  /** Rounds of sealing everything in hand: odd while one runs. Wraps. Read by barriers. */
  seals: 78,
  /** Words in sealed sheaves and in queued heads. Owner; read by all. */
  waitingWords: 79,

  /** LocalTrylock of the page lists. Owner, or borrower. */
  pagesAcquired: 80,
  /** Pages on all lists of the slot. Owner, or borrower. */
  listPages: 81,
  /** Per order 0 to 3: first block (page number) and number of blocks. Owner, or borrower. */
  pageLists: 84,
  /** How many pages the lists may hold now: between the geometry's pageListHighMin and pageListHighMax. Owner. */
  listHigh: 92,
  /** log2 of how many batches the next refill takes: refills in a row double it. Owner. */
  allocFactor: 93,
  /** Pages freed in a row, which says how many to give back at once. Owner. */
  freeCount: 94,

  /** Objects freed after a grace period, by path. Counters. */
  freedThroughSheaf: 112,
  freedThroughList: 113,
  /** Sheaves that went to a barn whole after their grace period. */
  sheavesReused: 114,
  /** Pages handed out, and taken back. */
  pagesAllocated: 115,
  pagesFreed: 116,
  /** Times that this thread took the lock of a zone. */
  zoneLocks: 117,
  /** Calls of the nolock kind for pages, and for objects: served, and refused. */
  nolockPages: 118,
  nolockPagesRefused: 119,
  nolockObjects: 120,
  nolockObjectsRefused: 121,
  /** Frees of the nolock kind that ended on a deferred list: of a zone, and of a cache. */
  pagesDeferred: 122,
  objectsDeferred: 123,
  /** Times that an allocation had to reclaim; what shrinkers were asked for, and gave; drains of all lists. */
  allocStalls: 124,
  scanned: 125,
  reclaimed: 126,
  drains: 127,
  /** Allocations that ended in OutOfMemoryError. */
  outOfMemory: 128,
  /** Allocations that a fault injector made fail. */
  pageFaults: 129,
  slabFaults: 130,
  /** Main sheaves replaced by a full one of the barn, filled from slabs; given to the barn, flushed to slabs. */
  sheavesFromBarn: 131,
  sheavesFilled: 132,
  sheavesToBarn: 133,
  sheavesFlushed: 134,
  /** Debugging hooks that did nothing because they could not have a lock. */
  hooksSkipped: 135,
  /** Objects that kfreeRcuMightsleep() freed after waiting itself. */
  freedWaited: 136,
  /** Callbacks that ran to their end, and those of them that threw. */
  callbacksInvoked: 137,
  callbackErrors: 138,
  /** Times that a thread which had posted too much waited between its turns. */
  throttled: 139,
  /** Grace periods that were waited for by synchronizeRcu() in one of its forms, and expedited ones among them. */
  synchronized: 140,
  expedited: 141,

  /** 1 while the thread reclaims memory. Atomic: a hint for others that find none. */
  reclaiming: 143,
  /** Changes of the numbers of groups that the thread has begun and ended: odd while one runs. Wraps. Atomic. */
  charging: 144,
  /** A place of the stock that changes places with the front (word index; 0 = none), and what the two hold then. Owner. */
  stockSwap: 145,
  /** The word that says who pays for an object that is uncharged now (0 = none), and what the front holds then. Owner. */
  unchargedWord: 150,
  unchargedFront: 151,

  /** LocalTrylock of the stock. Owner. */
  stockAcquired: 160,
  /**
   * STOCK_GROUPS pairs: a group's record, and what was charged to it in advance, in units of 8 bytes. In the first pair's
   * the bits above STOCK_GRANULES_MASK say more (groups/stock-moves.ts). Owner.
   */
  stock: 162,
  /** MAX_GROUP_DEPTH words: the slot's ledgers of a group and those that it is part of, before they change. Owner. */
  ledgersBefore: 176,

  /** How many intents are open: the last is the innermost. Owner. */
  intentDepth: 192,
  /** What the innermost intent's allocation has handed out, before it leaves its structure. Owner. */
  inHand: 193,
  /** The object that is about to be on a deferred list, or has just got there; who empties the list leaves it there. Owner. */
  deferring: 194,
  /** What is on its way from the orphans' lists to the owner's: a sheaf; the RcuHead of a callback; 0 = nothing. Owner. */
  adoptedSheaf: 195,
  adoptedCallback: 196,
  /** INTENT_FRAMES frames of INTENT_FRAME_WORDS (INTENT). Owner. */
  intents: 200,

  caches: 256,
} as const;

export const NAME_WORDS = 16;

/**
 * In the lowest SLOT_STATE_BITS of the state word; above it, while a thread joins, that thread's id. From `dead` on its
 * thread runs no more: a zombie may have something half done, and counts as being in its turn still.
 */
export const SLOT_STATE = { free: 0, joining: 1, live: 2, leaving: 3, dead: 4, zombie: 5 } as const;
export const SLOT_STATE_BITS = 3;
export const SLOT_STATE_MASK = (1 << SLOT_STATE_BITS) - 1;

/** `asked`: nobody borrows the slot, and it keeps what it has. `parent`: nobody borrows it, for it has started workers. */
export const ISOLATION = { none: 0, asked: 1, parent: 2 } as const;

/** Offsets in one intent's frame, and what it may be about. `saved` is what SLOT.inHand held when it was opened. */
export const INTENT = { kind: 0, place: 1, a: 2, b: 3, saved: 4, c: 5, d: 6 } as const;
export const INTENT_FRAME_WORDS = 8;
export const INTENT_FRAMES = 6;
/**
 * nothing   the frame is being opened or closed
 * publish   memory `a` is to be found by word `place`, and is nobody's until then
 * free      memory `a` is being given back
 * entry     map `place`: entry `a` goes in, entry `b` comes out
 * name      name record `b` is to lead to memory `a`; `place` says what that is (NAME_INTENT)
 * slab      block `a` becomes a slab of cache `b`, or a slab becomes a block again; no word leads to it
 * head      memory `a` has waited through a grace period at RcuHead `b`, or in sheaf `b` of blocks, and is being taken off there
 * clear     map `place`: `a` is the first of a chain of entries that come out, `b` the one that is being posted
 * retire    memory `a`, found by word `place`, is to be freed after a grace period; `b` is where its RcuHead lies
 * charge    `b` granules are charged to group `place`, and in hand; nothing is, once word `a` names who pays
 * stock     the stock holds `c` in word `d`, and nothing is in hand
 * ledgers   the slot's ledgers of group `place`, and above, are what they were before and `c`; nothing is in hand
 */
export const INTENT_KIND = {
  nothing: 0,
  publish: 1,
  free: 2,
  entry: 3,
  name: 4,
  slab: 5,
  head: 6,
  clear: 7,
  retire: 8,
  charge: 9,
  stock: 10,
  ledgers: 11,
} as const;

export const TURN_OPEN = 1;
export const TURN_BORROWED = 2;
/** In `requests`: report your next quiescent state; seal what you have in hand. */
export const REQUEST = { quiescentState: 1, seal: 2 } as const;

/** In `activity`, what was done last; above it in steps of ACTIVITY_STEP, how often anything was: it wraps. */
export const ACTIVITY = {
  nothing: 0,
  began: 1,
  scope: 2,
  sheaf: 3,
  pages: 4,
  sealed: 5,
  mapGrowth: 6,
  lock: 7,
  callbacks: 8,
  reclaim: 9,
} as const;
/** Each in words, for reports. */
export const ACTIVITY_TEXTS: readonly string[] = [
  'did nothing that takes long',
  'began its turn',
  'began a turn(fn)',
  'refilled a sheaf of objects',
  'took or gave back pages',
  'sealed a sheaf of kfreeRcu()',
  'grew a map',
  'waited for a lock',
  'called RCU callbacks',
  'reclaimed memory',
];
export const ACTIVITY_STEP = 16;

/** Turn words count in steps of this. */
export const TURN_STEP = 4;

/** Offsets in one order's page list. */
export const PAGE_LIST = { head: 0, blocks: 1 } as const;
export const PAGE_LIST_WORDS = 2;
/** Orders 0 to MAX_LIST_ORDER have per-thread lists, as the kernel's pcp has. */
export const MAX_LIST_ORDER = 3;

/** Groups that a thread's stock holds at a time, as the kernel's NR_MEMCG_STOCK, and words for each. */
export const STOCK_GROUPS = 7;
export const STOCK = { group: 0, granules: 1 } as const;
export const STOCK_WORDS = 2;
/** In the first place of a stock: what it holds. */
export const STOCK_GRANULES_MASK = (1 << 17) - 1;

/**
 * Offsets in one cache's part of a slot. Owner. `inHand` is the main sheaf while a slow path has it: then `main` is
 * the bootstrap sheaf, so that whoever re-enters falls into the slow path too, and finds it taken. 0 = nobody is inside.
 * The cache of sheaves has none: its rcu sheaf holds blocks of pages.
 */
export const CACHE_SLOT = { main: 0, spare: 1, rcu: 2, inHand: 3 } as const;
export const CACHE_SLOT_WORDS = 4;

/**
 * A segmented callback list: DONE, WAIT, NEXT_READY, NEXT share one singly linked list. tails[s] is the last
 * head of segment s, 0 where the segment and all before it are empty. `sequences` belong to WAIT and NEXT_READY.
 * `queued` and `finished` count heads for ever, and wrap: atomic, read by barriers.
 */
export const CALLBACK_LIST = { head: 0, tails: 1, sequences: 5, length: 7, queued: 8, finished: 9 } as const;
export const CALLBACK_LIST_WORDS = CALLBACK_LIST.finished + 1;

/** What a waiting object carries in itself: two words anywhere below word 4096 of it. */
export const RCU_HEAD = { next: 0, func: 1 } as const;
export const RCU_HEAD_WORDS = 2;
/** A `func` below this is the head's word offset in its object; callback ids start here. */
export const FIRST_CALLBACK_ID = 4096;
