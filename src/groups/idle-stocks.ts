/**
 * IdleStocks: what threads that are idle have charged to groups in advance, which is given back before a charge is
 * refused for good, and before a group is closed.
 *
 *     for each other slot: borrow -> take the stock off, whole -> give back -> uncharge
 *
 * Who may call: the slot's thread, in a turn, in any context. Isolated threads keep their stock.
 *
 * I1  The slot is borrowed for as long as its stock is taken off, a fixed number of steps.
 *
 * Follows mm/memcontrol.c (drain_all_stock), where the kernel sends work to the other CPUs.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, STOCK, STOCK_GROUPS, STOCK_WORDS } from '../layout/thread-slot.js';
import { borrow, giveBack } from '../threads/borrow.js';
import type { Words } from '../words/words.js';
import { uncharge } from './group-counter.js';

export class IdleStocks {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slotNumber: number;
  private readonly _tag: number;
  /** What was taken off: a pair for each place. */
  private readonly _taken = new Int32Array(STOCK_GROUPS * 2);

  /** @param slotNumber this thread's slot, and `tag` its owner tag */
  constructor(words: Words, geometry: Geometry, slotNumber: number, tag: number) {
    this._words = words;
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
    this._takeOff(slot + SLOT.stock);
    giveBack(this._words, slot);
    let sum = 0;
    for (let i = 0; i < STOCK_GROUPS; i++) {
      const granules = this._taken[i * 2 + 1]!;
      if (granules === 0) continue;
      uncharge(this._words, this._taken[i * 2]!, granules);
      sum += granules;
    }
    return sum;
  }

  private _takeOff(stock: number): void {
    const words = this._words;
    for (let i = 0; i < STOCK_GROUPS; i++) {
      const place = stock + i * STOCK_WORDS;
      const granules = words.loadPlain(place + STOCK.granules);
      this._taken[i * 2] = words.loadPlain(place + STOCK.group);
      this._taken[i * 2 + 1] = granules;
      if (granules !== 0) words.storePlain(place + STOCK.granules, 0);
    }
  }
}
