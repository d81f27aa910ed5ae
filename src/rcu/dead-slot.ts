/**
 * What a dead thread has left in its slot that waits for a grace period. It may have stopped between any two words:
 *
 *     what is linked from a head word is there        tails, lengths and sums are found anew
 *     a sheaf that is linked and in hand as well      was being sealed: it is linked
 *     what is in hand alone                           is linked now, behind the others
 *     a head that was taken off, and not dealt with   is lost: whether its callback has begun nobody knows
 *
 * Who may call: who holds HEADER.orphanLock, for a slot that is dead.
 *
 * I1  gatherSheaves() can be stopped and done again: it links before it takes out of the hand.
 */
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, CALLBACK_LIST, SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

/** True when the slot has something to take over, or its counters say that it has. */
export function hasEstate(words: Words, start: number): boolean {
  return (
    words.loadPlain(start + SLOT.waitingHead) !== 0 ||
    isBehind(words, start + SLOT.sheavesSealed, start + SLOT.sheavesFreed) ||
    isListLeft(words, start + SLOT.heads) ||
    isListLeft(words, start + SLOT.callbacks) ||
    hasInHand(words, start)
  );
}

/** True when an rcu sheaf of the slot holds objects: of a thread that is dead, or between two equal, even turn words. */
export function hasInHand(words: Words, start: number): boolean {
  // Publishes nothing: who has an object of a cache that is made now has it from another thread, later.
  const used = words.load(HEADER.cachesUsed);
  for (let id = 0; id < used; id++) {
    // Atomic, of a live thread: comes before the second look at its turn word, as in a seqlock.
    const sheaf = words.load(placeOf(start, id));
    // As above.
    if (sheaf !== 0 && words.load(sheaf + SHEAF.count) !== 0) return true;
  }
  return false;
}

/** Links the sheaves that are in hand behind those that wait. Returns the first of all; 0 when there is none. */
export function gatherSheaves(words: Words, start: number): number {
  const linked = new Set<number>();
  let link = start + SLOT.waitingHead;
  for (let sheaf = words.loadPlain(link); sheaf !== 0; sheaf = words.loadPlain(link)) {
    linked.add(sheaf);
    link = sheaf + SHEAF.next;
  }
  // Publishes nothing: the dead thread knew no cache that is made now.
  const used = words.load(HEADER.cachesUsed);
  for (let id = 0; id < used; id++) {
    const sheaf = words.loadPlain(placeOf(start, id));
    if (!holdsObjects(words, sheaf)) continue;
    if (!linked.has(sheaf)) {
      words.storePlain(sheaf + SHEAF.next, 0);
      words.storePlain(link, sheaf);
      link = sheaf + SHEAF.next;
    }
    words.storePlain(placeOf(start, id), HEADER.bootstrapSheaf);
  }
  return words.loadPlain(start + SLOT.waitingHead);
}

/** The slot has nothing that waits any more, and never had for who counts. */
export function clearEstate(words: Words, start: number): void {
  for (const word of [SLOT.waitingHead, SLOT.waitingTail, SLOT.waitingObjects, SLOT.waitingWords]) {
    words.storePlain(start + word, 0);
  }
  clearList(words, start + SLOT.heads);
  clearList(words, start + SLOT.callbacks);
  // waiting-sheaves:P1, orphans:P2: after migrations.
  words.store(start + SLOT.sheavesFreed, words.loadPlain(start + SLOT.sheavesSealed));
}

function clearList(words: Words, list: number): void {
  for (let word = CALLBACK_LIST.head; word <= CALLBACK_LIST.length; word++) words.storePlain(list + word, 0);
  // callback-list:P1, orphans:P2: after migrations.
  words.store(list + CALLBACK_LIST.finished, words.loadPlain(list + CALLBACK_LIST.queued));
}

function isListLeft(words: Words, list: number): boolean {
  if (words.loadPlain(list + CALLBACK_LIST.head) !== 0) return true;
  return isBehind(words, list + CALLBACK_LIST.queued, list + CALLBACK_LIST.finished);
}

function isBehind(words: Words, begun: number, ended: number): boolean {
  // Publishes nothing: a look, which is done again under the lock.
  return words.load(begun) !== words.load(ended);
}

/** Index of the word that leads to the rcu sheaf of a cache. */
function placeOf(start: number, id: number): number {
  return start + SLOT.caches + id * CACHE_SLOT_WORDS + CACHE_SLOT.rcu;
}

function holdsObjects(words: Words, sheaf: number): boolean {
  return sheaf !== 0 && words.loadPlain(sheaf + SHEAF.count) !== 0;
}
