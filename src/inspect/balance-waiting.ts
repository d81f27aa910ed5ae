/**
 * What waits for a grace period, and its share of an audit.
 *
 *     slot     waitingHead -> sheaf -> sheaf -> 0, waitingTail the last, waitingObjects the sum of their counts
 *     slot     heads, callbacks: head -> RcuHead -> RcuHead -> 0, each cut into segments by four tails
 *     header   orphanSheaves -> sheaf -> 0 | orphanHeads -> RcuHead -> 0 | orphanObjects: both together
 *              orphanCallbacks -> RcuHead -> 0 | orphanCallbackCount
 *
 * Nothing can wait for a number that has not been given out yet, and sheaves wait in the order of their numbers.
 */
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_HOLDER, waitingHolder } from '../layout/sheaf-record.js';
import { CALLBACK_LIST, SLOT } from '../layout/thread-slot.js';
import { ORPHAN_CALLBACKS } from './balance-callbacks.js';
import { type Books, PLACE } from './books.js';
import { walkCallbacks, walkHeads } from './callback-walk.js';
import { isLater, latestCookie, PHASE_MASK } from './sequence-numbers.js';
import { checkHolder, claimSheaf } from './sheaf-claim.js';

/** Segments of a callback list; the middle two wait for a number. */
const SEGMENTS = 4;
const NUMBERED = [1, 2] as const;

/** A list of sealed sheaves, walked. */
interface SheafWalk {
  readonly objects: number;
  readonly last: number;
  readonly isWhole: boolean;
}

export function checkWaiting(books: Books): void {
  for (let slot = 0; slot < books.geometry.slots; slot++) {
    checkWaitingSheaves(books, slot);
    const start = slotStart(books.geometry, slot);
    checkList(books, start, SLOT.heads, `the RcuHead list of slot ${slot}`, walkHeads);
    checkList(books, start, SLOT.callbacks, `the callback list of slot ${slot}`, walkCallbacks);
  }
  checkOrphans(books);
  checkOrphanCallbacks(books);
}

function checkWaitingSheaves(books: Books, slot: number): void {
  const { words } = books;
  const start = slotStart(books.geometry, slot);
  const walk = walkSheaves(
    books,
    words.loadPlain(start + SLOT.waitingHead),
    `a waiting sheaf of slot ${slot}`,
    true,
    waitingHolder(slot),
  );
  if (!walk.isWhole) return;
  const tail = words.loadPlain(start + SLOT.waitingTail);
  if (tail !== walk.last) {
    books.report(`the last waiting sheaf of slot ${slot} is ${walk.last}, its waitingTail is ${tail}`);
  }
  const counted = words.loadPlain(start + SLOT.waitingObjects);
  if (counted !== walk.objects) {
    books.report(`slot ${slot} counts ${counted} objects in waiting sheaves, they hold ${walk.objects}`);
  }
}

/** @param holder what SHEAF.holder of each must say */
function walkSheaves(
  books: Books,
  head: number,
  where: string,
  isOrdered: boolean,
  holder: number,
): SheafWalk {
  const { words } = books;
  const latest = latestCookie(words.loadPlain(HEADER.gracePeriodSequence));
  let objects = 0;
  let last = 0;
  for (let sheaf = head; sheaf !== 0; sheaf = words.loadPlain(sheaf + SHEAF.next)) {
    const count = claimSheaf(books, sheaf, where, undefined, PLACE.waiting);
    if (count < 0) return { objects, last, isWhole: false };
    if (words.loadPlain(sheaf + SHEAF.count) === 0) books.report(`${where} at ${sheaf} holds no object`);
    checkHolder(books, sheaf, `${where} at ${sheaf}`, holder);
    checkCookie(books, `${where} at ${sheaf}`, words.loadPlain(sheaf + SHEAF.cookie), latest);
    if (isOrdered && last !== 0) checkOrder(books, last, sheaf, where);
    objects += count;
    last = sheaf;
  }
  return { objects, last, isWhole: true };
}

function checkCookie(books: Books, name: string, cookie: number, latest: number): void {
  if ((cookie & PHASE_MASK) !== 0) {
    books.report(`${name} waits for grace-period number ${cookie}, which no grace period ends with`);
  } else if (isLater(cookie, latest)) {
    books.report(`${name} waits for grace-period number ${cookie}, the last given out is ${latest}`);
  }
}

function checkOrder(books: Books, before: number, sheaf: number, where: string): void {
  const earlier = books.words.loadPlain(before + SHEAF.cookie);
  const later = books.words.loadPlain(sheaf + SHEAF.cookie);
  if (!isLater(earlier, later)) return;
  books.report(`${where} at ${sheaf} waits for number ${later}, the one before it for ${earlier}`);
}

/** @param at the list's place in its slot, which starts at `start`; @param walk what marks the heads on it */
function checkList(books: Books, start: number, at: number, name: string, walk: typeof walkHeads): void {
  const { words } = books;
  const list = start + at;
  const first = words.loadPlain(list + CALLBACK_LIST.head);
  const counted = words.loadPlain(list + CALLBACK_LIST.length);
  const heads: number[] = [];
  if (!walk(books, first, name, heads)) return;
  if (counted !== heads.length) {
    books.report(`${name} counts ${counted} RcuHeads, it holds ${heads.length}`);
  }
  const unfinished =
    (words.loadPlain(list + CALLBACK_LIST.queued) - words.loadPlain(list + CALLBACK_LIST.finished)) | 0;
  // One that is off its list counts until it is dealt with.
  if (unfinished !== heads.length && words.loadPlain(start + SLOT.rcuInHand) === 0) {
    books.report(`${name} has ${unfinished} RcuHeads queued and not finished, it holds ${heads.length}`);
  }
  checkTails(books, list, heads, name);
}

/** Each tail is a head of the list, none stands before the tail of the segment before, the last is the end. */
function checkTails(books: Books, list: number, heads: readonly number[], name: string): void {
  const { words } = books;
  const places: number[] = [];
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const tail = words.loadPlain(list + CALLBACK_LIST.tails + segment);
    const place = tail === 0 ? -1 : heads.indexOf(tail);
    if (tail !== 0 && place < 0) {
      books.report(`tail ${segment} of ${name} is ${tail}, which is not on it`);
      return;
    }
    places.push(place);
    if (segment > 0 && place < places[segment - 1]!) {
      books.report(`tail ${segment} of ${name} stands before tail ${segment - 1}`);
    }
  }
  if (places[SEGMENTS - 1] !== heads.length - 1) {
    books.report(`the last tail of ${name} is head ${places[SEGMENTS - 1]! + 1} of ${heads.length}`);
  }
  checkNumbers(books, list, places, name);
}

/** The numbers that the two middle segments wait for, where they hold heads at all. */
function checkNumbers(books: Books, list: number, places: readonly number[], name: string): void {
  const { words } = books;
  const latest = latestCookie(words.loadPlain(HEADER.gracePeriodSequence));
  let earlier: number | undefined;
  for (const segment of NUMBERED) {
    if (places[segment] === places[segment - 1]) continue;
    const number = words.loadPlain(list + CALLBACK_LIST.sequences + segment - 1);
    checkCookie(books, `segment ${segment} of ${name}`, number, latest);
    if (earlier !== undefined && isLater(earlier, number)) {
      books.report(
        `segment ${segment} of ${name} waits for number ${number}, the one before it for ${earlier}`,
      );
    }
    earlier = number;
  }
}

function checkOrphans(books: Books): void {
  const { words } = books;
  const heads: number[] = [];
  const walk = walkSheaves(
    books,
    words.loadPlain(HEADER.orphanSheaves),
    'an orphan sheaf',
    false,
    SHEAF_HOLDER.nobody,
  );
  const isWhole = walkHeads(books, words.loadPlain(HEADER.orphanHeads), 'the orphan list', heads);
  if (!walk.isWhole || !isWhole) return;
  const counted = words.loadPlain(HEADER.orphanObjects);
  const found = walk.objects + heads.length;
  if (counted !== found) books.report(`the header counts ${counted} orphan objects, there are ${found}`);
}

function checkOrphanCallbacks(books: Books): void {
  const { words } = books;
  const heads: number[] = [];
  if (!walkCallbacks(books, words.loadPlain(HEADER.orphanCallbacks), ORPHAN_CALLBACKS, heads)) {
    books.brokenLists.add(ORPHAN_CALLBACKS);
    return;
  }
  const counted = words.loadPlain(HEADER.orphanCallbackCount);
  if (counted === heads.length) return;
  books.report(`the header counts ${counted} orphan callbacks, there are ${heads.length}`);
}
