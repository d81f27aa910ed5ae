/**
 * A shared map over a model's heap: made once, with what is in it, and opened by each thread for itself.
 *
 *     const memory = mapModelMemory({ fill: (map) => map.set(KEY, 1) });
 *     model({
 *       lengthWords: memory.lengthWords,
 *       prepare: memory.prepare,                              once: heap, map, entries, what threads have in stock
 *       setup: (stage) => ({ a: memory.wire(stage, 'a', 0) }),
 *       nameOf: memory.nameOf, mayRace: memory.mayRace, ...
 *     })
 *
 * Each thread begins with sheafCapacity - 1 objects of the size of an entry in its main sheaf, and one in its rcu
 * sheaf: so maps meet each other in what a claim is about, and not in the locks of zones, slabs and barns, which
 * have their own claims. With sheaves of two (REUSING), what a thread frees is what its next allocation but one
 * gets, once a grace period has passed.
 */
import assert from 'node:assert/strict';
import { createMapRecord } from '../../../src/collections/map-creation.js';
import { KeyHasher } from '../../../src/collections/map-hash.js';
import { SharedMap } from '../../../src/collections/shared-map.js';
import type { HeapOptions } from '../../../src/heap/heap-options.js';
import type { HeapParts } from '../../../src/heap/heap-parts.js';
import { ReclaimingMemory } from '../../../src/heap/reclaiming-memory.js';
import {
  BUCKET_LINK,
  BUCKET_LOCK,
  BUCKET_LOCK_WORDS,
  END_LINK,
  ENTRY,
  MAP,
  ORDER_FLIP,
} from '../../../src/layout/map-record.js';
import { NAME_KIND } from '../../../src/layout/name-record.js';
import { GFP_KERNEL } from '../../../src/pages/gfp.js';
import { BYTES_PER_WORD } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import type { Stage } from '../../../tools/checker/model.js';
import { type HeapModelMemory, heapModelMemory } from './heap-stage.js';

/** Maps of models: whole numbers, or short strings where a value must take two words. */
export type ModelMap = SharedMap<number, number | string>;

/** One thread's view. */
export interface MapThread {
  readonly parts: HeapParts;
  readonly map: ModelMap;
}

export interface MapModelOptions {
  /** On top of MODEL_SIZES and of MAP_SIZES. */
  readonly heap?: HeapOptions;
  /** Bits of the hash that count: 0 makes all keys collide. */
  readonly hashMask?: number;
  /** What is in the map before the threads start. */
  readonly fill?: (map: ModelMap) => void;
  /** Bytes of an entry; ENTRY_BYTES unless given. */
  readonly entryBytes?: number;
  /** Bytes of other objects, of which each thread has a sheaf too. */
  readonly stock?: readonly number[];
}

export interface MapModelMemory {
  readonly heap: HeapModelMemory;
  readonly lengthWords: number;
  readonly prepare: (words: Words) => void;
  readonly nameOf: (index: number) => string;
  /**
   * The words of a map that race on purpose (layout/map-record.ts): its level, which writers read plainly under a
   * bucket lock that the grower does not hold; and the numbers of entries, which who has inserted compares with
   * the level when it has released the lock.
   */
  readonly mayRace: (index: number) => boolean;
  readonly wire: (stage: Stage, thread: string, slot: number) => MapThread;
  /** Address of the map's root. */
  readonly root: () => number;
}

/** An entry with a number for a key and one word of value. */
export const ENTRY_BYTES = 32;

/** Lists of several objects, so that threads have what they need without asking. */
export const MAP_SIZES = { sheafCapacity: 4, maxSlabObjects: 32, hashSeed: [1, 2] } as const;

const OLD_BYTES = 0x6b6b6b6b;
const LOWEST_ORDER = -(2 ** 31);

/** Sheaves in which what was freed comes round again at once. */
export const REUSING = { sheafCapacity: 2 } as const;

/** A heap with one map in it. */
export function mapModelMemory(options: MapModelOptions = {}): MapModelMemory {
  const heap = heapModelMemory({ ...MAP_SIZES, ...options.heap });
  const { geometry } = heap;
  const entryBytes = options.entryBytes ?? ENTRY_BYTES;
  let root = 0;
  let locks = 0;

  function open(parts: HeapParts): ModelMap {
    return new SharedMap(new ReclaimingMemory(parts), root, options.hashMask ?? -1);
  }

  function warmUp(threads: readonly HeapParts[]): void {
    const maker = threads[0]!;
    root = createMapRecord(new ReclaimingMemory(maker));
    nameMap(maker, root);
    locks = maker.words.loadPlain(root + MAP.locks);
    options.fill?.(open(maker));
    for (const parts of threads) {
      parts.caches.flush();
      for (const bytes of [entryBytes, ...(options.stock ?? [])]) stock(parts, bytes);
      parts.kfreeRcu.post(takeObject(parts, entryBytes), ENTRY.rcuHead);
    }
  }

  function mayRace(index: number): boolean {
    if (index === root + MAP.level) return true;
    const at = index - locks;
    if (at < 0 || at >= BUCKET_LOCK_WORDS << geometry.mapBucketsLog2) return false;
    return at % BUCKET_LOCK_WORDS === BUCKET_LOCK.entries;
  }

  function wire(stage: Stage, thread: string, slot: number): MapThread {
    const parts = heap.wire(stage, thread, slot);
    return { parts, map: open(parts) };
  }

  return {
    ...{ heap, lengthWords: heap.lengthWords, nameOf: heap.nameOf, mayRace, wire },
    prepare: (words) => heap.prepare(words, warmUp),
    root: () => root,
  };
}

/** Fills the thread's sheaf of objects of a size. */
function stock(parts: HeapParts, bytes: number): void {
  const taken: number[] = [];
  for (let i = 0; i < parts.geometry.sheafCapacity; i++) taken.push(takeObject(parts, bytes));
  for (const p of taken) parts.kmalloc.free(p);
}

/** Takes an object, and leaves in it what old memory may hold: nothing that would do for a link. */
function takeObject({ kmalloc, words }: HeapParts, bytes: number): number {
  const p = kmalloc.alloc(bytes, GFP_KERNEL);
  assert.notEqual(p, 0, `the heap of a model has no ${bytes} bytes for what its threads begin with`);
  words.fillPlain(p, p + bytes / BYTES_PER_WORD, OLD_BYTES);
  return p;
}

/** So that the audit finds the map in use. */
function nameMap({ registry, kmalloc }: HeapParts, root: number): void {
  const alloc = (bytes: number) => kmalloc.alloc(bytes, GFP_KERNEL);
  registry.findOrMake(
    NAME_KIND.map,
    'map',
    alloc,
    (p) => kmalloc.free(p),
    () => root,
  );
}

/** Ends the turn, and takes what was freed as far as it goes without waiting: what a timer would do. */
export function reclaim({ parts }: MapThread): void {
  parts.turn.leave();
  parts.driver.flush();
}

/** The `count` smallest numbers whose hash begins with these bits, in the order of the map's list. */
export function keysWhere(prefix: string, count: number): number[] {
  const found: { key: number; hash: number }[] = [];
  for (let key = 1; found.length < count; key++) {
    const hash = hashOf(key);
    if (hash.toString(2).padStart(32, '0').startsWith(prefix)) found.push({ key, hash });
  }
  found.sort((a, b) => a.hash - b.hash);
  return found.map(({ key }) => key);
}

/** The hash of a key in the map of every model. */
export function hashOf(key: number): number {
  const draft = new Int32Array(ENTRY.key + 1);
  draft[ENTRY.key] = key;
  new KeyHasher(MAP_SIZES.hashSeed[0], MAP_SIZES.hashSeed[1]).hashBytes(draft, ENTRY.key, 4);
  return (draft[ENTRY.order]! ^ ORDER_FLIP) >>> 0;
}

/**
 * What a map at rest holds: number keys, and the first word of each value. Asserts that its list is in order and
 * ends, that each key is there once and each bucket word that is set too, in front of its entries, and that the
 * locks are free and count right.
 */
export function contentsOf(words: Words, root: number): Map<number, number> {
  const buckets = bucketsOf(words, root);
  const [first] = buckets.keys();
  const contents = new Map<number, number>();
  const byLock: number[] = [];
  const onList = new Set([first!]);
  const firstLevel = words.loadPlain(root + MAP.firstLevel);
  let last = LOWEST_ORDER;
  for (let link = words.loadPlain(first!); link !== END_LINK; ) {
    assert.notEqual(link, 0, 'the list breaks off');
    if (link < 0) {
      const word = link & ~BUCKET_LINK;
      const lowest = buckets.get(word) ?? LOWEST_ORDER;
      assert.ok(!onList.has(word), `bucket word ${word} is on the list twice`);
      assert.ok(lowest > last, `the bucket of orders from ${lowest} on comes after order ${last}`);
      onList.add(word);
      // Nothing that is behind the word may be below its bucket.
      last = lowest;
      link = words.loadPlain(word);
      continue;
    }
    const key = words.loadPlain(link + ENTRY.key);
    const order = words.loadPlain(link + ENTRY.order);
    assert.ok(order >= last, `key ${key} of order ${order} comes after order ${last}`);
    assert.ok(!contents.has(key), `key ${key} is there twice`);
    last = order;
    contents.set(key, words.loadPlain(link + ENTRY.key + 1));
    const lock = (order ^ ORDER_FLIP) >>> (32 - firstLevel);
    byLock[lock] = (byLock[lock] ?? 0) + 1;
    link = words.loadPlain(link + ENTRY.next);
  }
  for (const [word, lowest] of buckets) {
    const isUnused = words.loadPlain(word) === 0;
    assert.ok(isUnused || onList.has(word), `the bucket of orders from ${lowest} on is not on the list`);
  }
  assertLocks(words, root, byLock);
  return contents;
}

function assertLocks(words: Words, root: number, entries: readonly number[]): void {
  for (let lock = 0; lock < 1 << words.loadPlain(root + MAP.firstLevel); lock++) {
    const record = words.loadPlain(root + MAP.locks) + lock * BUCKET_LOCK_WORDS;
    assert.equal(
      words.loadPlain(record + BUCKET_LOCK.entries),
      entries[lock] ?? 0,
      `entries of lock ${lock}`,
    );
    assert.equal(words.loadPlain(record + BUCKET_LOCK.lock), 0, `lock ${lock} is held`);
  }
}

/** The lowest order of each bucket, by the index of its word; that of bucket 0 first. */
function bucketsOf(words: Words, root: number): Map<number, number> {
  const level = words.loadPlain(root + MAP.level);
  const buckets = new Map<number, number>();
  for (let bucket = 0; bucket < 1 << level; bucket++) {
    const zeros = bucket === 0 ? level : 31 - Math.clz32(bucket & -bucket);
    const segment = words.loadPlain(root + MAP.segments + level - zeros);
    buckets.set(segment + (bucket >>> (zeros + 1)), (bucket << (32 - level)) ^ ORDER_FLIP);
  }
  return buckets;
}
