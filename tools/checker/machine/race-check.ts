/**
 * Happens-before between accesses, by vector clocks: which accesses to one word are not ordered by what the
 * threads did before, and whether one of them is plain.
 *
 *     clock[t][u]   the last step of thread u that thread t has seen the effects of
 *     release[w]    the clock of the last atomic write to word w; whoever reads it atomically sees that far
 *
 * Two accesses of different threads to one word, one of them a write, that no clock orders:
 *     both atomic      their order decides what happens: the word is one whose steps must be interleaved
 *     one plain        a data race
 *
 * Follows FastTrack (Flanagan and Freund, 2009), with atomics as ECMAScript has them: a read synchronizes
 * with the write that it reads from, and with nothing else.
 */

import { mix } from './memory.js';

/** What an access is unordered with. */
export const ORDERED = 0;
export const UNORDERED = 1;
export const DATA_RACE = 2;
export type Ordering = typeof ORDERED | typeof UNORDERED | typeof DATA_RACE;

export class RaceCheck {
  /** The other thread of the last pair that was not ordered. */
  other = 0;
  private readonly _threads: number;
  private readonly _clocks: Int32Array;
  /** Per word: the clock released there, or nothing. */
  private readonly _release: (Int32Array | undefined)[] = [];
  private readonly _atomicReads: Int32Array;
  private readonly _plainReads: Int32Array;
  private readonly _atomicWrites: Int32Array;
  private readonly _plainWrites: Int32Array;

  constructor(threads: number, lengthWords: number) {
    this._threads = threads;
    this._clocks = new Int32Array(threads * threads);
    const cells = threads * lengthWords;
    this._atomicReads = new Int32Array(cells);
    this._plainReads = new Int32Array(cells);
    this._atomicWrites = new Int32Array(cells);
    this._plainWrites = new Int32Array(cells);
  }

  /** All threads start; nothing has happened but what is before all of them. */
  start(): void {
    this._clocks.fill(0);
    for (let t = 0; t < this._threads; t++) this._clocks[t * this._threads + t] = 1;
  }

  /** Forgets all accesses to a word. */
  forget(word: number): void {
    this._release[word] = undefined;
    for (let cell = word * this._threads, t = 0; t < this._threads; t++, cell++) {
      this._atomicReads[cell] = 0;
      this._plainReads[cell] = 0;
      this._atomicWrites[cell] = 0;
      this._plainWrites[cell] = 0;
    }
  }

  /** Notes a read, after which the thread has seen what an atomic one synchronizes with. */
  read(thread: number, word: number, atomic: boolean): Ordering {
    let ordering = this._against(this._plainWrites, thread, word, DATA_RACE);
    ordering |= this._against(this._atomicWrites, thread, word, atomic ? UNORDERED : DATA_RACE);
    const time = this._clocks[thread * this._threads + thread]!;
    (atomic ? this._atomicReads : this._plainReads)[word * this._threads + thread] = time;
    if (atomic) this.acquire(thread, word);
    return severest(ordering);
  }

  /** Notes a write, which publishes all that the thread has done where it is atomic. */
  write(thread: number, word: number, atomic: boolean): Ordering {
    const other = atomic ? UNORDERED : DATA_RACE;
    let ordering = this._against(this._plainWrites, thread, word, DATA_RACE);
    ordering |= this._against(this._plainReads, thread, word, DATA_RACE);
    ordering |= this._against(this._atomicWrites, thread, word, other);
    ordering |= this._against(this._atomicReads, thread, word, other);
    const time = this._clocks[thread * this._threads + thread]!;
    (atomic ? this._atomicWrites : this._plainWrites)[word * this._threads + thread] = time;
    if (atomic) this._publish(thread, word);
    // Whoever reads what a plain store wrote synchronizes with nobody.
    else this._release[word] = undefined;
    return severest(ordering);
  }

  /** Notes a read-modify-write. */
  update(thread: number, word: number): Ordering {
    // The write is checked against what the thread had seen before it read.
    const before = this.read(thread, word, true);
    if (before !== ORDERED) {
      this.write(thread, word, true);
      return before;
    }
    return this.write(thread, word, true);
  }

  /** `thread` sees everything that was published through `word`. */
  acquire(thread: number, word: number): void {
    const released = this._release[word];
    if (released === undefined) return;
    const row = thread * this._threads;
    for (let u = 0; u < this._threads; u++) {
      if (released[u]! > this._clocks[row + u]!) this._clocks[row + u] = released[u]!;
    }
  }

  /** `thread` sees everything that `other` has done: it has waited for its end, or was woken by it. */
  join(thread: number, other: number): void {
    for (let u = 0; u < this._threads; u++) {
      const seen = this._clocks[other * this._threads + u]!;
      if (seen > this._clocks[thread * this._threads + u]!) this._clocks[thread * this._threads + u] = seen;
    }
    this._clocks[other * this._threads + other]!++;
  }

  /** A number for what each thread has seen of the others. */
  hash(): number {
    let hash = 0;
    for (let cell = 0; cell < this._clocks.length; cell++) hash = mix(hash, this._clocks[cell]!, cell);
    return hash;
  }

  private _publish(thread: number, word: number): void {
    const row = thread * this._threads;
    let release = this._release[word];
    if (release === undefined) {
      release = new Int32Array(this._threads);
      this._release[word] = release;
    }
    for (let u = 0; u < this._threads; u++) release[u] = this._clocks[row + u]!;
    this._clocks[row + thread]!++;
  }

  /** `verdict` when another thread's noted access is not before what `thread` has seen. */
  private _against(accesses: Int32Array, thread: number, word: number, verdict: Ordering): number {
    const cells = word * this._threads;
    const row = thread * this._threads;
    for (let u = 0; u < this._threads; u++) {
      if (u === thread || accesses[cells + u]! <= this._clocks[row + u]!) continue;
      this.other = u;
      return verdict;
    }
    return ORDERED;
  }
}

function severest(orderings: number): Ordering {
  if ((orderings & DATA_RACE) !== 0) return DATA_RACE;
  return (orderings & UNORDERED) !== 0 ? UNORDERED : ORDERED;
}
