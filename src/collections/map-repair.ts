/**
 * MapRepair: makes maps whole that dead threads were changing, and finishes what those had told of it (intents).
 *
 *     a lock of the dead   taken over, what it guards mended, released        takeLocks()
 *     an entry going in    on the list, or it was: done. Never: it is free    finishEntry()
 *     an entry coming out  off the list by the dead thread: freed after a grace period, unless it waits for that already
 *     a chain of clear()   the same for each entry of it                      finishClear()
 *
 * Whether an entry is on the list is looked up without a lock, as readers do: only the dead thread could have linked it, and
 * who else unlinks it stores its own tag first.
 *
 * Who may call: who reaps the slot. The turn of the dead thread counts as open until this is done, so nothing that an intent
 * names is used anew.
 *
 * I1  Each step can be stopped anywhere and done again, by another thread.
 * I2  A write whose last store was not made has not happened: what it was to take out stays in the map.
 */
import type { Estate } from '../heap/estate.js';
import { freeInHand, isInUse, isWaiting, retireInHand } from '../heap/estate-memory.js';
import type { HeapParts } from '../heap/heap-parts.js';
import type { MapReaper } from '../heap/map-reaper.js';
import {
  BUCKET_LINK,
  BUCKET_LOCK,
  BUCKET_LOCK_WORDS,
  ENTRY,
  ENTRY_CLEARED,
  ENTRY_TAKER,
  MAP,
  ORDER_FLIP,
} from '../layout/map-record.js';
import { INTENT, INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import { MAP_BUCKET_LOCK, MAP_GROW_LOCK } from '../locks/lull-classes.js';
import { ownerTag } from '../locks/owner.js';
import type { Words } from '../words/words.js';
import { MapTable } from './map-table.js';

/** What is done with entries of a map in place of a dead thread. */
interface Undertaking {
  readonly estate: Estate;
  readonly words: Words;
  /** Of the dead thread. */
  readonly tag: number;
  readonly table: MapTable;
  readonly frame: number;
}

export class MapRepair implements MapReaper {
  private readonly _parts: HeapParts;

  /** @param parts of the thread that reaps */
  constructor(parts: HeapParts) {
    this._parts = parts;
  }

  takeLocks(map: number): string[] {
    const { words, geometry, locks } = this._parts;
    const taken: string[] = [];
    const growLock = locks.rawSpinLock(map + MAP.growLock, MAP_GROW_LOCK, 'map growth');
    if (growLock.takeFromDead(geometry)) {
      repairGrowth(words, map);
      growLock.release();
      taken.push(growLock.name);
    }
    const first = words.loadPlain(map + MAP.locks);
    const count = 1 << words.loadPlain(map + MAP.firstLevel);
    for (let number = 0; number < count; number++) {
      const word = first + number * BUCKET_LOCK_WORDS + BUCKET_LOCK.lock;
      // Publishes nothing: a look, which spares the making of a lock.
      if (words.load(word) === 0) continue;
      const lock = locks.rawSpinLock(word, MAP_BUCKET_LOCK, `map bucket ${number}`);
      if (!lock.takeFromDead(geometry)) continue;
      // No turn: under the lock nothing of the bucket goes away.
      repairBucket(words, map, number);
      lock.release();
      taken.push(lock.name);
    }
    return taken;
  }

  finishEntry(estate: Estate, frame: number): void {
    this._parts.turn.run(() => finishEntry(undertaking(estate, frame)));
  }

  finishClear(estate: Estate, frame: number): void {
    this._parts.turn.run(() => finishClear(undertaking(estate, frame)));
  }
}

/** The level that a segment was published for is published too; for who has taken the grow lock from the dead. */
export function repairGrowth(words: Words, map: number): void {
  const level = words.loadPlain(map + MAP.level);
  if (words.loadPlain(map + MAP.segments + level + 1) === 0) return;
  // map-table:P2: publishes the segment's address, before any of its buckets is on the list.
  words.store(map + MAP.level, level + 1);
}

/**
 * Counts the entries of a bucket lock anew, and puts that of its buckets on the list which was about to get there; for who
 * has taken the lock from the dead.
 */
export function repairBucket(words: Words, map: number, number: number): void {
  const table = new MapTable(words, map);
  const level = table.level();
  const share = level - words.loadPlain(map + MAP.firstLevel);
  const end = (number + 1) << share;
  let entries = 0;
  let before = table.wordOf(level, number << share);
  let bucket = nextSet(words, table, level, (number << share) + 1, end);
  for (;;) {
    const link = words.loadPlain(before);
    if (link > 0 && (bucket === end || words.loadPlain(link + ENTRY.order) < firstOrder(level, bucket))) {
      entries++;
      before = link;
      continue;
    }
    if (bucket === end) break;
    const word = table.wordOf(level, bucket);
    if (link !== (word | BUCKET_LINK)) putOnList(words, before, word);
    before = word;
    bucket = nextSet(words, table, level, bucket + 1, end);
  }
  const lock = words.loadPlain(map + MAP.locks) + number * BUCKET_LOCK_WORDS;
  words.storePlain(lock + BUCKET_LOCK.entries, entries);
}

/** The first bucket from `from` on whose word is set; `end` where there is none. */
function nextSet(words: Words, table: MapTable, level: number, from: number, end: number): number {
  let bucket = from;
  while (bucket < end && words.loadPlain(table.wordOf(level, bucket)) === 0) bucket++;
  return bucket;
}

/** The lowest order that bucket `bucket` of 2^level takes. */
function firstOrder(level: number, bucket: number): number {
  return (bucket << (32 - level)) ^ ORDER_FLIP;
}

/** Puts the bucket with this word behind `before`. */
function putOnList(words: Words, before: number, word: number): void {
  // map-table:P3: publishes the way on from the bucket's word, before anything leads to the word.
  words.store(word, words.loadPlain(before));
  // map-table:P3: publishes the bucket's word.
  words.store(before, word | BUCKET_LINK);
}

function undertaking(estate: Estate, frame: number): Undertaking {
  const { words, slot, start } = estate;
  const tag = ownerTag(slot, words.loadPlain(start + SLOT.generation));
  return { estate, words, tag, table: new MapTable(words, words.loadPlain(frame + INTENT.place)), frame };
}

function finishEntry(task: Undertaking): void {
  const { estate, words, table, frame } = task;
  settleSecond(task);
  const out = -words.loadPlain(frame + INTENT.b);
  // It had begun to be freed, or was about to be: the new entry was linked before that.
  if (out > 0) {
    freeOnce(task, out);
    return;
  }
  const entry = words.loadPlain(frame + INTENT.a);
  if (entry === 0 || table.leadsTo(entry)) return;
  // map-record:I5: after the look, so that the tag of who has unlinked it meanwhile is seen.
  if (words.loadPlain(entry + ENTRY_TAKER) !== 0) return;
  estate.intents.become(frame, INTENT_KIND.free);
  if (isInUse(estate, entry)) freeInHand(estate, entry);
}

function finishClear(task: Undertaking): void {
  const { estate, words, frame } = task;
  const { intents } = estate;
  settleSecond(task);
  let out = -words.loadPlain(frame + INTENT.b);
  if (out > 0) {
    // map-clearing:I1: it was about to be taken off the chain.
    if (words.loadPlain(frame + INTENT.a) === out) intents.take(frame, words.loadPlain(out + ENTRY_CLEARED));
    freeBucket(task, out);
  }
  for (;;) {
    out = words.loadPlain(frame + INTENT.a);
    if (out === 0) return;
    intents.takeSecond(frame, -out);
    intents.take(frame, words.loadPlain(out + ENTRY_CLEARED));
    freeBucket(task, out);
  }
}

/** Frees an entry that is off the list, and those behind it in its bucket. */
function freeBucket(task: Undertaking, first: number): void {
  const { estate, words, frame } = task;
  let entry = first;
  while (entry > 0) {
    const next = words.loadPlain(entry);
    estate.intents.takeSecond(frame, -entry);
    // Those behind it nobody has come to yet.
    if (entry === first) freeOnce(task, entry);
    else retireInHand(estate, entry, ENTRY.rcuHead);
    entry = next;
  }
  estate.intents.takeSecond(frame, 0);
}

function freeOnce({ estate }: Undertaking, entry: number): void {
  if (!isWaiting(estate, entry)) retireInHand(estate, entry, ENTRY.rcuHead);
}

/** Decides what becomes of an entry that perhaps was taken out: afterwards `b` is not above 0. */
function settleSecond(task: Undertaking): void {
  const { estate, words, frame } = task;
  const entry = words.loadPlain(frame + INTENT.b);
  if (entry <= 0) return;
  const isChained = words.loadPlain(frame + INTENT.a) === entry;
  if (isChained || !isTakenOut(task, entry)) {
    estate.intents.takeSecond(frame, 0);
  } else if (words.loadPlain(frame + INTENT.kind) === INTENT_KIND.entry) {
    estate.intents.takeSecond(frame, -entry);
  } else {
    words.storePlain(entry + ENTRY_CLEARED, words.loadPlain(frame + INTENT.a));
    estate.intents.take(frame, entry);
    estate.intents.takeSecond(frame, 0);
  }
}

/** True where the dead thread has taken the entry off the list. */
function isTakenOut({ words, table, tag }: Undertaking, entry: number): boolean {
  // The look first: who else unlinks it has stored another tag before.
  return !table.leadsTo(entry) && words.loadPlain(entry + ENTRY_TAKER) === tag;
}
