/**
 * The share of named locks in an audit: each has a record of its size, and what stands in it can be. That one
 * is held, or waited for, is no mistake.
 */
import { CONSISTENCY, LOCK, LOCK_KIND, lockRecordWords, WAITERS } from '../layout/lock-record.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Books } from './books.js';
import { reachOnce, roomWords } from './reach.js';

const NAMES: ReadonlyMap<number, string> = new Map([
  [LOCK_KIND.mutex, 'mutex'],
  [LOCK_KIND.rwLock, 'rwlock'],
  [LOCK_KIND.semaphore, 'semaphore'],
  [LOCK_KIND.condVar, 'condition'],
  [LOCK_KIND.seqLock, 'seqlock'],
]);

/** Least and most of LOCK.size: permits, words. */
const SIZES: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  [LOCK_KIND.semaphore, [1, 1024]],
  [LOCK_KIND.seqLock, [1, 64]],
]);
const NO_SIZE = [0, 0] as const;

export function isLockKind(kind: number): boolean {
  return NAMES.has(kind);
}

/** What a sentence calls a lock of a kind. */
export function lockKindName(kind: number): string {
  return NAMES.get(kind) ?? `kind ${kind}`;
}

/** @param what as a sentence begins: `mutex 'x'` */
export function checkLockRecord(books: Books, record: number, kind: number, what: string): void {
  const { words, geometry } = books;
  if (!reachOnce(books, record, lockRecordWords(kind, geometry.slots, 0), what)) return;
  const found = words.loadPlain(record + LOCK.kind);
  if (found !== kind) books.report(`${what} has a record of ${lockKindName(found)}`);
  checkSize(books, record, kind, what);
  const consistency = words.loadPlain(record + LOCK.consistency);
  if (consistency < CONSISTENCY.consistent || consistency > CONSISTENCY.notRecoverable) {
    books.report(`${what} has consistency ${consistency}, which is 0 to 2`);
  }
  checkOwner(books, words.loadPlain(record + LOCK.owner) & ~WAITERS, what);
}

function checkSize(books: Books, record: number, kind: number, what: string): void {
  const size = books.words.loadPlain(record + LOCK.size);
  const [least, most] = SIZES.get(kind) ?? NO_SIZE;
  if (size < least || size > most) {
    books.report(`${what} has size ${size}, which is ${least === most ? least : `${least} to ${most}`}`);
    return;
  }
  const needed = lockRecordWords(kind, books.geometry.slots, size);
  const room = roomWords(books, record);
  if (room >= needed) return;
  books.report(
    `${what} of size ${size} takes ${needed * BYTES_PER_WORD} bytes, its record has ${room * BYTES_PER_WORD}`,
  );
}

function checkOwner(books: Books, tag: number, what: string): void {
  const slot = (tag & 0xff) - 1;
  if (tag === 0 || (slot >= 0 && slot < books.geometry.slots)) return;
  books.report(`${what} has owner ${tag}, slots are 0 to ${books.geometry.slots - 1}`);
}
