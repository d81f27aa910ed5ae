/**
 * GroupStock: what one thread has charged to groups in advance, so that most charges touch no shared word.
 *
 *     slot.stock:  [group, granules] [group, granules] ... STOCK_GROUPS of them, the one used last in front
 *                   ^ what charges and gives back at once looks at this one alone
 *
 * Who may call: the slot's thread, inside a turn: between turns others take what is there (idle-stocks.ts).
 *
 * I1  What a stock holds of a group is charged to it. Granules are 0 to STOCK_GRANULES, and a group stands in one
 *     place only; a place with 0 granules may name a group that is closed.
 * I2  Under `acquired` no code of others runs. So who uses the front place without it, and does nothing in between,
 *     finds the stock whole.
 * I3  What goes from the stock into the hand of an intent, or back, is in one of the two, by one store (INTENT_KIND).
 *
 * Follows mm/memcontrol.c (struct memcg_stock_pcp, consume_stock, refill_stock, drain_stock).
 */
import { STOCK_GRANULES } from '../layout/group-record.js';
import {
  INTENT,
  INTENT_KIND,
  SLOT,
  STOCK,
  STOCK_GRANULES_MASK,
  STOCK_GROUPS,
  STOCK_WORDS,
} from '../layout/thread-slot.js';
import type { LocalTrylock } from '../locks/local-trylock.js';
import type { Intents } from '../threads/intents.js';
import type { Words } from '../words/words.js';
import type { GroupLedger } from './group-ledger.js';
import { swapWithFront } from './stock-moves.js';

export class GroupStock {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _start: number;
  private readonly _acquired: LocalTrylock;
  private readonly _ledger: GroupLedger;
  private readonly _intents: Intents;

  /** @param slot word index of this thread's slot; @param acquired the lock at its SLOT.stockAcquired */
  constructor(words: Words, slot: number, acquired: LocalTrylock, ledger: GroupLedger, intents: Intents) {
    this._words = words;
    this._slot = slot;
    this._start = slot + SLOT.stock;
    this._acquired = acquired;
    this._ledger = ledger;
    this._intents = intents;
  }

  /**
   * Takes `granules` of a group out of the stock, into the hand of an intent; false where it does not hold as many, or is
   * in use.
   */
  consume(frame: number, record: number, granules: number): boolean {
    if (granules > STOCK_GRANULES || !this._acquired.tryAcquire()) return false;
    const isEnough = this._bringToFront(record) && this._held() >= granules;
    if (isEnough) this._ledger.takeFrom(frame, this._start, this._held(), this._held() - granules);
    this._acquired.release();
    return isEnough;
  }

  /**
   * Puts `granules` that an intent has in hand into the stock. What is too much for it, and everything where the stock is
   * in use, is uncharged instead.
   */
  put(frame: number, record: number, granules: number): void {
    if (granules > STOCK_GRANULES || !this._acquired.tryAcquire()) {
      this._ledger.uncharge(frame, record, granules);
      return;
    }
    if (!this._bringToFront(record)) this._takeFront(record);
    const sum = this._held() + granules;
    // Half of a full stock goes: what follows, a charge or another of these, finds room.
    const kept = sum <= STOCK_GRANULES ? sum : STOCK_GRANULES >> 1;
    this._hold(frame, sum, kept);
    this._acquired.release();
    if (sum > kept) this._ledger.uncharge(frame, record, sum - kept);
  }

  /** As put(), of all but `rest` granules, which are in hand then; the stock is not in use, and has room. */
  putAllBut(frame: number, record: number, granules: number, rest: number): void {
    this._acquired.acquire();
    if (!this._bringToFront(record)) this._takeFront(record);
    const sum = this._held() + granules;
    this._hold(frame, sum, sum - rest);
    this._acquired.release();
  }

  /** True where this thread is in the middle of using the stock: then a hook has come back. */
  isInUse(): boolean {
    return this._acquired.isAcquired();
  }

  /** Uncharges everything that the stock holds; returns how many granules that was. */
  drain(): number {
    if (!this._acquired.tryAcquire()) return 0;
    let granules = 0;
    for (let i = 0; i < STOCK_GROUPS; i++) granules += this._ledger.drainPlace(this._start + i * STOCK_WORDS);
    this._acquired.release();
    return granules;
  }

  /** Exchanges the place of a group with the front place; false where it has none. */
  private _bringToFront(record: number): boolean {
    const words = this._words;
    for (let i = 0; i < STOCK_GROUPS; i++) {
      const place = this._start + i * STOCK_WORDS;
      if (words.loadPlain(place + STOCK.group) !== record) continue;
      if (i !== 0) swapWithFront(words, this._slot, place, record, words.loadPlain(place + STOCK.granules));
      return true;
    }
    return false;
  }

  /** Gives a group the front place; the one that was there goes to a place without granules, or to the last. */
  private _takeFront(record: number): void {
    const place = this._freePlace();
    this._ledger.drainPlace(place);
    swapWithFront(this._words, this._slot, place, record, 0);
  }

  private _freePlace(): number {
    const last = this._start + (STOCK_GROUPS - 1) * STOCK_WORDS;
    for (let place = this._start; place < last; place += STOCK_WORDS) {
      if ((this._words.loadPlain(place + STOCK.granules) & STOCK_GRANULES_MASK) === 0) return place;
    }
    return last;
  }

  private _held(): number {
    return this._words.loadPlain(this._start + STOCK.granules) & STOCK_GRANULES_MASK;
  }

  /** The front holds `sum`, with all that was in hand; of that `kept` stays, and the rest is in hand again. */
  private _hold(frame: number, sum: number, kept: number): void {
    const words = this._words;
    if (frame !== 0) {
      words.storePlain(frame + INTENT.c, sum);
      words.storePlain(frame + INTENT.d, this._start + STOCK.granules);
    }
    // I3: from here on all is in the stock.
    this._intents.become(frame, INTENT_KIND.stock);
    if (frame !== 0) words.storePlain(frame + INTENT.b, sum - kept);
    words.storePlain(this._start + STOCK.granules, kept);
    // I3: and here the rest is in hand.
    this._intents.become(frame, sum > kept ? INTENT_KIND.charge : INTENT_KIND.nothing);
  }
}
