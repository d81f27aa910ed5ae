/** Records of memory groups and slots of threads in bare words: for tests and models of charging, without a heap. */
import { type ChargeWay, GroupCharges } from '../../src/groups/group-charges.js';
import { GroupLedger } from '../../src/groups/group-ledger.js';
import { GroupStock } from '../../src/groups/group-stock.js';
import type { IdleStocks } from '../../src/groups/idle-stocks.js';
import { GROUP, NO_LIMIT } from '../../src/layout/group-record.js';
import { SLOT, STOCK, STOCK_GRANULES_MASK, STOCK_GROUPS, STOCK_WORDS } from '../../src/layout/thread-slot.js';
import { LocalTrylock } from '../../src/locks/local-trylock.js';
import { Intents } from '../../src/threads/intents.js';
import type { Words } from '../../src/words/words.js';

/** Words of a record without a name, and with room for the ledgers of five slots. */
export const RECORD_WORDS = 16;

/** Nobody else has a stock. */
const NO_IDLE = { drain: () => 0 } as unknown as IdleStocks;

/** What a thread charges with. */
export interface ChargingParts {
  readonly intents: Intents;
  readonly ledger: GroupLedger;
  readonly lock: LocalTrylock;
  readonly stock: GroupStock;
  readonly charges: GroupCharges;
}

/** @param slot word index of the thread's slot, which has number `slotNumber`: less than 5 */
export function wireCharging(words: Words, slot: number, slotNumber = 0): ChargingParts {
  const intents = new Intents(words, slot);
  const ledger = new GroupLedger(words, slot, slotNumber, intents);
  const lock = new LocalTrylock(words, slot + SLOT.stockAcquired);
  const stock = new GroupStock(words, slot, lock, ledger, intents);
  return { intents, ledger, lock, stock, charges: new GroupCharges(words, stock, ledger, NO_IDLE, intents) };
}

/** Charges; what is granted is the test's own from then on, and nobody else knows of it. */
export function chargeHeld(charges: GroupCharges, record: number, granules: number, way: ChargeWay): boolean {
  const frame = charges.open(record);
  const isGranted = charges.charge(frame, record, granules, way);
  charges.close(frame);
  return isGranted;
}

/** Gives back what chargeHeld() was granted. */
export function unchargeHeld(charges: GroupCharges, record: number, granules: number): void {
  const frame = charges.openNamed(record, 0, granules);
  charges.uncharge(frame, record, granules);
  charges.close(frame);
}

/** Writes the record of an empty group. */
export function writeRecord(words: Words, record: number, max = NO_LIMIT, parent = 0): void {
  words.fillPlain(record, record + RECORD_WORDS, 0);
  words.storePlain(record + GROUP.max, max);
  words.storePlain(record + GROUP.parent, parent);
}

/** What is charged to a group. */
export function usageOf(words: Words, record: number): number {
  return words.loadPlain(record + GROUP.usage);
}

/** What the stock of a slot holds of a group. */
export function stockOf(words: Words, slot: number, record: number): number {
  let granules = 0;
  for (let i = 0; i < STOCK_GROUPS; i++) {
    const place = slot + SLOT.stock + i * STOCK_WORDS;
    if (words.loadPlain(place + STOCK.group) !== record) continue;
    granules += words.loadPlain(place + STOCK.granules) & STOCK_GRANULES_MASK;
  }
  return granules;
}
