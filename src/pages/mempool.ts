/**
 * Mempool: allocations that must not fail: a few elements are kept for when the heap has none.
 *
 *     alloc:  the heap, without waiting -> an element of the pool -> the heap, with reclaim -> wait for one to come back
 *     free:   the pool, while it keeps fewer than its minimum -> the heap
 *             pool busy and the caller may not spin -> the pool's deferred list, from which the next that has the lock takes
 *             what there is room for; the rest stays there until somebody takes an element
 *
 * Where the caller may wait, and every element that was taken comes back in the end, alloc() does not fail. Who may
 * not wait gets an element while there is one, in any context.
 *
 * Who may call: any thread of the heap. Inside the lock nothing is allocated, freed or waited for.
 *
 * I1  (mempool-record:I1) objects[0 .. elements - 1] are the pool's, and what is on its deferred list.
 * I2  (mempool-record:I3) a deferred element is noted in `drained` from before it leaves its list until it is in the pool.
 * P1  (mempool-record:P1) elements: stored under the lock, looked at without it by free().
 * P2  (mempool-record:P2) deferred: push publishes the element's first word; observed by loading its address.
 * P3  (mempool-record:P3) returns: added to after the element is in the pool, loaded before one is looked for.
 *
 * Follows mm/mempool.c (mempool_alloc, mempool_free).
 */
import { MEMPOOL } from '../layout/mempool-record.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { llistAdd } from '../words/llist.js';
import type { AsyncWait, Words } from '../words/words.js';

/** Longest sleep without another look at the heap. */
export const MEMPOOL_SLICE_MILLIS = 5000;

/** Where elements come from and go to when the pool has none, or its fill. */
export interface ElementSource {
  /** Gives an element back to the heap. */
  free(p: number, maySpin: boolean): void;
}

/** Tells the time, of the host. */
export interface Clock {
  nowMillis(): number;
}

const EVERYBODY = 0x7fffffff;

export class ElementPool {
  private readonly _words: Words;
  private readonly _record: number;
  private readonly _lock: RawSpinLock;
  private readonly _source: ElementSource;
  private readonly _sliceMillis: number;

  /**
   * @param record      index of the pool's record; `lock` is the lock at its MEMPOOL.lock
   * @param sliceMillis longest sleep without another look at the heap
   */
  constructor(
    words: Words,
    record: number,
    lock: RawSpinLock,
    source: ElementSource,
    sliceMillis = MEMPOOL_SLICE_MILLIS,
  ) {
    this._words = words;
    this._record = record;
    this._lock = lock;
    this._source = source;
    this._sliceMillis = sliceMillis;
  }

  /** How many elements it keeps, those on the deferred list left out; as it was at some moment. */
  elements(): number {
    // Publishes nothing: a number.
    return this._words.load(this._record + MEMPOOL.elements);
  }

  /** Takes an element; 0 when there is none, or the lock is busy and the caller may not spin. */
  take(maySpin: boolean): number {
    // mempool-record:P1: the acquire observes the elements.
    if (!this._lock.acquireIf(maySpin)) return 0;
    this._adoptDeferred();
    const words = this._words;
    const left = words.loadPlain(this._record + MEMPOOL.elements) - 1;
    const p = left < 0 ? 0 : words.loadPlain(this._record + MEMPOOL.objects + left);
    // P1: observed by put(): what was taken from here is missing from the number.
    if (p !== 0) words.store(this._record + MEMPOOL.elements, left);
    this._lock.release();
    return p;
  }

  /** Gives an element back: to the pool while it keeps too few, and wakes who waits for one; else to the heap. */
  put(p: number, maySpin: boolean): void {
    const words = this._words;
    // P1: sees at least what this thread knows to be taken.
    if (words.load(this._record + MEMPOOL.elements) >= words.loadPlain(this._record + MEMPOOL.minimum)) {
      this._source.free(p, maySpin);
      return;
    }
    let isOver = false;
    if (this._lock.acquireToGive(maySpin)) {
      this._adoptDeferred();
      isOver = !this._push(p);
      // mempool-record:P1: publishes the element.
      this._lock.release();
    } else {
      // P2: publishes the element's first word; observed by _adoptDeferred().
      llistAdd(words, this._record + MEMPOOL.deferred, p, p);
    }
    // P3: the element first. Everybody: one that is woken may have given up, or died.
    words.add(this._record + MEMPOOL.returns, 1);
    words.notify(this._record + MEMPOOL.returns, EVERYBODY);
    if (isOver) this._source.free(p, maySpin);
  }

  /**
   * Takes an element, or what `tryHeap` finds, sleeping until there is one.
   *
   * @param tryHeap asked before each sleep, in no lock
   * @returns       0 after `limitMillis`
   *
   * Context  Threads that may wait; `tryHeap` leaves this thread's turns before it returns 0.
   */
  takeSync(tryHeap: () => number, clock: Clock, limitMillis: number): number {
    const deadline = clock.nowMillis() + limitMillis;
    for (let left = limitMillis; ; left = deadline - clock.nowMillis()) {
      const seen = this.returns();
      const p = this.take(true);
      if (p !== 0) return p;
      const q = tryHeap();
      if (q !== 0 || left <= 0) return q;
      // P3: not at all where something has come back.
      this._words.wait(this._record + MEMPOOL.returns, seen, Math.min(left, this._sliceMillis));
    }
  }

  /** What to sleep on: to be asked for before take(). */
  returns(): number {
    // P3: before an element is looked for.
    return this._words.load(this._record + MEMPOOL.returns);
  }

  /** Sleeps until something has come back since returns() said `seen`; undefined where the engine cannot. */
  sleepAsync(seen: number, millis: number): AsyncWait | undefined {
    return this._words.waitAsync(this._record + MEMPOOL.returns, seen, millis);
  }

  /** Ends the sleep of this thread's own tasks, and of others, which look again. */
  wakeAll(): void {
    this._words.notify(this._record + MEMPOOL.returns, EVERYBODY);
  }

  /** Under the lock: false where the pool has its fill. */
  private _push(p: number): boolean {
    const words = this._words;
    const elements = words.loadPlain(this._record + MEMPOOL.elements);
    if (elements >= words.loadPlain(this._record + MEMPOOL.minimum)) return false;
    words.storePlain(this._record + MEMPOOL.objects + elements, p);
    // P1: observed by put() without the lock.
    words.store(this._record + MEMPOOL.elements, elements + 1);
    return true;
  }

  /** Under the lock: takes in what was given back meanwhile, as far as there is room. */
  private _adoptDeferred(): void {
    const words = this._words;
    while (
      words.loadPlain(this._record + MEMPOOL.elements) < words.loadPlain(this._record + MEMPOOL.minimum)
    ) {
      if (!popDeferred(words, this._record)) return;
      this._push(words.loadPlain(this._record + MEMPOOL.drained));
      words.storePlain(this._record + MEMPOOL.drained, 0);
    }
  }
}

/**
 * Makes a pool whole, for who has taken its lock from the dead: a deferred element that was on the way is on its list, or in
 * the pool.
 */
export function repairPool(words: Words, record: number): void {
  const p = words.loadPlain(record + MEMPOOL.drained);
  if (p === 0) return;
  const elements = words.loadPlain(record + MEMPOOL.elements);
  const isIn = elements > 0 && words.loadPlain(record + MEMPOOL.objects + elements - 1) === p;
  if (!isIn && !isDeferred(words, record, p)) {
    // It has left its list for the room that there was, and is.
    words.storePlain(record + MEMPOOL.objects + elements, p);
    // P1: observed by put() without the lock.
    words.store(record + MEMPOOL.elements, elements + 1);
  }
  words.storePlain(record + MEMPOOL.drained, 0);
}

/** Under the lock: notes the first deferred element in `drained`, and takes it off its list; false where there is none. */
function popDeferred(words: Words, record: number): boolean {
  for (;;) {
    // P2: observes the element's first word.
    const p = words.load(record + MEMPOOL.deferred);
    if (p === 0) return false;
    words.storePlain(record + MEMPOOL.drained, p);
    // Publishes nothing: others only add in front of it, so what it leads to stays.
    if (words.compareExchange(record + MEMPOOL.deferred, p, words.loadPlain(p)) === p) return true;
  }
}

function isDeferred(words: Words, record: number, p: number): boolean {
  // P2: observes the elements' first words.
  let at = words.load(record + MEMPOOL.deferred);
  while (at !== 0 && at !== p) at = words.loadPlain(at);
  return at !== 0;
}
