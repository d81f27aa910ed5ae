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
 *
 * Follows mm/memcontrol.c (struct memcg_stock_pcp, consume_stock, refill_stock, drain_stock).
 */
import { STOCK_GRANULES } from '../layout/group-record.js';
import { SLOT, STOCK, STOCK_GROUPS, STOCK_WORDS } from '../layout/thread-slot.js';
import type { LocalTrylock } from '../locks/local-trylock.js';
import type { Words } from '../words/words.js';
import { uncharge } from './group-counter.js';

export class GroupStock {
  private readonly _words: Words;
  private readonly _start: number;
  private readonly _acquired: LocalTrylock;

  /** @param slot word index of this thread's slot; @param acquired the lock at its SLOT.stockAcquired */
  constructor(words: Words, slot: number, acquired: LocalTrylock) {
    this._words = words;
    this._start = slot + SLOT.stock;
    this._acquired = acquired;
  }

  /** Takes `granules` of a group out of the stock; false where it does not hold as many, or is in use. */
  consume(record: number, granules: number): boolean {
    if (granules > STOCK_GRANULES || !this._acquired.tryAcquire()) return false;
    const isEnough = this._bringToFront(record) && this._held() >= granules;
    if (isEnough) this._hold(this._held() - granules);
    this._acquired.release();
    return isEnough;
  }

  /**
   * Puts `granules` that are charged to a group into the stock. What is too much for it, and everything where the
   * stock is in use, is uncharged instead.
   */
  put(record: number, granules: number): void {
    if (granules > STOCK_GRANULES || !this._acquired.tryAcquire()) {
      uncharge(this._words, record, granules);
      return;
    }
    if (!this._bringToFront(record)) this._takeFront(record);
    const sum = this._held() + granules;
    // Half of a full stock goes: what follows, a charge or another of these, finds room.
    const kept = sum <= STOCK_GRANULES ? sum : STOCK_GRANULES >> 1;
    this._hold(kept);
    this._acquired.release();
    if (sum > kept) uncharge(this._words, record, sum - kept);
  }

  /** Uncharges everything that the stock holds; returns how many granules that was. */
  drain(): number {
    if (!this._acquired.tryAcquire()) return 0;
    let granules = 0;
    for (let i = 0; i < STOCK_GROUPS; i++) granules += this._drainPlace(this._start + i * STOCK_WORDS);
    this._acquired.release();
    return granules;
  }

  private _drainPlace(place: number): number {
    const words = this._words;
    const granules = words.loadPlain(place + STOCK.granules);
    if (granules === 0) return 0;
    words.storePlain(place + STOCK.granules, 0);
    uncharge(words, words.loadPlain(place + STOCK.group), granules);
    return granules;
  }

  /** Exchanges the place of a group with the front place; false where it has none. */
  private _bringToFront(record: number): boolean {
    const words = this._words;
    const front = this._start;
    for (let i = 0; i < STOCK_GROUPS; i++) {
      const place = front + i * STOCK_WORDS;
      if (words.loadPlain(place + STOCK.group) !== record) continue;
      if (i === 0) return true;
      const granules = words.loadPlain(place + STOCK.granules);
      words.storePlain(place + STOCK.group, words.loadPlain(front + STOCK.group));
      words.storePlain(place + STOCK.granules, words.loadPlain(front + STOCK.granules));
      words.storePlain(front + STOCK.group, record);
      words.storePlain(front + STOCK.granules, granules);
      return true;
    }
    return false;
  }

  /** Gives a group the front place; the one that was there goes to a place without granules, or to the last. */
  private _takeFront(record: number): void {
    const words = this._words;
    const front = this._start;
    const place = this._freePlace();
    this._drainPlace(place);
    words.storePlain(place + STOCK.group, words.loadPlain(front + STOCK.group));
    words.storePlain(place + STOCK.granules, words.loadPlain(front + STOCK.granules));
    words.storePlain(front + STOCK.group, record);
    words.storePlain(front + STOCK.granules, 0);
  }

  private _freePlace(): number {
    const last = this._start + (STOCK_GROUPS - 1) * STOCK_WORDS;
    for (let place = this._start; place < last; place += STOCK_WORDS) {
      if (this._words.loadPlain(place + STOCK.granules) === 0) return place;
    }
    return last;
  }

  private _held(): number {
    return this._words.loadPlain(this._start + STOCK.granules);
  }

  private _hold(granules: number): void {
    this._words.storePlain(this._start + STOCK.granules, granules);
  }
}
