/**
 * DeferredObjects: objects of one cache that were freed where no lock could be had. Any thread pushes, in any context;
 * who holds the cache's listLock and may spin takes them all, and puts them on their slabs.
 *
 *     deferred -> object -> object -> 0      through the objects' first word
 *
 * A push tries again only when another thread has pushed, or taken all, in between: as often as there are other
 * threads in the middle of the same, and each of those has then moved on.
 *
 * I1  (cache-record:I3) an object on the list counts as in use on its slab.
 * P1  (cache-record:P2) push publishes the object's first word, takeAll observes it.
 *
 * Follows mm/slub.c (defer_free, free_deferred_objects).
 */
import { CACHE } from '../layout/cache-record.js';
import type { Words } from '../words/words.js';

export class DeferredObjects {
  private readonly _words: Words;
  private readonly _record: number;

  /** @param record index of the cache's record */
  constructor(words: Words, record: number) {
    this._words = words;
    this._record = record;
  }

  /** Puts an object on the list. Neither spins nor waits. */
  push(object: number): void {
    const words = this._words;
    const list = this._record + CACHE.deferred;
    // P1: a first look; the compareExchange below decides.
    let head = words.load(list);
    for (;;) {
      words.storePlain(object, head);
      // P1: publishes the object's first word; observed by takeAll().
      const found = words.compareExchange(list, head, object);
      if (found === head) break;
      head = found;
    }
    // Counter only.
    words.add(this._record + CACHE.deferredFrees, 1);
  }

  /** Takes the whole list: its first object, which leads to the others; 0 when there is none. */
  takeAll(): number {
    const list = this._record + CACHE.deferred;
    // A stale 0 only leaves the objects to the next caller.
    if (this._words.loadPlain(list) === 0) return 0;
    // P1: observes each object's first word.
    return this._words.exchange(list, 0);
  }
}
