/**
 * CallbackList: what waits for a grace period and has no sheaf, linked through the objects' own RcuHeads.
 * One singly linked list cut into four segments, so that a head moves on by moving a tail.
 *
 *     head -> a -> b -> c -> d -> e -> 0
 *              DONE ^   WAIT ^    ^ NEXT           NEXT_READY is empty here: its tail is WAIT's
 *
 *     DONE        its grace period is over
 *     WAIT        waits for sequences[0]
 *     NEXT_READY  waits for sequences[1]
 *     NEXT        has no number yet
 *
 * Words of the owner's slot, so that a reaper can take them over; the owner alone calls, never inside another
 * call on the same list.
 *
 * I1  tails[s] is the last head of segments 0 to s, 0 where there is none; tails[3] is the end of the list.
 * I2  A number may be later than needed (that delays), never earlier (that frees under a reader).
 * I3  queued - finished = heads that are on the list, or off it and not dealt with yet. `queued` is written before the
 *     head can be reached, `finished` after it was dealt with.
 * P1  Both are published by atomic stores; observed by barriers, which add nothing to a list and wait for what they count.
 *
 * Follows kernel/rcu/rcu_segcblist.c.
 */
import { CALLBACK_LIST, RCU_HEAD } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { isDone } from './sequence.js';

const DONE = 0;
const WAIT = 1;
const NEXT_READY = 2;
const NEXT = 3;

export class CallbackList {
  private readonly _words: Words;
  private readonly _start: number;

  /** @param start index of the list's words (CALLBACK_LIST) */
  constructor(words: Words, start: number) {
    this._words = words;
    this._start = start;
  }

  /** How many heads are on the list. */
  length(): number {
    return this._words.loadPlain(this._start + CALLBACK_LIST.length);
  }

  /** Appends `rcuHead` to NEXT. Cannot fail and allocates nothing. */
  enqueue(rcuHead: number, func: number): void {
    const words = this._words;
    words.storePlain(rcuHead + RCU_HEAD.next, 0);
    words.storePlain(rcuHead + RCU_HEAD.func, func);
    this._append(rcuHead, rcuHead, 1);
  }

  /** Appends a chain of `count` heads to NEXT, as it comes from a thread that left. */
  enqueueChain(first: number, count: number): void {
    let last = first;
    for (let i = 1; i < count; i++) last = this._words.loadPlain(last + RCU_HEAD.next);
    this._append(first, last, count);
  }

  /** `count` heads that were taken off the list are dealt with. */
  finish(count: number): void {
    const word = this._start + CALLBACK_LIST.finished;
    // P1: publishes that they are; observed by barriers.
    this._words.store(word, (this._words.loadPlain(word) + count) | 0);
  }

  /** True when takeDone() has a head to give. */
  hasDone(): boolean {
    return this._tail(DONE) !== 0;
  }

  /** Moves every segment whose grace period `sequence` has ended to DONE; the rest slide down. */
  advance(sequence: number): void {
    let from = WAIT;
    for (; from < NEXT; from++) {
      if (!isDone(sequence, this._sequence(from))) break;
      this._setTail(DONE, this._tail(from));
    }
    for (let segment = WAIT; segment < from; segment++) this._setTail(segment, this._tail(DONE));
    for (let to = WAIT; from < NEXT; from++, to++) {
      if (this._tail(to) === this._tail(NEXT)) break;
      this._setTail(to, this._tail(from));
      this._setSequence(to, this._sequence(from));
    }
  }

  /**
   * Numbers what has none, or a later number than it needs: `cookie` is a snap() taken after the last enqueue.
   * Where WAIT and NEXT_READY both wait for earlier numbers, NEXT goes without until one of them has moved on.
   */
  accelerate(cookie: number): void {
    let segment = NEXT_READY;
    for (; segment > DONE; segment--) {
      const empty = this._tail(segment) === this._tail(segment - 1);
      if (!empty && !isDone(this._sequence(segment), cookie)) break;
    }
    if (this._tail(segment) === this._tail(NEXT)) return;
    for (segment++; segment < NEXT; segment++) {
      this._setTail(segment, this._tail(NEXT));
      this._setSequence(segment, cookie);
    }
  }

  /** What takeDone() would give. */
  firstDone(): number {
    return this.hasDone() ? this.first() : 0;
  }

  /** Takes the first head of DONE off the list; 0 when DONE is empty. */
  takeDone(): number {
    const words = this._words;
    if (this._tail(DONE) === 0) return 0;
    const first = words.loadPlain(this._start + CALLBACK_LIST.head);
    words.storePlain(this._start + CALLBACK_LIST.head, words.loadPlain(first + RCU_HEAD.next));
    for (let segment = DONE; segment <= NEXT; segment++) {
      if (this._tail(segment) === first) this._setTail(segment, 0);
    }
    this._setLength(this.length() - 1);
    return first;
  }

  /** The first head, which leads to the others; 0 when there is none. */
  first(): number {
    return this._words.loadPlain(this._start + CALLBACK_LIST.head);
  }

  /** Empties the list and returns its first head; the heads stay linked. */
  takeAll(): number {
    const first = this.first();
    const length = this.length();
    for (let word = 0; word <= CALLBACK_LIST.length; word++) this._words.storePlain(this._start + word, 0);
    this.finish(length);
    return first;
  }

  /** True when a head has no number, or waits for one. */
  isWaiting(): boolean {
    return this._tail(NEXT) !== this._tail(DONE);
  }

  private _append(first: number, last: number, count: number): void {
    const queued = this._start + CALLBACK_LIST.queued;
    // P1: before the heads can be reached (I3); observed by barriers.
    this._words.store(queued, (this._words.loadPlain(queued) + count) | 0);
    const end = this._tail(NEXT);
    if (end === 0) this._words.storePlain(this._start + CALLBACK_LIST.head, first);
    else this._words.storePlain(end + RCU_HEAD.next, first);
    this._setTail(NEXT, last);
    this._setLength(this.length() + count);
  }

  private _tail(segment: number): number {
    return this._words.loadPlain(this._start + CALLBACK_LIST.tails + segment);
  }

  private _setTail(segment: number, rcuHead: number): void {
    this._words.storePlain(this._start + CALLBACK_LIST.tails + segment, rcuHead);
  }

  private _sequence(segment: number): number {
    return this._words.loadPlain(this._start + CALLBACK_LIST.sequences + segment - 1);
  }

  private _setSequence(segment: number, sequence: number): void {
    this._words.storePlain(this._start + CALLBACK_LIST.sequences + segment - 1, sequence);
  }

  private _setLength(length: number): void {
    this._words.storePlain(this._start + CALLBACK_LIST.length, length);
  }
}
