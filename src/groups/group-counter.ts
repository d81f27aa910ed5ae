/**
 * What is charged to a memory group: a number that its group, and every group that one is part of, counts as well.
 *
 *     tryCharge(tenant, n):   tenant +n -> customers +n -> company: no room -> customers -n -> tenant -n -> company
 *
 * No lock: each group's number is raised by a compareExchange from a value that left room, so it is never above the
 * limit, not even for a moment; and lowered by one add, which cannot fail.
 *
 * Who may call: any thread, in any context. A try goes round again only when another thread's succeeded; who may
 * not spin gives up after EXACT_ROUNDS of that.
 *
 * I1  (group-record:I1) usage <= max, but for what chargePast() and a lowered max do.
 * I2  A charge that was refused has left nothing charged.
 * The numbers publish nothing: what is charged is handed over by other words.
 *
 * Follows mm/page_counter.c (page_counter_try_charge); there a charge is added first, and taken back.
 */
import { GROUP, GROUP_CLOSED } from '../layout/group-record.js';
import type { Words } from '../words/words.js';

/** Tries of a charge that may not spin, for each group. */
export const EXACT_ROUNDS = 16;

/**
 * Charges `granules` to a group and to all that it is part of.
 *
 * @returns 0; or the record of the group that refuses, and then nothing is charged
 */
export function tryCharge(words: Words, record: number, granules: number, maySpin: boolean): number {
  for (let group = record; group !== 0; group = words.loadPlain(group + GROUP.parent)) {
    if (chargeOne(words, group, granules, maySpin)) continue;
    unchargeBelow(words, record, group, granules);
    return group;
  }
  return 0;
}

/**
 * Charges `granules` whatever the limits say, and counts it where they say no.
 *
 * @returns 0; or the record of a closed group, and then nothing is charged
 */
export function chargePast(words: Words, record: number, granules: number): number {
  for (let group = record; group !== 0; group = words.loadPlain(group + GROUP.parent)) {
    if (chargeOnePast(words, group, granules)) continue;
    unchargeBelow(words, record, group, granules);
    return group;
  }
  return 0;
}

/** Takes back `granules` that were charged to a group. */
export function uncharge(words: Words, record: number, granules: number): void {
  unchargeBelow(words, record, 0, granules);
}

/** True where no thread may charge the group any more. */
export function isClosed(words: Words, record: number): boolean {
  // Counter only.
  return words.load(record + GROUP.usage) < 0;
}

/** Closes a group to which nothing is charged: every later charge is refused. False where something is. */
export function close(words: Words, record: number): boolean {
  // Publishes nothing: a charge comes before it, and then it fails, or after, and then that one fails.
  return words.compareExchange(record + GROUP.usage, 0, GROUP_CLOSED) === 0;
}

/** Counts a refusal by `refuser`, for each group from the one that was to be charged. */
export function countFailure(words: Words, record: number, refuser: number): void {
  for (let group = record; group !== 0; group = words.loadPlain(group + GROUP.parent)) {
    // Counter only.
    words.add(group + GROUP.failures, 1);
    if (group === refuser) return;
  }
}

function chargeOne(words: Words, group: number, granules: number, maySpin: boolean): boolean {
  for (let round = 0; maySpin || round < EXACT_ROUNDS; round++) {
    // Counter only: the compareExchange holds the sum to the usage that was looked at.
    const usage = words.load(group + GROUP.usage);
    if (usage < 0 || granules > words.load(group + GROUP.max) - usage) return false;
    if (words.compareExchange(group + GROUP.usage, usage, usage + granules) !== usage) continue;
    notePeak(words, group, usage + granules);
    return true;
  }
  return false;
}

function chargeOnePast(words: Words, group: number, granules: number): boolean {
  for (;;) {
    // Counter only, as in chargeOne().
    const usage = words.load(group + GROUP.usage);
    if (usage < 0) return false;
    if (words.compareExchange(group + GROUP.usage, usage, usage + granules) !== usage) continue;
    // Counter only.
    if (usage + granules > words.load(group + GROUP.max)) words.add(group + GROUP.forced, 1);
    notePeak(words, group, usage + granules);
    return true;
  }
}

/** Takes `granules` back from a group and those above it, up to `end`, which was not charged. */
function unchargeBelow(words: Words, record: number, end: number, granules: number): void {
  for (let group = record; group !== end; group = words.loadPlain(group + GROUP.parent)) {
    // Counter only.
    words.add(group + GROUP.usage, -granules);
  }
}

function notePeak(words: Words, group: number, usage: number): void {
  // Counter only. The peak only grows, so each try that fails leaves less to do.
  let peak = words.load(group + GROUP.peak);
  while (peak < usage) {
    // Counter only.
    const found = words.compareExchange(group + GROUP.peak, peak, usage);
    if (found === peak) return;
    peak = found;
  }
}
