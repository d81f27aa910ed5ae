/**
 * The control block of a torture run: what main and its workers tell each other, in a buffer apart from the heap, so
 * that it is right whatever becomes of the heap.
 *
 *     word 0                 RUN              written by main
 *     word 64 + 128 n        SEAT of seat n   written by the worker that sits there; some by main, while nobody does
 *
 * A seat is taken by one worker after the other: as soon as one has died and was reaped, the next sits down. Its counters
 * go on. The words of a seat tell main what its last worker had in its JavaScript variables.
 *
 * I1  Counters of a seat are written by the one thread that has it, with plain accesses: a killed thread has either
 *     counted or not.
 */

export const RUN = {
  /** 1 = leave. */
  stop: 0,
  /** How many maps with short lives there are: the last is written to. */
  maps: 1,
} as const;

/** What a worker can hold in variables at a time: [first hand, hands] by what is in them. */
export const HANDS = {
  objects: [0, 4],
  pages: [4, 2],
  charged: [6, 4],
  old: [10, 1],
  pool: [11, 2],
} as const;
export type Hands = readonly [first: number, count: number];
/** rcutorture's RCU_TORTURE_PIPE_LEN, and the last slot for what is beyond. */
export const PIPE_SLOTS = 12;
export const COUNTERS = 8;

export const SEAT = {
  /** Goes up with every operation. */
  heartbeat: 0,
  /** What it does at the moment: place in the list of operations + 1; 0 = nothing. */
  operation: 1,
  /** Accesses to the heap until the worker is to stop for good; 0 = it does not. Written by main. */
  fault: 2,
  /** 1 once the worker has joined the heap and begins. */
  isReady: 4,
  /** 1 once the worker has loaded its modules. One that is terminated before leaves the files open that Node was reading. */
  isLoaded: 5,

  operations: 8,
  wrongValues: 9,
  /** Allocations that were refused. */
  refusals: 10,
  /** Locks that were got from a dead owner. */
  deadOwners: 11,
  lockTimeouts: 12,
  reads: 13,
  joins: 14,
  stalls: 15,
  /** Callbacks that this seat queued. */
  callbacksQueued: 16,
  nolockRefusals: 19,

  /** Reader Pipe: how old a removed object was when a reader saw it. */
  pipe: 24,
  /** What it has in its hands: an address, or IN_TRANSIT. */
  hands: 40,
  /** Inside a lock, by its number: 1 while it is. */
  inside: 56,
  /** How often it has added one to each of the counters in the map of counters, and been told so. */
  added: 72,
} as const;
export const SEAT_WORDS = 128;
const SEATS_START = 64;

/** Between the word's being written and the call's return: nobody knows whose the memory is. Minus the kind of it. */
export const IN_TRANSIT = -1;

export class Control {
  readonly words: Int32Array;
  readonly seats: number;

  /** @param buffer of another Control, in another thread */
  constructor(seats: number, buffer?: SharedArrayBuffer) {
    const bytes = (SEATS_START + seats * SEAT_WORDS) * Int32Array.BYTES_PER_ELEMENT;
    this.words = new Int32Array(buffer ?? new SharedArrayBuffer(bytes));
    this.seats = seats;
  }

  get buffer(): SharedArrayBuffer {
    return this.words.buffer as SharedArrayBuffer;
  }

  /** Index of the first word of a seat. */
  seat(seat: number): number {
    return SEATS_START + seat * SEAT_WORDS;
  }

  run(word: number): number {
    return Atomics.load(this.words, word);
  }

  setRun(word: number, value: number): void {
    Atomics.store(this.words, word, value);
  }

  of(seat: number, word: number): number {
    return Atomics.load(this.words, this.seat(seat) + word);
  }

  set(seat: number, word: number, value: number): void {
    Atomics.store(this.words, this.seat(seat) + word, value);
  }

  /** Of all seats. Counters wrap at 2^32. */
  sum(word: number): number {
    let sum = 0;
    for (let seat = 0; seat < this.seats; seat++) sum += this.of(seat, word) >>> 0;
    return sum;
  }
}
