/** Records of memory groups and slots of threads in bare words: for tests and models of charging, without a heap. */
import { GROUP, NO_LIMIT } from '../../src/layout/group-record.js';
import { SLOT, STOCK, STOCK_GROUPS, STOCK_WORDS } from '../../src/layout/thread-slot.js';
import type { Words } from '../../src/words/words.js';

/** Words of a record without its name. */
export const RECORD_WORDS = 16;

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
    granules += words.loadPlain(place + STOCK.granules);
  }
  return granules;
}
