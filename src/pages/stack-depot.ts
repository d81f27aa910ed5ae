/**
 * StackDepot: stores each distinct stack once, in shared memory of its own, and gives it a number that fits a word.
 *
 *     | header | buckets | owners of pages | record | record | ... free
 *                  |                          ^
 *                  +--------------------------+          record: next | hash | bytes | UTF-8 text
 *
 * A stack is looked for without a lock. A new one is written into words that nobody else has, then linked to the
 * front of its bucket by a compareExchange; whoever loses looks through what is new there and tries again. So no
 * lock is needed in any context, and a thread that is killed loses at most the words it had reserved.
 *
 * Where it cannot help (the depot is full, or a bucket was lost MOST_ATTEMPTS times): handle 0, "unknown stack". The
 * caller counts that. It takes a bounded number of steps, and JavaScript memory for the text.
 *
 * Who may call: any thread, each through a StackDepot of its own, in any context.
 *
 * I1  Records are only ever added, and never change once they are linked.
 * P1  A record is published by the compareExchange on its bucket, observed by the load of the bucket.
 */
import { wordsFor } from '../words/units.js';
import { decodeUtf8, encodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';

/** Words of the header; the buckets follow it, then four words for each page of the heap, then the records. */
export const DEPOT = { magic: 0, totalPages: 1, used: 2, stacks: 3, buckets: 16 } as const;
export const DEPOT_BUCKETS = 1024;
export const DEPOT_PAGE_WORDS = 4;
/** Offsets in a record. */
export const DEPOT_RECORD = { next: 0, hash: 1, bytes: 2, text: 3 } as const;

/** 'Ldep' */
const MAGIC = 0x7065644c;
/** Room for stacks in a depot that nobody asked for otherwise: some ten thousand. */
const STACK_BYTES = 8 * 2 ** 20;
const MOST_TEXT_BYTES = 4096;
const MOST_ATTEMPTS = 8;
/** Texts that a thread remembers, so that the same stack is looked for in the depot once. */
const MOST_KNOWN = 4096;

/** Bytes of the depot of a heap with this many pages. */
export function depotBytes(totalPages: number): number {
  return (DEPOT.buckets + DEPOT_BUCKETS + totalPages * DEPOT_PAGE_WORDS) * 4 + STACK_BYTES;
}

/** First word of what the depot keeps about pages. */
export function depotPagesStart(): number {
  return DEPOT.buckets + DEPOT_BUCKETS;
}

/** Makes an empty depot in zeroed words that nobody else has seen yet. */
export function formatDepot(words: Words, totalPages: number): void {
  const records = depotPagesStart() + totalPages * DEPOT_PAGE_WORDS;
  if (words.lengthWords < records) {
    throw new RangeError(
      `made a stack depot for ${totalPages} pages in ${words.lengthWords} words; give it at least ${records}`,
    );
  }
  words.storePlain(DEPOT.magic, MAGIC);
  words.storePlain(DEPOT.totalPages, totalPages);
  words.storePlain(DEPOT.used, records);
}

/** Whether formatDepot() has made a depot for a heap of this many pages in `words`. */
export function isDepot(words: Words, totalPages: number): boolean {
  return (
    words.lengthWords > DEPOT.buckets &&
    words.loadPlain(DEPOT.magic) === MAGIC &&
    words.loadPlain(DEPOT.totalPages) === totalPages
  );
}

export class StackDepot {
  private readonly _words: Words;
  private readonly _known = new Map<string, number>();

  /** @param words what formatDepot() has made a depot in */
  constructor(words: Words) {
    this._words = words;
  }

  /** The handle of this stack; 0 where it is empty, or could not be stored. The same for the same text, in all threads. */
  save(text: string): number {
    const known = this._known.get(text);
    if (known !== undefined) return known;
    const handle = this._saveNew(text);
    if (handle !== 0 && this._known.size < MOST_KNOWN) this._known.set(text, handle);
    return handle;
  }

  /** The stack of a handle; a word of its own where there is none. */
  text(handle: number): string {
    const words = this._words;
    if (!Number.isInteger(handle) || handle <= 0 || handle + DEPOT_RECORD.text >= words.lengthWords) {
      return 'unknown stack';
    }
    const bytes = new Uint8Array(Math.min(words.loadPlain(handle + DEPOT_RECORD.bytes), MOST_TEXT_BYTES));
    words.readBytesPlain(handle + DEPOT_RECORD.text, bytes, bytes.length);
    return decodeUtf8(bytes);
  }

  /** Distinct stacks that are stored. */
  stacks(): number {
    // Counter only.
    return this._words.load(DEPOT.stacks);
  }

  private _saveNew(text: string): number {
    if (text === '') return 0;
    const bytes = encodeUtf8(text).subarray(0, MOST_TEXT_BYTES);
    const hash = hashOf(bytes);
    const bucket = DEPOT.buckets + (hash & (DEPOT_BUCKETS - 1));
    let record = 0;
    let seen = 0;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      // P1: observes every record of the bucket.
      const head = this._words.load(bucket);
      const found = this._find(head, seen, hash, bytes);
      if (found !== 0) return found;
      if (record === 0) record = this._write(hash, bytes);
      if (record === 0) return 0;
      this._words.storePlain(record + DEPOT_RECORD.next, head);
      // P1: publishes the record.
      if (this._words.compareExchange(bucket, head, record) === head) {
        this._words.add(DEPOT.stacks, 1);
        return record;
      }
      seen = head;
    }
    return 0;
  }

  /** Looks through the chain from `head` up to `seen`, which was looked at before. */
  private _find(head: number, seen: number, hash: number, bytes: Uint8Array): number {
    const words = this._words;
    let record = head;
    while (record !== seen && record !== 0) {
      if (words.loadPlain(record + DEPOT_RECORD.hash) === hash && this._holds(record, bytes)) return record;
      record = words.loadPlain(record + DEPOT_RECORD.next);
    }
    return 0;
  }

  private _holds(record: number, bytes: Uint8Array): boolean {
    if (this._words.loadPlain(record + DEPOT_RECORD.bytes) !== bytes.length) return false;
    const held = new Uint8Array(bytes.length);
    this._words.readBytesPlain(record + DEPOT_RECORD.text, held, bytes.length);
    for (let i = 0; i < bytes.length; i++) if (held[i] !== bytes[i]) return false;
    return true;
  }

  /** Writes a record that nobody else knows; 0 where there is no room. */
  private _write(hash: number, bytes: Uint8Array): number {
    const words = this._words;
    const size = DEPOT_RECORD.text + wordsFor(bytes.length);
    // Counter only: the record is published by its bucket. Looked at first, or a full depot's `used` would grow for ever.
    if (words.load(DEPOT.used) + size > words.lengthWords) return 0;
    // Counter only.
    const record = words.add(DEPOT.used, size);
    if (record + size > words.lengthWords) return 0;
    words.storePlain(record + DEPOT_RECORD.hash, hash);
    words.storePlain(record + DEPOT_RECORD.bytes, bytes.length);
    words.writeBytesPlain(record + DEPOT_RECORD.text, bytes, bytes.length);
    return record;
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}
