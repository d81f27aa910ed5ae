/**
 * IdleStocks: what threads that are idle have charged to groups in advance, which is given back before a charge is
 * refused for good, and before a group is closed.
 *
 *     for each other slot: borrow -> uncharge place by place -> give back
 *
 * Who may call: the slot's thread, in a turn, in any context. Isolated threads keep their stock.
 *
 * I1  The slot is borrowed for as long as its stock is uncharged, a bounded number of steps.
 * I2  What is taken out of a place is in the hand of an intent of this thread's until it is uncharged. So it is not lost
 *     where the borrower is stopped, and who reaps it can put it back: the slot is borrowed still.
 *
 * Follows mm/memcontrol.c (drain_all_stock), where the kernel sends work to the other CPUs.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, STOCK_GROUPS, STOCK_WORDS } from '../layout/thread-slot.js';
import { borrow, giveBack } from '../threads/borrow.js';
import type { Words } from '../words/words.js';
import type { GroupLedger } from './group-ledger.js';

export class IdleStocks {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slotNumber: number;
  private readonly _tag: number;
  private readonly _ledger: GroupLedger;

  /** @param slotNumber this thread's slot, and `tag` its owner tag */
  constructor(words: Words, geometry: Geometry, slotNumber: number, tag: number, ledger: GroupLedger) {
    this._words = words;
    this._ledger = ledger;
    this._geometry = geometry;
    this._slotNumber = slotNumber;
    this._tag = tag;
  }

  /** Uncharges what idle threads keep in stock; returns how many granules that was. */
  drain(): number {
    // Publishes nothing: a thread that joins now has nothing in stock yet.
    const claimed = this._words.load(HEADER.slotsClaimed);
    let granules = 0;
    for (let slot = 0; slot < claimed; slot++) {
      if (slot !== this._slotNumber) granules += this._drainSlot(slotStart(this._geometry, slot));
    }
    return granules;
  }

  private _drainSlot(slot: number): number {
    if (!borrow(this._words, slot, this._tag)) return 0;
    let granules = 0;
    for (let i = 0; i < STOCK_GROUPS; i++) {
      granules += this._ledger.drainPlace(slot + SLOT.stock + i * STOCK_WORDS);
    }
    giveBack(this._words, slot);
    return granules;
  }
}
