/** The operations on shared memory that a thread can be held before, and what each does to its word. */

export const OPERATION = {
  load: 0,
  store: 1,
  exchange: 2,
  compareExchange: 3,
  add: 4,
  and: 5,
  or: 6,
  sub: 7,
  xor: 8,
  wait: 9,
  notify: 10,
  loadPlain: 11,
  storePlain: 12,
  dereference: 13,
  /** A load whose value nobody looks at: it orders, and that is all. */
  fence: 14,
  /** Spinning: held until a word changes that the thread has read since it last paused. */
  pause: 15,
  /** Held until another thread has ended. */
  awaitEnd: 16,
  /** Woken, or timed out: the second half of a wait. */
  wake: 17,
  /** A plain store leaves its thread's store buffer. */
  drain: 18,
  /** The thread is stopped for good. */
  kill: 19,
} as const;

export type Operation = (typeof OPERATION)[keyof typeof OPERATION];

const NAMES = Object.keys(OPERATION) as readonly (keyof typeof OPERATION)[];

/** What an operation is called in a report. */
export function operationName(operation: Operation): string {
  return NAMES[operation]!;
}

/** What an operation does to its word; two of different threads depend on each other by these. */
export const READS = 1;
export const WRITES = 2;
/** Touches the queue of those who wait on the word. */
export const QUEUES = 4;

/** Effect of each operation, by its number; a compareExchange that fails only reads. */
export const EFFECT: readonly number[] = [
  READS, // load
  WRITES, // store
  READS | WRITES, // exchange
  READS | WRITES, // compareExchange
  READS | WRITES, // add
  READS | WRITES, // and
  READS | WRITES, // or
  READS | WRITES, // sub
  READS | WRITES, // xor
  READS | QUEUES, // wait
  QUEUES, // notify
  READS, // loadPlain
  WRITES, // storePlain
  READS, // dereference
  READS, // fence
  0, // pause
  0, // awaitEnd
  QUEUES, // wake
  WRITES, // drain
  0, // kill
];

/**
 * True for an operation that waits until its thread's stores have reached memory: every one of `Atomics` but a
 * load, which processors let go before an earlier plain store.
 */
export function drainsFirst(operation: Operation): boolean {
  return operation >= OPERATION.store && operation <= OPERATION.notify;
}

/** True when the order of two effects on one word matters. */
export function conflict(a: number, b: number): boolean {
  if ((a & b & QUEUES) !== 0) return true;
  return (a & 3) !== 0 && (b & 3) !== 0 && ((a | b) & WRITES) !== 0;
}
