/**
 * Strayed charges: what a thread that was stopped while it changed the numbers of groups has left in them, found and
 * taken off, while others go on changing them.
 *
 *     usage of a group - sum of its ledgers = what is under way = what the dead have left, where no living thread is at it
 *
 * Looked at when no change is under way: the same even SLOT.charging of every thread that runs, before and after
 * (group-ledger:P1). What the dead have left changes no more, so it can be taken off at any time after.
 *
 * Who may call: who has claimed the slot of a dead thread, and holds registryLock: so nobody else corrects a usage, and no
 * group is closed or opened again meanwhile.
 *
 * I1  Before the intent says that all is done the usages are right. So where this is stopped, and done again, nothing is
 *     left to be taken off.
 */
import { GROUP, ledgersOf } from '../layout/group-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { slotNumber, slotStart } from '../layout/heap-layout.js';
import {
  INTENT,
  INTENT_FRAME_WORDS,
  INTENT_FRAMES,
  INTENT_KIND,
  SLOT,
  SLOT_STATE,
  SLOT_STATE_MASK,
} from '../layout/thread-slot.js';
import { isDead } from '../locks/owner.js';
import type { Words } from '../words/words.js';
import { writeLedgers } from './group-ledger.js';

/** Looks at a group, of which each takes a few microseconds. */
const LOOKS = 1000;

/**
 * Makes the numbers right that the thread of a dead slot was stopped in the middle of changing.
 *
 * @param tag owner tag of the caller, who has claimed the slot
 * @returns   false where living threads have changed them all the time: to be tried again
 */
export function repairNumbers(words: Words, geometry: Geometry, slot: number, tag: number): boolean {
  const depth = Math.min(words.loadPlain(slot + SLOT.intentDepth), INTENT_FRAMES);
  for (let i = 0; i < depth; i++) {
    const frame = slot + SLOT.intents + i * INTENT_FRAME_WORDS;
    if (words.loadPlain(frame + INTENT.kind) !== INTENT_KIND.ledgers) continue;
    const record = words.loadPlain(frame + INTENT.place);
    writeLedgers(words, slot, slotNumber(geometry, slot), record, words.loadPlain(frame + INTENT.c));
    if (!takeOff(words, geometry, record, tag)) return false;
    words.storePlain(frame + INTENT.kind, INTENT_KIND.nothing);
  }
  const number = words.loadPlain(slot + SLOT.charging);
  // group-ledger:P1: nothing is under way.
  words.store(slot + SLOT.charging, (number + (number & 1)) | 0);
  return true;
}

/** Takes off what the dead have left in a group, and above. */
function takeOff(words: Words, geometry: Geometry, record: number, tag: number): boolean {
  for (let group = record; group !== 0; group = words.loadPlain(group + GROUP.parent)) {
    let strayed: number | undefined;
    for (let look = 0; look < LOOKS && strayed === undefined; look++) {
      strayed = strayedIn(words, geometry, group, tag);
      if (strayed === undefined) words.pause();
    }
    if (strayed === undefined) return false;
    // Counter only.
    if (strayed !== 0) words.add(group + GROUP.usage, -strayed);
  }
  return true;
}

/** What is charged to a group that nobody stands for; undefined where a living thread is changing something. */
function strayedIn(words: Words, geometry: Geometry, group: number, tag: number): number | undefined {
  const { slots } = geometry;
  const numbers = new Int32Array(slots);
  for (let i = 0; i < slots; i++) {
    const start = slotStart(geometry, i);
    // group-ledger:P1: observes that nothing is under way, and what was before.
    numbers[i] = words.load(start + SLOT.charging);
    if ((numbers[i]! & 1) !== 0 && mayRun(words, geometry, start, tag)) return undefined;
  }
  const ledgers = ledgersOf(words, group);
  // Counter only. Of a closed group, to which nothing is charged, below 0.
  let strayed = Math.max(0, words.load(group + GROUP.usage));
  // group-ledger:P1: each as of a moment at which nothing was under way, if the numbers are the same after.
  for (let i = 0; i < slots; i++) strayed = (strayed - words.load(ledgers + i)) | 0;
  for (let i = 0; i < slots; i++) {
    // group-ledger:P1: nothing has begun meanwhile.
    if (words.load(slotStart(geometry, i) + SLOT.charging) !== numbers[i]) return undefined;
  }
  return strayed;
}

/** True for a slot whose words somebody may be changing: its thread, or another that reaps it. */
function mayRun(words: Words, geometry: Geometry, slot: number, tag: number): boolean {
  // owner:P1: observes what a dead thread wrote.
  if ((words.load(slot + SLOT.state) & SLOT_STATE_MASK) < SLOT_STATE.dead) return true;
  // Publishes nothing: who claims the slot now comes for the lock that the caller holds, before it changes a number.
  const reaper = words.load(slot + SLOT.reaper);
  return reaper !== 0 && reaper !== tag && !isDead(words, geometry, reaper);
}
