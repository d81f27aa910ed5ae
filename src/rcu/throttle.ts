/**
 * Throttle: slows down a thread that posts deferred frees faster than grace periods end, between its turns.
 *
 *     turn ends -> own waitingWords > maxWaitingWords / live threads? -> sleep, drive, free what is done; again
 *                                                                        until it is below, MOST_ROUNDS times at most
 *
 * Who waits is who posts: the others' readers need the time that this thread does not use. A thread goes on after its
 * rounds also where nothing has come free: it is slowed down, not stopped, for the turn that holds up the grace period
 * may be waiting for it.
 *
 * Who may call: the slot's thread, between its turns. Never waits where the thread may not, nor while another turn of
 * the thread is open, which would hold up a grace period itself.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import type { ThreadContext } from '../threads/context.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';

/** Sleeps of one turn's end, of at most pollMillis each. */
export const MOST_ROUNDS = 8;

export class Throttle {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slot: number;
  private readonly _host: Host;
  private readonly _context: ThreadContext;

  /** @param slot word index of this thread's slot */
  constructor(words: Words, geometry: Geometry, slot: number, host: Host, context: ThreadContext) {
    this._words = words;
    this._geometry = geometry;
    this._slot = slot;
    this._host = host;
    this._context = context;
  }

  /**
   * Waits while this thread has more waiting than its share.
   *
   * @param advance one step of everything; false when nothing waits any more
   */
  slowDown(advance: () => boolean): void {
    if (!this._isOver() || !this._mayWait()) return;
    this._count();
    // What is called in between may begin turns of other heaps: _mayWait() is asked each time.
    const words = this._words;
    for (let round = 0; round < MOST_ROUNDS && this._isOver() && this._mayWait(); round++) {
      // Publishes nothing: the number to sleep on; the end of a grace period changes it and wakes.
      const sequence = words.load(HEADER.gracePeriodSequence);
      words.wait(HEADER.gracePeriodSequence, sequence, this._geometry.pollMillis);
      if (!advance()) return;
    }
  }

  private _isOver(): boolean {
    const { maxWaitingWords, slots } = this._geometry;
    if (maxWaitingWords === 0) return false;
    const waiting = this._words.loadPlain(this._slot + SLOT.waitingWords);
    // Nearly always below the share that it would have if all slots were taken: then nobody is counted.
    return waiting * slots > maxWaitingWords && waiting * this._liveThreads() > maxWaitingWords;
  }

  private _liveThreads(): number {
    // Publishes nothing: a thread that joins meanwhile is counted the next time.
    const claimed = this._words.load(HEADER.slotsClaimed);
    let live = 0;
    for (let slot = 0; slot < claimed; slot++) {
      const state = this._words.load(slotStart(this._geometry, slot) + SLOT.state);
      if (state === SLOT_STATE.live) live++;
    }
    return live;
  }

  private _mayWait(): boolean {
    if (this._context.waitRight() !== 'may-wait') return false;
    for (const entered of this._host.entered) if (entered.isOpen()) return false;
    return true;
  }

  private _count(): void {
    const word = this._slot + SLOT.throttled;
    this._words.storePlain(word, this._words.loadPlain(word) + 1);
  }
}
