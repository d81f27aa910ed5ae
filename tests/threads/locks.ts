/**
 * The scene of the test of locks, which all its threads change: plain words that show when two were inside at once.
 *
 *     0 counter | 1 ~counter | 2 last visitor | 3 crowd | 4 arrived | 5 whose turn | 6 never woken
 *     16 + 16 n: 1 or 2 while thread n is inside
 *
 * Who may call: each thread for itself, once it holds the lock in question.
 *
 * I1  Word 16 + 16 n is written by thread n alone, inside the lock. So the lock itself makes it visible to others.
 */
import type { Address, HeapHandle, Words } from '../../src/index.js';

/** Locks, and ways of taking them. */
export type LockUse =
  | 'Mutex, lockSync()'
  | 'Mutex, lock()'
  | 'Mutex, lockSync() in some threads and lock() in others'
  | 'Mutex, lockSync() while a task of the thread waits for lock()'
  | 'RwLock, readSync() and writeSync()'
  | 'RwLock, read() and write()'
  | 'Semaphore of 2, acquireSync()'
  | 'Semaphore of 2, acquire()'
  | 'SpinLock'
  | 'RawSpinLock'
  | 'SeqLock, read() and write()'
  | 'CondVar, waitSync()'
  | 'CondVar, wait()';

export interface LocksBriefing {
  readonly handle: HeapHandle;
  readonly use: LockUse;
  readonly scene: Address;
  readonly threads: number;
  /** Of each thread. */
  readonly acquisitions: number;
}

/** What one thread has seen. */
export interface LocksResult {
  readonly acquisitions: number;
  /** Those that changed the counter. */
  readonly changes: number;
  /** Times at which another thread had been inside before. */
  readonly turnovers: number;
  readonly longestMillis: number;
  /** Waits of SLOW_MILLIS and more: as long as a sleeper sleeps that nobody wakes. */
  readonly slowWaits: number;
}

export const SLOW_MILLIS = 900;
export const SCENE_WORDS = 512;
/** A word that no other thread's words share a line with. */
export const LOCK_WORD = SCENE_WORDS - 16;

const COUNTER = 0;
const COMPLEMENT = 1;
const LAST = 2;
const CROWD = 3;
const ARRIVED = 4;
const TURN = 5;
const NEVER_WOKEN = 6;
const INSIDE = 16;
const INSIDE_WORDS = 16;
const READS = 1;
const WRITES = 2;
/** Long enough for another thread to be seen inside. */
const WORK = 10;
/** Once in so many visits a thread sleeps inside, so that others find the lock taken, on one processor as well. */
const VISITS_A_REST = 128;
const REST_MILLIS = 0.05;

export class Scene {
  changes = 0;
  turnovers = 0;
  private readonly _words: Words;
  private readonly _start: number;
  private readonly _threads: number;
  private readonly _me: number;
  private _visits = 0;

  constructor(words: Words, start: number, threads: number, me: number) {
    this._words = words;
    this._start = start;
    this._threads = threads;
    this._me = me;
  }

  /** Waits until all threads have come: from then on they are in each other's way. */
  meetOthers(): void {
    const word = this._start + ARRIVED;
    const goal = this._words.add(word, 1) + 1;
    const all = Math.ceil(goal / this._threads) * this._threads;
    for (let seen = goal; seen < all; seen = this._words.load(word)) this._words.wait(word, seen, 1000);
    this._words.notify(word, this._threads);
  }

  /** For one that must be alone. */
  change(): void {
    const words = this._words;
    this._enter(WRITES);
    this._requireNobody(READS | WRITES);
    const counter = this._readCounter();
    words.storePlain(this._start + COUNTER, (counter + 1) | 0);
    this._stay();
    for (let i = 0; i < WORK; i++) this._requireNobody(READS | WRITES);
    words.storePlain(this._start + COMPLEMENT, ~(counter + 1));
    if (words.loadPlain(this._start + LAST) !== this._me) this.turnovers++;
    words.storePlain(this._start + LAST, this._me);
    this.changes++;
    this._leave();
  }

  /** For one that may be among others which only look. */
  look(): void {
    this._enter(READS);
    this._stay();
    for (let i = 0; i < WORK; i++) this._requireNobody(WRITES);
    this._readCounter();
    this._leave();
  }

  /** For one of at most `most`. Returns how many there were. */
  joinCrowd(most: number): number {
    const words = this._words;
    const crowd = words.add(this._start + CROWD, 1) + 1;
    if (crowd > most) throw new Error(`${crowd} threads were inside, of at most ${most}`);
    this._stay();
    words.add(this._start + CROWD, -1);
    if (words.loadPlain(this._start + LAST) !== this._me) this.turnovers++;
    words.storePlain(this._start + LAST, this._me);
    return crowd;
  }

  /** Number of the thread whose turn it is. */
  turn(): number {
    return this._words.loadPlain(this._start + TURN);
  }

  /** Gives the turn to the next thread, and returns its number. */
  passTurn(): number {
    const next = (this._me + 1) % this._threads;
    this._words.storePlain(this._start + TURN, next);
    return next;
  }

  /** How often the counter was changed by all together. */
  counted(): number {
    return this._readCounter();
  }

  /** Now and then for so long that others come. */
  private _stay(): void {
    if (++this._visits % VISITS_A_REST !== 0) return;
    this._words.wait(this._start + NEVER_WOKEN, 0, REST_MILLIS);
  }

  private _enter(as: number): void {
    this._words.storePlain(this._start + INSIDE + this._me * INSIDE_WORDS, as);
  }

  private _leave(): void {
    this._words.storePlain(this._start + INSIDE + this._me * INSIDE_WORDS, 0);
  }

  private _requireNobody(as: number): void {
    for (let thread = 0; thread < this._threads; thread++) {
      if (thread === this._me) continue;
      const inside = this._words.loadPlain(this._start + INSIDE + thread * INSIDE_WORDS);
      if ((inside & as) === 0) continue;
      throw new Error(`thread ${thread} is inside (${inside}) while thread ${this._me} is`);
    }
  }

  private _readCounter(): number {
    const counter = this._words.loadPlain(this._start + COUNTER);
    const complement = this._words.loadPlain(this._start + COMPLEMENT);
    if (counter === ~complement) return counter;
    throw new Error(`thread ${this._me} finds counter ${counter} beside complement ${complement}`);
  }
}

/** Makes the words of a scene as they are before the first thread comes. */
export function prepareScene(words: Words, start: number): void {
  words.fillPlain(start, start + SCENE_WORDS, 0);
  words.storePlain(start + COMPLEMENT, -1);
  words.storePlain(start + LAST, -1);
}
