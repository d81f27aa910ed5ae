/**
 * What a dead thread has left in its slot that waits for a grace period. It may have stopped between any two words:
 *
 *     what is linked from a head word is there        tails, lengths and sums are found anew
 *     a sheaf that says that it waits (its holder)    is linked now, where it is on no list
 *     an rcu sheaf without an object                  was about to be begun: it does not wait
 *     a head that was taken off                       its free is told by an intent; whether its callback has begun nobody
 *                                                     knows, so it is not called again
 *
 *     zombie --mendWaiting()--> its lists can be used as by its own thread --clearEstate()--> it never had anything
 *
 * Who may call: who reaps the slot; clearEstate() under HEADER.orphanLock, which is not the dead thread's any more.
 *
 * I1  Each can be stopped anywhere and done again: what is linked is linked before the words that led to it forget it.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SHEAF, sheafHolder, waitingHolder } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, CALLBACK_LIST, RCU_HEAD, SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { waitingSheavesOf } from './waiting-sheaves-of.js';

const LAST_SEGMENT = CALLBACK_LIST.sequences - CALLBACK_LIST.tails - 1;

/** True when the slot, of which mendWaiting() has sealed what was in hand, has something to take over, or its counters say so. */
export function hasEstate(words: Words, start: number): boolean {
  return (
    words.loadPlain(start + SLOT.waitingHead) !== 0 ||
    isBehind(words, start + SLOT.sheavesSealed, start + SLOT.sheavesFreed) ||
    isListLeft(words, start + SLOT.heads) ||
    isListLeft(words, start + SLOT.callbacks) ||
    (words.loadPlain(start + SLOT.seals) & 1) !== 0 ||
    words.loadPlain(start + SLOT.rcuInHand) !== 0
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

/**
 * Makes whole what waits: rcu sheaves are sealed, those that are on no list are linked, and tails, lengths and sums are
 * right again. No word of the slot is needed to find a sheaf.
 */
export function mendWaiting(words: Words, geometry: Geometry, slot: number): void {
  const start = slotStart(geometry, slot);
  linkSheaves(words, geometry, slot);
  mendSums(words, start);
  letGoOfSheaves(words, start);
  mendList(words, start + SLOT.heads);
  mendList(words, start + SLOT.callbacks);
}

/** True when object `p` waits for a grace period, as far as the dead thread of the slot has come with it. */
export function isPosted(words: Words, geometry: Geometry, slot: number, p: number): boolean {
  for (const sheaf of waitingSheavesOf(words, geometry, slot)) if (isInSheaf(words, sheaf, p)) return true;
  const list = slotStart(geometry, slot) + SLOT.heads;
  for (const head of headsFrom(words, words.loadPlain(list + CALLBACK_LIST.head))) {
    if (head - words.loadPlain(head + RCU_HEAD.func) === p) return true;
  }
  return false;
}

/** True when the sheaf holds `p`. */
export function isInSheaf(words: Words, sheaf: number, p: number): boolean {
  const count = words.loadPlain(sheaf + SHEAF.count);
  for (let i = 0; i < count; i++) if (words.loadPlain(sheaf + SHEAF.objects + i) === p) return true;
  return false;
}

/** True when the list at word `list` (CALLBACK_LIST) leads to `head`. */
export function isOnList(words: Words, list: number, head: number): boolean {
  return headsFrom(words, words.loadPlain(list + CALLBACK_LIST.head)).includes(head);
}

/** The head whose callback had perhaps begun, and its id; undefined where there is none. */
export function interruptedCallback(
  words: Words,
  start: number,
): { readonly head: number; readonly id: number } | undefined {
  const head = words.loadPlain(start + SLOT.rcuInHand);
  const list = start + SLOT.callbacks;
  const heads = headsFrom(words, words.loadPlain(list + CALLBACK_LIST.head));
  if (head === 0 || heads.includes(head)) return undefined;
  const queued = words.loadPlain(list + CALLBACK_LIST.queued);
  // Those on the list are all that are not finished: its callback has ended.
  if (((queued - words.loadPlain(list + CALLBACK_LIST.finished)) | 0) === heads.length) return undefined;
  return { head, id: words.loadPlain(head + RCU_HEAD.func) };
}

/** The slot has nothing that waits any more, and never had for who counts. */
export function clearEstate(words: Words, start: number): void {
  for (const word of [SLOT.waitingHead, SLOT.waitingTail, SLOT.waitingObjects, SLOT.waitingWords]) {
    words.storePlain(start + word, 0);
  }
  clearList(words, start + SLOT.heads);
  words.storePlain(start + SLOT.rcuInHand, 0);
  clearList(words, start + SLOT.callbacks);
  // waiting-sheaves:P1, orphans:P2: after migrations.
  words.store(start + SLOT.sheavesFreed, words.loadPlain(start + SLOT.sheavesSealed));
  // kfree-rcu:P1: a round that the dead thread was in is over, for the next thread in the slot.
  words.store(start + SLOT.seals, (words.loadPlain(start + SLOT.seals) + 1) & ~1);
}

/** Links all sheaves that say they wait. What holds nothing does not. */
function linkSheaves(words: Words, geometry: Geometry, slot: number): void {
  const start = slotStart(geometry, slot);
  const linked = new Set<number>();
  let link = start + SLOT.waitingHead;
  for (let sheaf = words.loadPlain(link); sheaf !== 0; sheaf = words.loadPlain(link)) {
    linked.add(sheaf);
    // Where the dead thread was about to leave the list to others, some are nobody's.
    words.storePlain(sheaf + SHEAF.holder, waitingHolder(slot));
    link = sheaf + SHEAF.next;
  }
  for (const sheaf of waitingSheavesOf(words, geometry, slot)) {
    if (linked.has(sheaf)) continue;
    if (words.loadPlain(sheaf + SHEAF.count) === 0) {
      words.storePlain(sheaf + SHEAF.holder, sheafHolder(slot));
      continue;
    }
    words.storePlain(sheaf + SHEAF.next, 0);
    words.storePlain(link, sheaf);
    link = sheaf + SHEAF.next;
  }
}

function mendSums(words: Words, start: number): void {
  let sheaves = 0;
  let objects = 0;
  let last = 0;
  for (let at = words.loadPlain(start + SLOT.waitingHead); at !== 0; at = words.loadPlain(at + SHEAF.next)) {
    sheaves++;
    objects += words.loadPlain(at + SHEAF.count);
    last = at;
  }
  words.storePlain(start + SLOT.waitingTail, last);
  words.storePlain(start + SLOT.waitingObjects, objects);
  const freed = words.loadPlain(start + SLOT.sheavesFreed);
  const missing = (freed + sheaves - words.loadPlain(start + SLOT.sheavesSealed)) | 0;
  // waiting-sheaves:P1: before they are in hand no more, so that barriers find them in one place at least. It never goes
  // down: barriers may wait for what stands there.
  if (missing > 0) words.store(start + SLOT.sheavesSealed, (freed + sheaves) | 0);
}

/** What was in hand is linked. */
function letGoOfSheaves(words: Words, start: number): void {
  // Publishes nothing: the dead thread knew no cache that is made now.
  const used = words.load(HEADER.cachesUsed);
  for (let id = 0; id < used; id++) words.storePlain(placeOf(start, id), HEADER.bootstrapSheaf);
}

/** All heads wait anew: which of them were done is of no account. */
function mendList(words: Words, list: number): void {
  const heads = headsFrom(words, words.loadPlain(list + CALLBACK_LIST.head));
  for (let segment = 0; segment < LAST_SEGMENT; segment++) {
    words.storePlain(list + CALLBACK_LIST.tails + segment, 0);
  }
  words.storePlain(list + CALLBACK_LIST.tails + LAST_SEGMENT, heads.at(-1) ?? 0);
  words.storePlain(list + CALLBACK_LIST.length, heads.length);
}

function headsFrom(words: Words, first: number): number[] {
  const heads: number[] = [];
  for (let head = first; head !== 0; head = words.loadPlain(head + RCU_HEAD.next)) heads.push(head);
  return heads;
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
