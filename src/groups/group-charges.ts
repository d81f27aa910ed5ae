/**
 * GroupCharges: how one thread charges memory to groups, and gives the charge back.
 *
 *     charge:    stock --not enough--> STOCK_GRANULES at once, the rest into the stock --no room--> exactly so much
 *                --no room--> refused; or, where it must not fail, charged past the limit
 *     uncharge:  stock --too much for it--> the group's numbers
 *
 * Who may call: the slot's thread, inside a turn, in any context. Nothing here waits, spins or allocates: what can be
 * done where a charge is refused is the business of who asked for it.
 *
 * I1  What a thread has charged and not uncharged is either handed out or in its stock.
 * I2  `refusedBy` is the record of the group that refused this thread's last charge, if it was refused, and `refused`
 *     the one that was to be charged. A charge that the front of the stock serves leaves them alone, so they say
 *     something only to who has just been given nothing; takeRefusal() forgets them.
 *
 * Follows mm/memcontrol.c (try_charge_memcg, refill_stock).
 */
import { STOCK_GRANULES } from '../layout/group-record.js';
import type { Words } from '../words/words.js';
import { chargePast, countFailure, tryCharge } from './group-counter.js';
import type { GroupStock } from './group-stock.js';
import type { IdleStocks } from './idle-stocks.js';

/**
 * How hard a charge is tried: exactly what is asked, each group tried a few times, the stock used and left; or as
 * who may spin does, with some in advance; or so that it cannot fail.
 */
export const CHARGE = { exact: 0, ahead: 1, past: 2 } as const;
export type ChargeWay = (typeof CHARGE)[keyof typeof CHARGE];

export class GroupCharges {
  /** Record of the group that this thread's accounted allocations are charged to now; 0 = nobody is charged. */
  active = 0;
  refusedBy = 0;
  refused = 0;
  /** Charges go past the limit: for who has reclaimed what it could, and must not fail. */
  mustSucceed = false;
  private readonly _words: Words;
  private readonly _stock: GroupStock;
  private readonly _idle: IdleStocks;

  constructor(words: Words, stock: GroupStock, idle: IdleStocks) {
    this._words = words;
    this._stock = stock;
    this._idle = idle;
  }

  /** Charges `granules` to a group; false where it is refused, and then nothing is charged. */
  charge(record: number, granules: number, way: ChargeWay): boolean {
    this.refusedBy = 0;
    if (this._stock.consume(record, granules)) return true;
    this.refusedBy = this._chargeNumbers(record, granules, this.mustSucceed ? CHARGE.past : way);
    if (this.refusedBy === 0) return true;
    this.refused = record;
    return false;
  }

  /** Gives back what was charged to a group. Cannot fail. */
  uncharge(record: number, granules: number): void {
    this._stock.put(record, granules);
  }

  /**
   * The record of the group that refused the last charge, 0 where that was granted: for who gives up. Counts it as a
   * failure, and forgets it.
   */
  takeRefusal(): number {
    const refuser = this.refusedBy;
    this.refusedBy = 0;
    if (refuser !== 0) countFailure(this._words, this.refused, refuser);
    return refuser;
  }

  /** Gives back what this thread has in stock; returns how many granules that was. */
  drain(): number {
    return this._stock.drain();
  }

  /** Gives back what this thread and those that are idle have in stock; returns how many granules that was. */
  drainAll(): number {
    return this._stock.drain() + this._idle.drain();
  }

  /** Returns the record of the group that refuses, or 0. */
  private _chargeNumbers(record: number, granules: number, way: ChargeWay): number {
    const words = this._words;
    if (way !== CHARGE.exact && granules < STOCK_GRANULES) {
      if (tryCharge(words, record, STOCK_GRANULES, true) === 0) {
        this._stock.put(record, STOCK_GRANULES - granules);
        return 0;
      }
    }
    const refuser = tryCharge(words, record, granules, way !== CHARGE.exact);
    if (refuser === 0 || way !== CHARGE.past) return refuser;
    return chargePast(words, record, granules);
  }
}
