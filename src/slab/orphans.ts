/**
 * Orphans: what waits for a grace period and whose thread has left. Any thread takes it over and waits on.
 *
 *     header: orphanLock | orphanSheaves -> sheaf -> 0 | orphanHeads -> RcuHead -> 0 | orphanObjects
 *
 * P1  The lists are written under orphanLock: its release publishes, its acquire observes.
 */
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { RCU_HEAD } from '../layout/thread-slot.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Words } from '../words/words.js';

/** Who takes orphans over. */
export interface Adopter {
  adoptSheaf(sheaf: number): void;
  adoptHeads(first: number, count: number): void;
}

export class Orphans {
  private readonly _words: Words;
  private readonly _lock: RawSpinLock;

  /** @param lock the lock at HEADER.orphanLock */
  constructor(words: Words, lock: RawSpinLock) {
    this._words = words;
    this._lock = lock;
  }

  /** Objects on both lists, as they were at some moment. */
  objects(): number {
    return this._words.loadPlain(HEADER.orphanObjects);
  }

  /**
   * Leaves a list of sheaves, a list of heads, and the number of objects in both.
   * @returns false, and has left nothing, where another thread is at it and the caller may not spin
   */
  put(sheaves: number, heads: number, objects: number, maySpin = true): boolean {
    if (objects === 0) return true;
    const words = this._words;
    if (!this._lock.acquireIf(maySpin)) return false;
    this._prepend(HEADER.orphanSheaves, sheaves, SHEAF.next);
    this._prepend(HEADER.orphanHeads, heads, RCU_HEAD.next);
    words.storePlain(HEADER.orphanObjects, words.loadPlain(HEADER.orphanObjects) + objects);
    // orphans:P1: the release publishes both lists; observed by adopt().
    this._lock.release();
    return true;
  }

  /** Gives everything to `adopter`, unless another thread is at it. */
  adopt(adopter: Adopter): void {
    const words = this._words;
    // orphans:P1: the acquire observes what put() wrote.
    if (this.objects() === 0 || !this._lock.tryAcquire()) return;
    let sheaf = words.loadPlain(HEADER.orphanSheaves);
    const heads = words.loadPlain(HEADER.orphanHeads);
    words.storePlain(HEADER.orphanSheaves, 0);
    words.storePlain(HEADER.orphanHeads, 0);
    words.storePlain(HEADER.orphanObjects, 0);
    this._lock.release();
    while (sheaf !== 0) {
      const next = words.loadPlain(sheaf + SHEAF.next);
      adopter.adoptSheaf(sheaf);
      sheaf = next;
    }
    if (heads !== 0) adopter.adoptHeads(heads, this._lengthOf(heads));
  }

  private _prepend(headWord: number, first: number, nextWord: number): void {
    if (first === 0) return;
    const words = this._words;
    let last = first;
    while (words.loadPlain(last + nextWord) !== 0) last = words.loadPlain(last + nextWord);
    words.storePlain(last + nextWord, words.loadPlain(headWord));
    words.storePlain(headWord, first);
  }

  private _lengthOf(heads: number): number {
    let length = 0;
    for (let head = heads; head !== 0; head = this._words.loadPlain(head + RCU_HEAD.next)) length++;
    return length;
  }
}
