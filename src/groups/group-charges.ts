/**
 * GroupCharges: how one thread charges memory to groups, and gives the charge back.
 *
 *     charge:    stock --not enough--> STOCK_GRANULES at once, the rest into the stock --no room--> exactly so much
 *                --no room--> refused; or, where it must not fail, charged past the limit
 *     uncharge:  stock --too much for it--> the group's numbers
 *
 *     open() -> charge(): in hand -> memory is taken -> name(): the memory's -> close()
 *     openNamed(): the memory's -> unname(): in hand -> uncharge() -> close()
 *
 * What is charged and neither in the stock nor some memory's is in the hand of an intent (INTENT_KIND.charge), so that who
 * reaps the thread gives it back, once.
 *
 * Who may call: the slot's thread, inside a turn, in any context. Nothing here waits, spins or allocates: what can be
 * done where a charge is refused is the business of who asked for it.
 *
 * I1  What a thread has charged and not uncharged is handed out, in its stock, or in the hand of one of its intents.
 * I2  `refusedBy` is the record of the group that refused this thread's last charge, if it was refused, and `refused`
 *     the one that was to be charged. A charge that the front of the stock serves leaves them alone, so they say
 *     something only to who has just been given nothing; takeRefusal() forgets them.
 *
 * Follows mm/memcontrol.c (try_charge_memcg, refill_stock).
 */
import { STOCK_GRANULES } from '../layout/group-record.js';
import { INTENT, INTENT_KIND } from '../layout/thread-slot.js';
import type { Intents } from '../threads/intents.js';
import type { Words } from '../words/words.js';
import { countFailure } from './group-counter.js';
import type { GroupLedger } from './group-ledger.js';
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
  private readonly _ledger: GroupLedger;
  private readonly _idle: IdleStocks;
  private readonly _intents: Intents;

  constructor(words: Words, stock: GroupStock, ledger: GroupLedger, idle: IdleStocks, intents: Intents) {
    this._words = words;
    this._stock = stock;
    this._ledger = ledger;
    this._idle = idle;
    this._intents = intents;
  }

  /** Opens an intent about what a group is charged for, with nothing in hand. Returns its frame. */
  open(record: number): number {
    return this._intents.open(INTENT_KIND.nothing, record);
  }

  /**
   * Opens an intent about memory that is charged to a group.
   *
   * @param word     that names the group, until unname()
   * @param granules what the memory costs
   */
  openNamed(record: number, word: number, granules: number): number {
    return this._intents.open(INTENT_KIND.charge, record, word, granules);
  }

  /** Ends an intent, which has nothing in hand. */
  close(frame: number): void {
    this._intents.close(frame);
  }

  /**
   * Charges `granules` to a group: they are in hand then. False where it is refused, and then nothing is charged.
   *
   * @param frame of open()
   */
  charge(frame: number, record: number, granules: number, way: ChargeWay): boolean {
    this.refusedBy = 0;
    if (this._stock.consume(frame, record, granules)) return true;
    this.refusedBy = this._chargeNumbers(frame, record, granules, this.mustSucceed ? CHARGE.past : way);
    if (this.refusedBy === 0) return true;
    this.refused = record;
    return false;
  }

  /** What is in hand is the charge of memory `p` from now on, and the memory is in the hand of the intent around this one. */
  name(frame: number, record: number, word: number, p: number): void {
    const words = this._words;
    words.storePlain(word, 0);
    // Not take(): the memory stays in hand.
    if (frame !== 0) words.storePlain(frame + INTENT.a, word);
    words.storePlain(word, record);
    if (frame !== 0) words.storePlain(frame + INTENT.saved, p);
  }

  /** The charge of memory is in hand from now on. */
  unname(word: number): void {
    this._words.storePlain(word, 0);
  }

  /**
   * Gives back what memory was charged for, whose `word` names the group. Before the memory is anybody else's: its next
   * owner's word must not be taken for this one's.
   */
  unchargeNamed(record: number, word: number, granules: number): void {
    const frame = this.openNamed(record, word, granules);
    this.unname(word);
    this.uncharge(frame, record, granules);
    this.close(frame);
  }

  /** Gives back `granules` in hand that are charged to a group. Cannot fail. */
  uncharge(frame: number, record: number, granules: number): void {
    this._stock.put(frame, record, granules);
  }

  /** Gives back what a dead thread's intent has in hand, in its name. */
  finish(frame: number): void {
    const words = this._words;
    if (words.loadPlain(frame + INTENT.kind) !== INTENT_KIND.charge) return;
    this._ledger.uncharge(frame, words.loadPlain(frame + INTENT.place), words.loadPlain(frame + INTENT.b));
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
  private _chargeNumbers(frame: number, record: number, granules: number, way: ChargeWay): number {
    // Who comes back here while the stock is in use has no place for more than it needs.
    if (way !== CHARGE.exact && granules < STOCK_GRANULES && !this._stock.isInUse()) {
      if (this._ledger.charge(frame, record, STOCK_GRANULES, true) === 0) {
        this._stock.putAllBut(frame, record, STOCK_GRANULES, granules);
        return 0;
      }
    }
    const refuser = this._ledger.charge(frame, record, granules, way !== CHARGE.exact);
    if (refuser === 0 || way !== CHARGE.past) return refuser;
    return this._ledger.chargePast(frame, record, granules);
  }
}
