/** What one worker of a torture run works with: its heap, its seat in the control block, its random numbers. */
import { type Heap, OutOfMemoryError, type Words } from '../../src/index.js';
import { type Control, type Hands, IN_TRANSIT, SEAT } from './control.js';
import type { Random } from './random.js';

export interface StageOptions {
  readonly heap: Heap;
  readonly control: Control;
  readonly random: Random;
  readonly seat: number;
  readonly seats: number;
  /** Told of a value that is wrong. */
  readonly onWrong: (text: string) => void;
  /** Joins the heap again, which this thread has left. */
  readonly attach: () => Heap;
}

export class Stage {
  /** Another one after each time that the worker has left the heap and joined again. */
  heap: Heap;
  words: Words;
  readonly random: Random;
  readonly seat: number;
  readonly seats: number;
  private readonly _control: Control;
  private readonly _start: number;
  private readonly _onWrong: (text: string) => void;
  private readonly _attach: () => Heap;

  constructor({ heap, control, random, seat, seats, onWrong, attach }: StageOptions) {
    this.heap = heap;
    this.words = heap.words;
    this.random = random;
    this.seat = seat;
    this.seats = seats;
    this._control = control;
    this._start = control.seat(seat);
    this._onWrong = onWrong;
    this._attach = attach;
  }

  /** Leaves the heap, and joins it again. */
  rejoin(): void {
    this.heap.detach();
    this.heap = this._attach();
    this.words = this.heap.words;
  }

  run(word: number): number {
    return this._control.run(word);
  }

  of(seat: number, word: number): number {
    return this._control.of(seat, word);
  }

  own(word: number): number {
    return this._control.words[this._start + word]!;
  }

  setOwn(word: number, value: number): void {
    this._control.words[this._start + word] = value;
  }

  /** Raises a flag: before whatever this thread looks at next. */
  show(word: number): void {
    Atomics.store(this._control.words, this._start + word, 1);
  }

  /** What tells the memory in a hand from what others have. */
  salt(hand: number): number {
    return (this.seat << 6) | hand;
  }

  count(word: number, by = 1): void {
    this._control.words[this._start + word]! += by;
  }

  wrong(text: string): void {
    this.count(SEAT.wrongValues);
    this._onWrong(`seat ${this.seat}: ${text}`);
  }

  /** One of `hands` that is empty; -1 where all are full. */
  freeHand([first, count]: Hands): number {
    for (let hand = first; hand < first + count; hand++) if (this.own(SEAT.hands + hand) === 0) return hand;
    return -1;
  }

  /** One of `hands` that is full; -1 where none is. */
  fullHand([first, count]: Hands): number {
    const offset = this.random.below(count);
    for (let i = 0; i < count; i++) {
      const hand = first + ((offset + i) % count);
      if (this.own(SEAT.hands + hand) > 0) return hand;
    }
    return -1;
  }

  /**
   * Takes memory into a hand, so that main finds it there after this thread's death; 0 where there is none.
   *
   * @param kind of the memory, 0 and up: what main is to make of a death in the middle
   */
  take(hand: number, kind: number, alloc: () => number): number {
    this.setOwn(SEAT.hands + hand, IN_TRANSIT - kind);
    let p = 0;
    try {
      p = this.orNone(alloc);
      return p;
    } finally {
      this.setOwn(SEAT.hands + hand, p);
    }
  }

  /** Gives memory back out of a hand. */
  give(hand: number, kind: number, free: (p: number) => void): void {
    const p = this.own(SEAT.hands + hand);
    this.setOwn(SEAT.hands + hand, IN_TRANSIT - kind);
    free(p);
    this.setOwn(SEAT.hands + hand, 0);
  }

  /** What `alloc` returns; 0 where there is no memory, which is counted. */
  orNone(alloc: () => number): number {
    try {
      const p = alloc();
      if (p === 0) this.count(SEAT.nolockRefusals);
      return p;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.count(SEAT.refusals);
      return 0;
    }
  }

  /** Does something that needs memory; false where there is none. */
  orRefused(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.count(SEAT.refusals);
      return false;
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof OutOfMemoryError || (error as Error).name === 'GroupLimitError';
}
