/** What stands in named locks by the slot of nobody: a reader or a waiter that died there, and was not taken out. */
import { readNameRecords } from '../../src/inspect/record-name.js';
import type { Geometry } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { LOCK, LOCK_KIND } from '../../src/layout/lock-record.js';
import { NAME } from '../../src/layout/name-record.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import type { Words } from '../../src/words/words.js';
import { isFree } from './dead-thread.js';

/** Words that each slot has in a record: its place in the queue, and with two also how often it reads, or is notified. */
const WORDS_BY_KIND: readonly (readonly [kind: number, words: number])[] = [
  [LOCK_KIND.mutex, 1],
  [LOCK_KIND.rwLock, 2],
  [LOCK_KIND.semaphore, 1],
  [LOCK_KIND.condVar, 2],
];

/** Free slots that a named lock still knows something of. */
export function slotsLeftInLocks(words: Words, geometry: Geometry): number[] {
  const left: number[] = [];
  for (let slot = 0; slot < geometry.slots; slot++) {
    const generation = words.load(slotStart(geometry, slot) + SLOT.generation);
    if (!isFree(words, geometry, slot) || !isKnown(words, geometry, slot)) continue;
    // Else a thread has joined meanwhile, and it is that one.
    const isSame = words.load(slotStart(geometry, slot) + SLOT.generation) === generation;
    if (isSame && isFree(words, geometry, slot)) left.push(slot);
  }
  return left;
}

function isKnown(words: Words, geometry: Geometry, slot: number): boolean {
  return WORDS_BY_KIND.some(([kind, each]) =>
    readNameRecords(words, geometry, kind).some((record) => {
      const ofSlot = words.load(record + NAME.target) + LOCK.waiters + slot;
      return words.load(ofSlot) !== 0 || (each > 1 && words.load(ofSlot + geometry.slots) !== 0);
    }),
  );
}
