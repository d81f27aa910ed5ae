/**
 * What an object is for, where a name of the heap leads to it: a map's root with its locks and first buckets, its later
 * buckets, an entry on its list, a callback's record, or the name's own.
 *
 *     header registryHead -> name 'm' -> map 'm' -> segments -> entry -> entry
 *                               |
 *                            name 'c'
 *
 * I1  Every walk ends where it comes back, and follows no address that lies outside of the heap's pages: the
 *     heap may be in the middle of anything.
 */
import { type Geometry, HEADER } from '../../../src/layout/heap-header.js';
import {
  BUCKET_LINK,
  BUCKET_LOCK_WORDS,
  END_LINK,
  ENTRY,
  firstSegmentOffset,
  MAP,
  MAP_WORDS,
  MAX_LEVEL,
} from '../../../src/layout/map-record.js';
import { NAME, NAME_KIND } from '../../../src/layout/name-record.js';
import { BYTES_PER_WORD, PAGE_WORDS } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import { BUCKET_LOCK_SHAPE, CALLBACK_SHAPE, ENTRY_SHAPE, MAP_SHAPE, NAME_SHAPE } from './heap-shapes.js';
import { type Part, type RecordShape, recordsPart, shapeOf, wordsPart } from './record-shape.js';

/** An object that a name leads to. */
export interface ObjectRole {
  /** What it is called: `map 'm'`, `entry of map 'm'`. */
  readonly label: string;
  readonly shape: RecordShape;
  /** True where other objects have the label too, so that a name needs the place. */
  readonly isOneOfMany: boolean;
}

/** A longer name is cut: a record is never read beyond its first RECORD_WORDS words. */
const MAX_NAME_BYTES = 32;
const RECORD_WORDS = NAME.name + MAX_NAME_BYTES / BYTES_PER_WORD;

/** What the object at `address` is for; undefined where no name leads to it. */
export function roleOf(words: Words, geometry: Geometry, address: number): ObjectRole | undefined {
  let record = words.loadPlain(HEADER.registryHead);
  const met = new Set<number>();
  while (areInPages(geometry, record, RECORD_WORDS) && !met.has(record)) {
    met.add(record);
    const name = readName(words, record);
    if (record === address) return { label: `name ${name}`, shape: NAME_SHAPE, isOneOfMany: false };
    const kind = words.loadPlain(record + NAME.kind);
    const target = words.loadPlain(record + NAME.target);
    if (kind === NAME_KIND.rcuCallback && target === address) {
      return { label: `callback ${name}`, shape: CALLBACK_SHAPE, isOneOfMany: false };
    }
    if (kind === NAME_KIND.map && areInPages(geometry, target, MAP_WORDS)) {
      const role = roleInMap(words, geometry, target, `map ${name}`, address);
      if (role !== undefined) return role;
    }
    record = words.loadPlain(record + NAME.next);
  }
  return undefined;
}

function roleInMap(
  words: Words,
  geometry: Geometry,
  map: number,
  label: string,
  address: number,
): ObjectRole | undefined {
  if (address === map) {
    return { label, shape: mapShape(words.loadPlain(map + MAP.firstLevel)), isOneOfMany: false };
  }
  for (let segment = 0; segment <= MAX_LEVEL; segment++) {
    if (address !== words.loadPlain(map + MAP.segments + segment)) continue;
    const buckets = segment === 0 ? 1 : 2 ** (segment - 1);
    const part = wordsPart(`segment ${segment} word`, buckets);
    return { label, shape: shapeOf({ segment: 0 }, { segment: part }), isOneOfMany: false };
  }
  if (!isOnList(words, geometry, words.loadPlain(map + MAP.segments), address)) return undefined;
  return { label: `entry of ${label}`, shape: ENTRY_SHAPE, isOneOfMany: true };
}

/** The root of a map with what lies behind it. */
function mapShape(firstLevel: number): RecordShape {
  if (firstLevel < 1 || firstLevel > MAX_LEVEL) return MAP_SHAPE;
  const fields: Record<string, number> = { ...MAP, bucketLocks: MAP_WORDS };
  const locks = recordsPart('bucket lock', 2 ** firstLevel, BUCKET_LOCK_SHAPE, BUCKET_LOCK_WORDS);
  const parts: Record<string, Part> = { ...MAP_SHAPE.parts, bucketLocks: locks };
  for (let l = 0; l <= firstLevel; l++) {
    fields[`buckets ${l}`] = firstSegmentOffset(firstLevel, l);
    parts[`buckets ${l}`] = wordsPart(`segment ${l} word`, l === 0 ? 1 : 2 ** (l - 1));
  }
  return shapeOf(fields, parts);
}

/** Whether the list that goes on from the bucket word at `bucket` holds the entry at `address`. */
function isOnList(words: Words, geometry: Geometry, bucket: number, address: number): boolean {
  let word = bucket;
  const met = new Set<number>();
  while (areInPages(geometry, word, 1) && !met.has(word)) {
    met.add(word);
    const link = words.loadPlain(word);
    if (link === address) return true;
    if (link === END_LINK) return false;
    word = link < 0 ? link ^ BUCKET_LINK : link + ENTRY.next;
  }
  return false;
}

/** Whether `count` words from `address` on lie in the pages of the heap. */
function areInPages(geometry: Geometry, address: number, count: number): boolean {
  return address >= geometry.firstPage * PAGE_WORDS && address + count <= geometry.totalPages * PAGE_WORDS;
}

function readName(words: Words, record: number): string {
  const length = Math.min(words.loadPlain(record + NAME.nameBytes), MAX_NAME_BYTES);
  const bytes = new Uint8Array(Math.max(0, length));
  for (let i = 0; i < bytes.length; i++) {
    const word = words.loadPlain(record + NAME.name + Math.floor(i / BYTES_PER_WORD));
    bytes[i] = word >>> (8 * (i % BYTES_PER_WORD));
  }
  return `'${new TextDecoder().decode(bytes)}'`;
}
