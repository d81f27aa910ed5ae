/**
 * Makes the orphans' lists whole that a thread left which died while it held their lock.
 *
 * Who may call: who has taken that lock from the dead thread, and holds it. Any number of times.
 *
 * I1  Each list is whole as far as it can be walked: a link is stored before what leads to it. A list that is on that of
 *     a dead thread too is left to the dead thread, whose slot is handed over after this; so it is not handed over twice.
 * I2  What the dead thread had taken off a list here, and put on none, is named by its slot: it comes back. It is first
 *     there, as it was.
 */
import { CALLBACK } from '../layout/callback-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_HOLDER } from '../layout/sheaf-record.js';
import { CALLBACK_LIST, RCU_HEAD, SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { callbackRecords } from './callback-records.js';

export function repairOrphans(words: Words, geometry: Geometry): void {
  // Publishes nothing: the dead thread had its slot when it took the lock.
  const claimed = words.load(HEADER.slotsClaimed);
  for (let slot = 0; slot < claimed; slot++) {
    const start = slotStart(geometry, slot);
    // owner:P1: observes what the dead thread wrote.
    if ((words.load(start + SLOT.state) & SLOT_STATE_MASK) < SLOT_STATE.dead) continue;
    leaveToTheDead(words, start);
    takeBack(words, start);
  }
  disown(words);
  countAgain(words);
  // orphans:P2: whatever barriers saw here, they look again.
  words.add(HEADER.migrations, 1);
  // orphans:P2: as above.
  words.add(HEADER.callbackMigrations, 1);
}

function leaveToTheDead(words: Words, start: number): void {
  leaveList(words, HEADER.orphanSheaves, start + SLOT.waitingHead, SHEAF.next);
  leaveList(words, HEADER.orphanHeads, start + SLOT.heads + CALLBACK_LIST.head, RCU_HEAD.next);
  leaveList(words, HEADER.orphanCallbacks, start + SLOT.callbacks + CALLBACK_LIST.head, RCU_HEAD.next);
}

/** Empties the list at `here` where the one at `there` leads into it. */
function leaveList(words: Words, here: number, there: number, nextWord: number): void {
  const first = words.loadPlain(here);
  let at = words.loadPlain(there);
  while (at !== 0 && at !== first) at = words.loadPlain(at + nextWord);
  if (at !== 0) words.storePlain(here, 0);
}

/** What was on its way from here to the lists of the dead thread. */
function takeBack(words: Words, start: number): void {
  takeBackFrom(words, start + SLOT.adoptedSheaf, start + SLOT.waitingHead, HEADER.orphanSheaves, SHEAF.next);
  const callbacks = start + SLOT.callbacks + CALLBACK_LIST.head;
  takeBackFrom(words, start + SLOT.adoptedCallback, callbacks, HEADER.orphanCallbacks, RCU_HEAD.next);
}

/** Puts what word `named` names on the list at `here`, where neither that nor the one at `there` leads to it. */
function takeBackFrom(words: Words, named: number, there: number, here: number, nextWord: number): void {
  const lost = words.loadPlain(named);
  if (lost === 0) return;
  if (!leadsTo(words, there, lost, nextWord) && !leadsTo(words, here, lost, nextWord)) {
    words.storePlain(lost + nextWord, words.loadPlain(here));
    words.storePlain(here, lost);
  }
  words.storePlain(named, 0);
}

function leadsTo(words: Words, first: number, wanted: number, nextWord: number): boolean {
  let at = words.loadPlain(first);
  while (at !== 0 && at !== wanted) at = words.loadPlain(at + nextWord);
  return at !== 0;
}

/** orphans:I3 */
function disown(words: Words): void {
  let sheaf = words.loadPlain(HEADER.orphanSheaves);
  for (; sheaf !== 0; sheaf = words.loadPlain(sheaf + SHEAF.next)) {
    words.storePlain(sheaf + SHEAF.holder, SHEAF_HOLDER.nobody);
  }
}

function countAgain(words: Words): void {
  let objects = 0;
  let sheaf = words.loadPlain(HEADER.orphanSheaves);
  for (; sheaf !== 0; sheaf = words.loadPlain(sheaf + SHEAF.next)) objects += words.loadPlain(sheaf);
  let head = words.loadPlain(HEADER.orphanHeads);
  for (; head !== 0; head = words.loadPlain(head + RCU_HEAD.next)) objects++;
  // orphans:P2: before migrations.
  words.store(HEADER.orphanObjects, objects);
  countCallbacks(words);
}

function countCallbacks(words: Words): void {
  const byId = new Map<number, number>();
  let all = 0;
  let head = words.loadPlain(HEADER.orphanCallbacks);
  for (; head !== 0; head = words.loadPlain(head + RCU_HEAD.next)) {
    const id = words.loadPlain(head + RCU_HEAD.func);
    byId.set(id, (byId.get(id) ?? 0) + 1);
    all++;
  }
  for (const { record, id } of callbackRecords(words)) {
    // orphans:P2: before migrations.
    words.store(record + CALLBACK.orphans, byId.get(id) ?? 0);
  }
  // orphans:P2: before migrations.
  words.store(HEADER.orphanCallbackCount, all);
}
