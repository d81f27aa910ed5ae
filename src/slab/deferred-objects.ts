/**
 * DeferredObjects: objects of one cache that were freed where no lock could be had. Any thread pushes, in any context;
 * who holds the cache's listLock and may spin takes them all, and puts them on their slabs.
 *
 *     deferred -> object -> object -> 0      an llist, through the word of the object that links it
 *
 * I1  (cache-record:I3) an object on the list counts as in use on its slab.
 * P1  (cache-record:P2) push publishes the object's link, takeAll observes it.
 *
 * Follows mm/slub.c (defer_free, free_deferred_objects).
 */
import { CACHE } from '../layout/cache-record.js';
import { llistAdd, llistDelAll } from '../words/llist.js';
import type { Words } from '../words/words.js';

export class DeferredObjects {
  private readonly _words: Words;
  private readonly _record: number;
  private readonly _link: number;

  /** @param record index of the cache's record; @param link the word of an object that links it (CACHE.linkOffset) */
  constructor(words: Words, record: number, link = 0) {
    this._words = words;
    this._record = record;
    this._link = link;
  }

  /** Puts an object on the list. Neither spins nor waits. */
  push(object: number): void {
    // P1: publishes the object's link; observed by takeAll().
    llistAdd(this._words, this._record + CACHE.deferred, object, object + this._link);
    // Counter only.
    this._words.add(this._record + CACHE.deferredFrees, 1);
  }

  /** Takes the whole list: its first object, which leads to the others; 0 when there is none. */
  takeAll(): number {
    const list = this._record + CACHE.deferred;
    // A stale 0 only leaves the objects to the next caller.
    if (this._words.loadPlain(list) === 0) return 0;
    // P1: observes each object's link.
    return llistDelAll(this._words, list);
  }
}
