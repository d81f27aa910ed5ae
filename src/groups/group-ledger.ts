/**
 * GroupLedger: one thread's changes of the numbers of groups (group-counter.ts), told in its slot in such a way that who
 * reaps the thread knows how far they came.
 *
 *     charge:     usages + n -> this slot's ledgers + n -> commit: n granules in hand     (the intent is of kind `charge`)
 *     uncharge:   commit: nothing in hand -> this slot's ledgers - n -> usages - n
 *
 * The ledger says what the slot stands for, and the usage is raised before it and lowered after it. So what a usage has
 * more than all ledgers is what is under way: of threads that were stopped there, what is to be taken off.
 *
 * Who may call: the slot's thread, inside a turn, in any context; who reaps the slot.
 *
 * I1  SLOT.charging is odd from before the first change of a usage or a ledger until after the last (P1).
 * I2  While an intent is of kind `ledgers`, each ledger from its group upwards is what SLOT.ledgersBefore says, or that and
 *     INTENT.c: writing all of them anew makes no difference to who did it before.
 * P1  The store of the odd number comes before the changes, and that of the even one after them; who finds the same even
 *     number before and after it looked has seen no change under way (strayed-charges.ts).
 */
import { GROUP, ledgersOf } from '../layout/group-record.js';
import { INTENT, INTENT_KIND, SLOT, STOCK, STOCK_GRANULES_MASK } from '../layout/thread-slot.js';
import type { Intents } from '../threads/intents.js';
import type { Words } from '../words/words.js';
import { chargePast, tryCharge, uncharge } from './group-counter.js';

export class GroupLedger {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _slotNumber: number;
  private readonly _intents: Intents;

  /** @param slot word index of the slot with this number */
  constructor(words: Words, slot: number, slotNumber: number, intents: Intents) {
    this._words = words;
    this._slot = slot;
    this._slotNumber = slotNumber;
    this._intents = intents;
  }

  /**
   * tryCharge(): then `granules` are in the hand of the intent.
   *
   * @param frame of an intent that has nothing in hand
   */
  charge(frame: number, record: number, granules: number, maySpin: boolean): number {
    this._begin(frame, record, 0);
    return this._end(frame, record, granules, tryCharge(this._words, record, granules, maySpin));
  }

  /** charge() whatever the limits say, as chargePast(). */
  chargePast(frame: number, record: number, granules: number): number {
    this._begin(frame, record, 0);
    return this._end(frame, record, granules, chargePast(this._words, record, granules));
  }

  /** Takes back `granules` that the intent has in hand. */
  uncharge(frame: number, record: number, granules: number): void {
    this._begin(frame, record, -granules);
    writeLedgers(this._words, this._slot, this._slotNumber, record, -granules);
    uncharge(this._words, record, granules);
    this._intents.become(frame, INTENT_KIND.nothing);
    this._bracket();
  }

  /** Uncharges what stands in a place of a stock, this slot's or one that is borrowed. Returns how many granules that was. */
  drainPlace(place: number): number {
    const words = this._words;
    const granules = words.loadPlain(place + STOCK.granules) & STOCK_GRANULES_MASK;
    if (granules === 0) return 0;
    const record = words.loadPlain(place + STOCK.group);
    const frame = this._intents.open(INTENT_KIND.nothing, record, 0, granules);
    this.takeFrom(frame, place, granules, 0);
    this.uncharge(frame, record, granules);
    this._intents.close(frame);
    return granules;
  }

  /** A place of a stock that holds `before` holds `left` from now on: the difference is in the hand of the intent. */
  takeFrom(frame: number, place: number, before: number, left: number): void {
    const words = this._words;
    const word = place + STOCK.granules;
    if (frame !== 0) {
      words.storePlain(frame + INTENT.b, before - left);
      words.storePlain(frame + INTENT.c, before);
      words.storePlain(frame + INTENT.d, word);
    }
    this._intents.become(frame, INTENT_KIND.stock);
    words.storePlain(word, left);
    this._intents.become(frame, INTENT_KIND.charge);
  }

  private _begin(frame: number, record: number, by: number): void {
    const words = this._words;
    noteLedgers(words, this._slot, this._slotNumber, record);
    if (frame !== 0) words.storePlain(frame + INTENT.c, by);
    // I2: from here on the ledgers are to be what they were and `by`.
    this._intents.become(frame, INTENT_KIND.ledgers);
    this._bracket();
  }

  private _end(frame: number, record: number, granules: number, refuser: number): number {
    if (refuser === 0) {
      if (frame !== 0) this._words.storePlain(frame + INTENT.b, granules);
      writeLedgers(this._words, this._slot, this._slotNumber, record, granules);
    }
    this._intents.become(frame, refuser === 0 ? INTENT_KIND.charge : INTENT_KIND.nothing);
    this._bracket();
    return refuser;
  }

  private _bracket(): void {
    const word = this._slot + SLOT.charging;
    // P1: publishes that changes begin, or what they have come to.
    this._words.store(word, (this._words.loadPlain(word) + 1) | 0);
  }
}

/** Notes what the slot's ledgers of a group, and above, are. */
function noteLedgers(words: Words, slot: number, slotNumber: number, record: number): void {
  let note = slot + SLOT.ledgersBefore;
  for (let group = record; group !== 0; group = words.loadPlain(group + GROUP.parent)) {
    words.storePlain(note++, words.loadPlain(ledgersOf(words, group) + slotNumber));
  }
}

/** Writes the slot's ledgers of a group, and above: what was noted, and `by`. */
export function writeLedgers(
  words: Words,
  slot: number,
  slotNumber: number,
  record: number,
  by: number,
): void {
  let note = slot + SLOT.ledgersBefore;
  for (let group = record; group !== 0; group = words.loadPlain(group + GROUP.parent)) {
    // P1: published by the end of the change; atomic, because who looks at all ledgers looks at this one as well.
    words.store(ledgersOf(words, group) + slotNumber, (words.loadPlain(note++) + by) | 0);
  }
}
