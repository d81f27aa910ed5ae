/**
 * SharedMap: a Map that all threads of a heap share. Reads take no lock and never wait; writes lock one of the
 * map's buckets for a few steps; every operation is atomic by itself, and update() makes one out of reading and
 * writing.
 *
 *     get, has    encode the key -> walk one bucket -> compare words -> decode the value
 *     set         encode -> make the entry -> lock, walk, link, release -> free the old entry after a grace period
 *     trySet      the same, but tries each lock once: true, or false and nothing has changed
 *
 * Where it differs from Map: keys are strings, finite numbers and bytes (compared by what they hold), and -0 is
 * 0; values are copies; the order is that of the hashes; an iterator sees each entry that is there from its
 * beginning to its end exactly once.
 *
 * Who may call: a thread that has joined the heap; set(), delete() and other writes one that may spin, and not in a
 * worklet, a hook or a raw lock: there trySet() and tryDelete() do. An operation that throws has changed nothing.
 *
 * I1  A write encodes with codecs that no other operation of this object uses until it is done: what it allocates
 *     and locks with may run code that comes back here.
 */
import type { MapMemory } from '../heap/map-memory.js';
import { ContextError } from '../threads/context.js';
import type { Turn } from '../threads/turn.js';
import { requireDeepestStack } from '../words/stack-room.js';
import { BucketLocks } from './bucket-locks.js';
import { EntryDraft } from './entry-draft.js';
import { KeyReader, PairReader, ValueReader } from './entry-readers.js';
import { KeyCodec, type MapKey } from './key-codec.js';
import { MapGrowth } from './map-growth.js';
import { KeyHasher } from './map-hash.js';
import { MapIterator } from './map-iteration.js';
import { MapTable } from './map-table.js';
import { ABSENT, ANY, MapWriter } from './map-writer.js';
import { StringReader } from './string-codec.js';
import { jsonOf, type MapValue, ValueCodec } from './value-codec.js';

/** How often update() tries before it gives up. */
const MAX_UPDATE_ATTEMPTS = 1000;

export class SharedMap<K extends MapKey, V extends MapValue> {
  private readonly _memory: MapMemory;
  private readonly _turn: Turn;
  /** Of the operation that begins next (I1). */
  private _keys: KeyCodec;
  private readonly _values: ValueCodec;
  private readonly _keyReader: KeyReader<K>;
  private readonly _valueReader: ValueReader<V>;
  private readonly _table: MapTable;
  private readonly _locks: BucketLocks;
  private readonly _writer: MapWriter;

  /**
   * @param map      address that createMapRecord() returned, in this thread or another
   * @param hashMask bits of the hash that count, the same in all threads: for tests
   */
  constructor(memory: MapMemory, map: number, hashMask = -1) {
    const { words, turn, geometry } = memory;
    this._memory = memory;
    this._turn = turn;
    const strings = new StringReader(words);
    const hasher = new KeyHasher(geometry.hashSeed0, geometry.hashSeed1, hashMask);
    this._keys = new KeyCodec(words, new EntryDraft(), strings, hasher);
    this._values = new ValueCodec(words, strings);
    this._keyReader = new KeyReader(this._keys);
    this._valueReader = new ValueReader(words, this._values);
    this._table = new MapTable(words, map);
    this._locks = new BucketLocks(words, map, memory.locks);
    const growth = new MapGrowth(memory, map, this._table, this._locks);
    this._writer = new MapWriter(memory, map, this._table, this._locks, growth);
  }

  get [Symbol.toStringTag](): string {
    return 'SharedMap';
  }

  /** Entries in the map; while other threads write, what it was at some moment for each part of the map. */
  get size(): number {
    return this._countEntries();
  }

  /**
   * The value of a key, as a private copy; undefined where there is none.
   *
   * Errors   TypeError or RangeError for what no key may be.
   */
  get(key: K): V | undefined {
    this._turn.spend();
    const keys = this._keys;
    keys.encode(key);
    const entry = this._table.find(keys.draft);
    return entry === 0 ? undefined : (this._values.read(entry, keys.draft.keyWords) as V);
  }

  /** True when the key has a value. Errors as get(). */
  has(key: K): boolean {
    this._turn.spend();
    const keys = this._keys;
    keys.encode(key);
    return this._table.find(keys.draft) !== 0;
  }

  /**
   * Gives a key a value, for all threads.
   *
   * Errors   TypeError or RangeError for what no key or value may be; OutOfMemoryError; LockTimeoutError; ContextError
   *          where this thread may not spin.
   */
  set(key: K, value: V): this {
    this._requireMaySpin('set()');
    const json = jsonOf(value);
    this._turn.spend();
    this._write(key, value, json, ANY);
    return this;
  }

  /** Takes a key and its value out; true when it was there. Errors as get(), and LockTimeoutError, ContextError. */
  delete(key: K): boolean {
    this._requireMaySpin('delete()');
    this._turn.spend();
    return this._remove(key, ANY) !== 0;
  }

  /**
   * set() that neither waits nor spins, in any context: false where another thread has the bucket's lock, or no memory
   * is to be had at once; then nothing has changed. A table that is full grows up to 32,768 buckets by calls of this;
   * beyond that, by set() alone.
   *
   * Errors   TypeError or RangeError for what no key or value may be.
   */
  trySet(key: K, value: V): boolean {
    const json = jsonOf(value);
    this._spendInPlace();
    return this._tryWrite(key, value, json);
  }

  /**
   * delete() that neither waits nor spins, in any context: true when the key is not in the map any more, or was not;
   * false where another thread has the bucket's lock, and then nothing has changed. Errors as get().
   */
  tryDelete(key: K): boolean {
    this._spendInPlace();
    return this._tryRemove(key);
  }

  /** Takes everything out that was in the map when it began. Errors   LockTimeoutError, ContextError. */
  clear(): void {
    this._requireMaySpin('clear()');
    this._turn.spend();
    this._writer.clear();
  }

  /** The value of a key; where there is none, `value` becomes it first. Errors as set(). */
  getOrInsert(key: K, value: V): V {
    const present = this.get(key);
    return present === undefined ? this._insert(key, value) : present;
  }

  /**
   * The value of a key; where there is none, what `fn` returns becomes it first.
   *
   * @param fn called without a lock, so several threads may call theirs; the first to insert wins, for all.
   *
   * Errors   as set(); what `fn` throws.
   */
  getOrInsertComputed(key: K, fn: (key: K) => V): V {
    const present = this.get(key);
    return present === undefined ? this._insert(key, fn(key)) : present;
  }

  /**
   * Replaces a key's value by what `fn` makes of it, with no other write to the key in between.
   *
   * @param fn gets the value, undefined for none; what it returns becomes the value, and undefined takes the
   *           key out. Synchronous. It runs again when another write came first.
   * @returns  what `fn` returned last.
   *
   * Errors    as set(); what `fn` throws; Error when other writes came first 1,000 times in a row, which is
   *           what happens where `fn` writes the key itself.
   */
  update(key: K, fn: (value: V | undefined) => V | undefined): V | undefined {
    let result: V | undefined;
    this._requireMaySpin('update()');
    this._turn.run(() => {
      result = this._update(key, fn);
    });
    return result;
  }

  /** Calls `fn` for each entry, as Map does. What `fn` changes, it may or may not come to see. */
  forEach(fn: (value: V, key: K, map: SharedMap<K, V>) => void, thisArg?: unknown): void {
    const entries = this.entries();
    for (let step = entries.next(); step.done !== true; step = entries.next()) {
      fn.call(thisArg, step.value[1], step.value[0], this);
    }
  }

  keys(): MapIterator<K> {
    return new MapIterator(this._memory, this._table, this._keyReader);
  }

  values(): MapIterator<V> {
    return new MapIterator(this._memory, this._table, this._valueReader);
  }

  entries(): MapIterator<[K, V]> {
    const reader = new PairReader(this._keyReader, this._valueReader);
    return new MapIterator(this._memory, this._table, reader);
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  private _countEntries(): number {
    this._turn.spend();
    return this._locks.countEntries();
  }

  /** Encodes, makes and puts; returns what put() does. */
  private _write(key: K, value: V, json: string | undefined, expected: number): number {
    const keys = this._keys;
    this._keys = keys.inner();
    try {
      const { draft } = keys;
      keys.encode(key);
      this._values.encode(draft, value, json);
      return this._writer.put(draft, expected);
    } finally {
      this._keys = keys;
    }
  }

  /** Encodes and removes; returns what remove() does. */
  private _remove(key: K, expected: number): number {
    const keys = this._keys;
    this._keys = keys.inner();
    try {
      keys.encode(key);
      return this._writer.remove(keys.draft, expected);
    } finally {
      this._keys = keys;
    }
  }

  private _tryWrite(key: K, value: V, json: string | undefined): boolean {
    const keys = this._keys;
    this._keys = keys.inner();
    try {
      const { draft } = keys;
      keys.encode(key);
      this._values.encode(draft, value, json);
      return this._writer.tryPut(draft);
    } finally {
      this._keys = keys;
    }
  }

  private _tryRemove(key: K): boolean {
    const keys = this._keys;
    this._keys = keys.inner();
    try {
      keys.encode(key);
      return this._writer.tryRemove(keys.draft);
    } finally {
      this._keys = keys;
    }
  }

  /** turn.spend(), without renewing the turn of what this thread is in the middle of. */
  private _spendInPlace(): void {
    requireDeepestStack();
    if (!(this._memory.context.inAtomic() && this._turn.isOpen())) this._turn.spend();
  }

  private _requireMaySpin(operation: string): void {
    requireDeepestStack();
    const { context } = this._memory;
    if (context.waitRight() !== 'may-neither') return;
    throw new ContextError(
      `called ${operation} of a map ${context.where()}, where a thread may neither wait nor spin for a lock; ` +
        'use trySet() or tryDelete(), which return false instead',
    );
  }

  /** Gives a key a value unless it has one; returns the one that it has then. */
  private _insert(key: K, value: V): V {
    this._requireMaySpin('getOrInsert()');
    const json = jsonOf(value);
    this._turn.spend();
    const found = this._write(key, value, json, ABSENT);
    if (found !== 0) return this._valueReader.read(found);
    return json === undefined ? value : JSON.parse(json);
  }

  private _update(key: K, fn: (value: V | undefined) => V | undefined): V | undefined {
    for (let attempt = 0; attempt < MAX_UPDATE_ATTEMPTS; attempt++) {
      const keys = this._keys;
      keys.encode(key);
      const entry = this._table.find(keys.draft);
      const value = fn(entry === 0 ? undefined : this._valueReader.read(entry));
      if (this._replace(key, entry, value)) return value;
    }
    throw new Error(
      `gave up update() of a key after ${MAX_UPDATE_ATTEMPTS} attempts, between which others wrote the key: ` +
        'fn must not write it itself, and should be quick where many threads update one key',
    );
  }

  /** Makes `value` the key's, undefined for none, if its entry is still `expected`; false if it is not. */
  private _replace(key: K, expected: number, value: V | undefined): boolean {
    if (value !== undefined) return this._write(key, value, jsonOf(value), expected) === expected;
    return this._remove(key, expected) === expected;
  }
}
