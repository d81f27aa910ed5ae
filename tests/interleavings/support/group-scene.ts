/**
 * Groups and threads that charge them, in bare words: no heap, so that every interleaving is soon through.
 *
 *     words 16 ..    records: company, and its parts red and blue
 *     words 256 ..   a slot for each thread, for its stock
 */
import assert from 'node:assert/strict';
import type { ChargeWay, GroupCharges } from '../../../src/groups/group-charges.js';
import { GROUP } from '../../../src/layout/group-record.js';
import { SLOT } from '../../../src/layout/thread-slot.js';
import type { Words } from '../../../src/words/words.js';
import type { Stage } from '../../../tools/checker/model.js';
import {
  chargeHeld,
  stockOf,
  unchargeHeld,
  usageOf,
  wireCharging,
  writeRecord,
} from '../../support/group-words.js';

export const COMPANY = 16;
export const RED = 32;
export const BLUE = 48;
const RECORDS = [COMPANY, RED, BLUE];
const NAMES = ['company', 'red', 'blue'];
export const FIRST_SLOT = 256;
export const SLOT_WORDS = 256;

export const LENGTH_WORDS = FIRST_SLOT + 2 * SLOT_WORDS;

/** One thread of a model. */
export interface Payer {
  readonly words: Words;
  readonly slot: number;
  readonly charges: GroupCharges;
  /** What it has been granted and not given back, by record. */
  readonly held: Map<number, number>;
  refused: number;
}

export interface Payers {
  readonly words: Words;
  readonly all: readonly Payer[];
}

/** The limits of company, red and blue. */
export type Limits = readonly [company: number, red: number, blue: number];

/** Writes the records, with limits. */
export function prepareGroups(limits: Limits): (words: Words) => void {
  return (words) => {
    writeRecord(words, COMPANY, limits[0]);
    writeRecord(words, RED, limits[1], COMPANY);
    writeRecord(words, BLUE, limits[2], COMPANY);
  };
}

/** Two threads. */
export function payers({ words }: Stage): Payers {
  const all: Payer[] = [];
  for (let i = 0; i < 2; i++) {
    const slot = FIRST_SLOT + i * SLOT_WORDS;
    const { charges } = wireCharging(words, slot, i);
    all.push({ words, slot, charges, held: new Map(), refused: 0 });
  }
  return { words, all };
}

/** Charges, and keeps what is granted. */
export function take(payer: Payer, record: number, granules: number, way: ChargeWay): boolean {
  if (!chargeHeld(payer.charges, record, granules, way)) {
    payer.refused++;
    return false;
  }
  payer.held.set(record, (payer.held.get(record) ?? 0) + granules);
  return true;
}

/** Gives back all that a thread holds of a group. */
export function giveBack(payer: Payer, record: number): void {
  const granules = payer.held.get(record) ?? 0;
  payer.held.delete(record);
  if (granules > 0) unchargeHeld(payer.charges, record, granules);
}

/** No group is above its limit, and none below nothing. */
export function assertWithinLimits({ words }: Payers): void {
  for (let i = 0; i < RECORDS.length; i++) {
    const usage = usageOf(words, RECORDS[i]!);
    assert.ok(usage >= 0, `${usage} granules are charged to ${NAMES[i]}`);
    const max = words.loadPlain(RECORDS[i]! + GROUP.max);
    assert.ok(usage <= max, `${usage} granules are charged to ${NAMES[i]}, which may have ${max}`);
  }
}

/** Usage is what threads hold and have in stock; a whole has what its parts have. */
export function assertNothingLost({ words, all }: Payers): void {
  for (const record of [RED, BLUE]) {
    let sum = 0;
    for (const { slot, held } of all) sum += (held.get(record) ?? 0) + stockOf(words, slot, record);
    assert.equal(usageOf(words, record), sum, `what is charged to ${NAMES[RECORDS.indexOf(record)]}`);
  }
  assert.equal(
    usageOf(words, COMPANY),
    usageOf(words, RED) + usageOf(words, BLUE),
    'what is charged to company',
  );
}

/** What a word is called. */
export function nameOfGroupWord(index: number): string {
  const group = RECORDS.findIndex((record) => index >= record && index < record + 16);
  if (group >= 0) {
    const [field] = Object.entries(GROUP).find(([, offset]) => offset === index % 16) ?? [
      `word ${index % 16}`,
    ];
    return `${NAMES[group]}.${field}`;
  }
  if (index < FIRST_SLOT) return `word ${index}`;
  const word = (index - FIRST_SLOT) % SLOT_WORDS;
  const stock = word - SLOT.stock;
  const role =
    stock < 0 ? `slot word ${word}` : `stock ${stock >> 1}.${stock % 2 === 0 ? 'group' : 'granules'}`;
  return `${role} of thread ${Math.floor((index - FIRST_SLOT) / SLOT_WORDS)}`;
}
