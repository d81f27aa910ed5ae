/**
 * GroupTable: the records of a heap's memory groups, by name: a table of buckets that is made with the first group.
 *
 *     header.groupTable -> | buckets | first of each |      record -> record -> 0 through GROUP.next
 *
 * Who may call: find() and records() any thread in a turn; what changes the table who holds registryLock.
 *
 * I1  A name has one record, which stays (group-record:I3).
 * P1  (group-record:P1) a record is published by the store to its bucket; observed by dereferencing it.
 */
import { GROUP, GROUP_TABLE, ledgersOf, NO_LIMIT } from '../layout/group-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { BYTES_PER_WORD, wordsFor } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';

/** Buckets of a table that takes four pages, less its first word and one that keeps the size even. */
const MOST_BUCKETS = 4094;
const LEAST_BUCKETS = 30;
/** A bucket for each so many pages of the heap. */
const PAGES_TO_A_BUCKET = 16;

/** The FNV-1a prime. */
const HASH_FACTOR = 0x01000193;

export class GroupTable {
  private readonly _words: Words;
  private readonly _seed: number;

  constructor(words: Words, geometry: Geometry) {
    this._words = words;
    this._seed = geometry.hashSeed0;
  }

  /** True when the table is made. */
  exists(): boolean {
    return this._table() !== 0;
  }

  /** The record of the group with this name in UTF-8, closed or not; 0 = none. */
  find(name: Uint8Array): number {
    const words = this._words;
    const table = this._table();
    if (table === 0) return 0;
    // P1: observes the record; each `next` was written before its record was published.
    let record = words.dereference(this._bucketOf(table, name));
    while (record !== 0 && !isNamed(words, record, name)) record = words.loadPlain(record + GROUP.next);
    return record;
  }

  /** Every record, closed groups' too. */
  records(): number[] {
    const words = this._words;
    const table = this._table();
    const records: number[] = [];
    if (table === 0) return records;
    const buckets = words.loadPlain(table + GROUP_TABLE.buckets);
    for (let i = 0; i < buckets; i++) {
      // P1: as in find().
      let record = words.dereference(table + GROUP_TABLE.firsts + i);
      for (; record !== 0; record = words.loadPlain(record + GROUP.next)) records.push(record);
    }
    return records;
  }

  /** Publishes a table of `buckets` buckets in zeroed words that nobody has seen. */
  install(table: number, buckets: number): void {
    this._words.storePlain(table + GROUP_TABLE.buckets, buckets);
    // group-record:P1: publishes the table.
    this._words.store(HEADER.groupTable, table);
  }

  /** Publishes a record with a name that the table does not have. */
  insert(record: number, name: Uint8Array): void {
    const words = this._words;
    const bucket = this._bucketOf(this._table(), name);
    words.storePlain(record + GROUP.next, words.loadPlain(bucket));
    // P1: publishes the record.
    words.store(bucket, record);
  }

  private _table(): number {
    // group-record:P1: observes the table's size.
    return this._words.dereference(HEADER.groupTable);
  }

  private _bucketOf(table: number, name: Uint8Array): number {
    const buckets = this._words.loadPlain(table + GROUP_TABLE.buckets);
    return table + GROUP_TABLE.firsts + ((hashOf(name, this._seed) >>> 0) % buckets);
  }
}

/** Buckets for a heap of this size. */
export function bucketsFor({ totalPages }: Geometry): number {
  const wanted = Math.floor(totalPages / PAGES_TO_A_BUCKET);
  return Math.max(LEAST_BUCKETS, Math.min(MOST_BUCKETS, wanted));
}

/** Bytes of the record of a group with a name of so many bytes. */
export function groupBytes({ slots }: Geometry, nameBytes: number): number {
  return (GROUP.name + wordsFor(nameBytes) + slots) * BYTES_PER_WORD;
}

/** Writes a record of a group that nobody has seen. */
export function writeGroup(words: Words, { slots }: Geometry, record: number, name: Uint8Array): void {
  words.fillPlain(record, record + GROUP.name, 0);
  words.storePlain(record + GROUP.max, NO_LIMIT);
  words.storePlain(record + GROUP.nameBytes, name.length);
  words.writeBytesPlain(record + GROUP.name, name, name.length);
  const ledgers = ledgersOf(words, record);
  words.fillPlain(ledgers, ledgers + slots, 0);
}

/** The name of the group with this record. */
export function nameOfGroup(words: Words, record: number): string {
  const bytes = new Uint8Array(words.loadPlain(record + GROUP.nameBytes));
  words.readBytesPlain(record + GROUP.name, bytes, bytes.length);
  return decodeUtf8(bytes);
}

function isNamed(words: Words, record: number, name: Uint8Array): boolean {
  if (words.loadPlain(record + GROUP.nameBytes) !== name.length) return false;
  const bytes = new Uint8Array(name.length);
  words.readBytesPlain(record + GROUP.name, bytes, name.length);
  for (let i = 0; i < name.length; i++) if (bytes[i] !== name[i]) return false;
  return true;
}

/** FNV-1a from a start that an attacker does not know. */
function hashOf(name: Uint8Array, seed: number): number {
  let hash = seed;
  for (const byte of name) hash = Math.imul(hash ^ byte, HASH_FACTOR);
  // The low bits of the product depend on the low bits of the bytes alone.
  return hash ^ (hash >>> 15);
}
