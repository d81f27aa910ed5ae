/**
 * Barn: the full and the empty sheaves of one cache that all threads share, under its barnLock.
 *
 *     fullHead -> sheaf -> sheaf -> 0        emptyHead -> sheaf -> 0        at most barnSheaves each
 *
 * Who may call: any thread, holding no lock of rank barnLock or above.
 *
 * I1  (cache-record:I1) a sheaf on the full list holds at least one object, one on the empty list none.
 * I2  (sheaf-record:I2) a sheaf has its holder before it is off its list, and loses it when it is on one. So where the
 *     lock's owner is found dead, what is on a list is the barn's, whatever else it says (cache-repair.ts).
 * P1  (cache-record:P1) what a thread wrote into a sheaf is published by the lock's release.
 *
 * Follows mm/slub.c (struct node_barn, barn_replace_empty_sheaf, barn_put_full_sheaf).
 */
import { CACHE } from '../layout/cache-record.js';
import { SHEAF, SHEAF_HOLDER } from '../layout/sheaf-record.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Words } from '../words/words.js';

export class Barn {
  private readonly _words: Words;
  private readonly _record: number;
  private readonly _lock: RawSpinLock;
  private readonly _maxSheaves: number;
  private readonly _holder: number;

  /**
   * @param record index of the cache's record; @param lock the lock at its CACHE.barnLock
   * @param holder SHEAF.holder of the sheaves that this thread has
   */
  constructor(words: Words, record: number, lock: RawSpinLock, maxSheaves: number, holder: number) {
    this._words = words;
    this._record = record;
    this._lock = lock;
    this._maxSheaves = maxSheaves;
    this._holder = holder;
  }

  /** Takes a full sheaf; 0 when there is none, or the lock is busy and the caller may not spin. */
  takeFull(maySpin: boolean): number {
    return this._take(CACHE.fullHead, CACHE.fullSheaves, maySpin);
  }

  /** Takes an empty sheaf; 0 as takeFull. */
  takeEmpty(maySpin: boolean): number {
    return this._take(CACHE.emptyHead, CACHE.emptySheaves, maySpin);
  }

  /** Puts a sheaf that holds objects; false when the barn has its fill, or the lock is busy, or not to be had at all. */
  putFull(sheaf: number, maySpin: boolean): boolean {
    return this._put(sheaf, CACHE.fullHead, CACHE.fullSheaves, maySpin);
  }

  /** Puts a sheaf that holds none; false as putFull. */
  putEmpty(sheaf: number, maySpin: boolean): boolean {
    return this._put(sheaf, CACHE.emptyHead, CACHE.emptySheaves, maySpin);
  }

  private _take(headWord: number, countWord: number, maySpin: boolean): number {
    const words = this._words;
    const head = this._record + headWord;
    // A look without the lock: a stale 0 costs a slower way, nothing else.
    // cache-record:P1: the acquire observes what the sheaf's last owner wrote into it.
    if (words.loadPlain(head) === 0 || !this._lock.acquireIf(maySpin)) return 0;
    const sheaf = words.loadPlain(head);
    if (sheaf !== 0) {
      words.storePlain(sheaf + SHEAF.holder, this._holder);
      words.storePlain(head, words.loadPlain(sheaf + SHEAF.next));
      words.storePlain(this._record + countWord, words.loadPlain(this._record + countWord) - 1);
    }
    this._lock.release();
    return sheaf;
  }

  private _put(sheaf: number, headWord: number, countWord: number, maySpin: boolean): boolean {
    const words = this._words;
    const count = this._record + countWord;
    // A look without the lock: the one under it decides.
    if (words.loadPlain(count) >= this._maxSheaves || !this._lock.acquireToGive(maySpin)) return false;
    const room = words.loadPlain(count) < this._maxSheaves;
    if (room) {
      words.storePlain(sheaf + SHEAF.next, words.loadPlain(this._record + headWord));
      words.storePlain(this._record + headWord, sheaf);
      words.storePlain(count, words.loadPlain(count) + 1);
      words.storePlain(sheaf + SHEAF.holder, SHEAF_HOLDER.nobody);
    }
    // cache-record:P1: the release publishes the sheaf; observed by the thread that takes it.
    this._lock.release();
    return room;
  }
}
