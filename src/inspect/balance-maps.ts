/**
 * A shared map's share of an audit (layout/map-record.ts): its root, locks and segments; then all entries and
 * bucket words in the one list that they form, each at its place by its order.
 *
 *     [bucket 0] -> e -> e -> [bucket 1] -> e -> [bucket 2] -> end      orders ascend from left to right
 *      >= order 0^            >= order of bucket 1
 */
import {
  BUCKET_LINK,
  BUCKET_LOCK,
  BUCKET_LOCK_WORDS,
  END_LINK,
  ENTRY,
  firstSegmentOffset,
  MAP,
  MAP_WORDS,
  MAX_LEVEL,
  mapRecordWords,
  ORDER_FLIP,
} from '../layout/map-record.js';
import { checkLock } from './balance-locks.js';
import type { Books } from './books.js';
import { checkEntry } from './map-entry.js';
import { REACH, reach, reachOnce, reportReach, roomWords } from './reach.js';

/** A map whose root, locks and segments are all there. */
interface MapBook {
  readonly name: string;
  readonly level: number;
  readonly firstLevel: number;
  readonly locks: number;
  /** By level. */
  readonly segments: readonly number[];
  /** Entries met, by lock. */
  readonly entries: Int32Array;
  /** 1 for each bucket word met, by its number at `level`. */
  readonly linked: Uint8Array;
}

/** Where a walk along the list stands. */
interface Position {
  bucket: number;
  /** Entry met last, 0 = none behind the first bucket word. */
  entry: number;
  /** No order behind this point is below it. */
  order: number;
  /** Entries of just this order. */
  equals: number[];
}

const LOWEST_ORDER = -(2 ** 31);
/** Entries of one order that later ones are compared with: without collisions on purpose there are one or two. */
const MAX_COMPARED = 256;

/** Looks at the map whose root is at `root`. `name` is what to call it in a sentence. */
export function checkMap(books: Books, root: number, name: string, isQuiescent: boolean): void {
  if (!reachOnce(books, root, MAP_WORDS, name)) return;
  const map = readMap(books, root, name);
  if (map === undefined) return;
  if (walkList(books, map)) checkBuckets(books, map);
  if (isQuiescent) checkMapLocks(books, map, root);
}

function readMap(books: Books, root: number, name: string): MapBook | undefined {
  const level = books.words.loadPlain(root + MAP.level);
  const firstLevel = books.words.loadPlain(root + MAP.firstLevel);
  const locks = books.words.loadPlain(root + MAP.locks);
  if (firstLevel < 1 || firstLevel > level || level > MAX_LEVEL) {
    books.report(
      `${name} has level ${level} and first level ${firstLevel}, they are 1 to ${MAX_LEVEL}, the first not above`,
    );
    return undefined;
  }
  if (roomWords(books, root) < mapRecordWords(firstLevel)) {
    reportReach(books, root, mapRecordWords(firstLevel), name, REACH.tooSmall);
    return undefined;
  }
  const segments: number[] = [];
  let isWhole = isInPlace(books, `the lock array of ${name}`, locks, root + MAP_WORDS);
  for (let l = 0; l <= MAX_LEVEL; l++) {
    const segment = books.words.loadPlain(root + MAP.segments + l);
    segments.push(segment);
    if (l > level && segment === 0) continue;
    if (l > level) books.report(`${name} has level ${level}, and a segment ${l} at ${segment}`);
    const what = `segment ${l} of ${name}`;
    const isThere =
      l <= firstLevel
        ? isInPlace(books, what, segment, root + firstSegmentOffset(firstLevel, l))
        : reachOnce(books, segment, segmentWords(l), what);
    if (!isThere) isWhole = false;
  }
  if (!isWhole) return undefined;
  const entries = new Int32Array(2 ** firstLevel);
  return { name, level, firstLevel, locks, segments, entries, linked: new Uint8Array(2 ** level) };
}

/** What is part of the map's own object. */
function isInPlace(books: Books, what: string, address: number, place: number): boolean {
  if (address === place) return true;
  books.report(`${what} is address ${address}, it lies behind the map's root, at ${place}`);
  return false;
}

function segmentWords(l: number): number {
  return l === 0 ? 1 : 2 ** (l - 1);
}

/** Number at the map's level of the bucket whose word is at `index`; -1 where it is none of the map's. */
function bucketAt(map: MapBook, index: number): number {
  for (let l = map.level; l >= 0; l--) {
    const at = index - map.segments[l]!;
    if (at < 0 || at >= segmentWords(l)) continue;
    return l === 0 ? 0 : (2 * at + 1) * 2 ** (map.level - l);
  }
  return -1;
}

/** Index of the word of bucket `bucket` of the map's level. */
function bucketWord(map: MapBook, bucket: number): number {
  if (bucket === 0) return map.segments[0]!;
  const zeros = 31 - Math.clz32(bucket & -bucket);
  return map.segments[map.level - zeros]! + (bucket >>> (zeros + 1));
}

/** The lowest order in bucket `bucket`. */
function lowestOrder(map: MapBook, bucket: number): number {
  return (bucket * 2 ** (32 - map.level)) ^ ORDER_FLIP;
}

/** Walks the list from bucket 0; false where it breaks off. */
function walkList(books: Books, map: MapBook): boolean {
  const at: Position = { bucket: 0, entry: 0, order: LOWEST_ORDER, equals: [] };
  map.linked[0] = 1;
  let link = books.words.loadPlain(map.segments[0]!);
  while (link !== END_LINK) {
    if (link === 0) {
      books.report(`the list of ${map.name} breaks off behind ${whereIs(at)}`);
      return false;
    }
    if (link > 0 ? !stepOnEntry(books, map, at, link) : !stepOnBucket(books, map, at, link)) return false;
    link = books.words.loadPlain(link > 0 ? link + ENTRY.next : link & ~BUCKET_LINK);
  }
  return true;
}

function whereIs(at: Position): string {
  return at.entry === 0 ? `bucket ${at.bucket}` : `entry ${at.entry}`;
}

function stepOnBucket(books: Books, map: MapBook, at: Position, link: number): boolean {
  const word = link & ~BUCKET_LINK;
  const bucket = bucketAt(map, word);
  if (bucket <= at.bucket) {
    const what = bucket < 0 ? 'is no bucket of it' : `is bucket ${bucket}, after bucket ${at.bucket}`;
    books.report(`the list of ${map.name} leads from ${whereIs(at)} to word ${word}, which ${what}`);
    return false;
  }
  const order = lowestOrder(map, bucket);
  if (at.entry !== 0 && at.order >= order) {
    books.report(
      `bucket ${bucket} of ${map.name} takes orders from ${order}, entry ${at.entry} before it has ${at.order}`,
    );
  }
  map.linked[bucket] = 1;
  at.bucket = bucket;
  at.entry = 0;
  at.order = order;
  at.equals = [];
  return true;
}

function stepOnEntry(books: Books, map: MapBook, at: Position, entry: number): boolean {
  const result = reach(books, entry, ENTRY.key);
  if (result !== REACH.fresh) {
    reportReach(books, entry, ENTRY.key, `what follows ${whereIs(at)} of ${map.name}`, result);
    return false;
  }
  const order = books.words.loadPlain(entry + ENTRY.order);
  if (order < at.order) {
    books.report(
      `entry ${entry} of ${map.name} has order ${order}, ${whereIs(at)} before it has ${at.order}`,
    );
  }
  if (order !== at.order) at.equals = [];
  checkEntry(books, entry, at.equals, map.name);
  if (at.equals.length < MAX_COMPARED) at.equals.push(entry);
  const lock = (order ^ ORDER_FLIP) >>> (32 - map.firstLevel);
  map.entries[lock] = map.entries[lock]! + 1;
  at.entry = entry;
  at.order = order;
  return true;
}

/** Every bucket word that is set is on the list, and those of the first level are set. */
function checkBuckets(books: Books, map: MapBook): void {
  const ofFirst = 2 ** (map.level - map.firstLevel);
  for (let bucket = 0; bucket < map.linked.length; bucket++) {
    const word = books.words.loadPlain(bucketWord(map, bucket));
    if (word !== 0 && map.linked[bucket] === 0) {
      books.report(`bucket ${bucket} of ${map.name} holds link ${word}, and is not on the list`);
    } else if (word === 0 && bucket % ofFirst === 0) {
      books.report(`bucket ${bucket} of ${map.name} is of its first level, and not on the list`);
    }
  }
  for (let lock = 0; lock < map.entries.length; lock++) {
    const counted = books.words.loadPlain(map.locks + lock * BUCKET_LOCK_WORDS + BUCKET_LOCK.entries);
    const found = map.entries[lock]!;
    if (counted === found) continue;
    books.report(`bucket lock ${lock} of ${map.name} counts ${counted} entries, there are ${found}`);
  }
}

function checkMapLocks(books: Books, map: MapBook, root: number): void {
  checkLock(books, root + MAP.growLock, `the grow lock of ${map.name}`);
  for (let lock = 0; lock < map.entries.length; lock++) {
    checkLock(
      books,
      map.locks + lock * BUCKET_LOCK_WORDS + BUCKET_LOCK.lock,
      `bucket lock ${lock} of ${map.name}`,
    );
  }
}
