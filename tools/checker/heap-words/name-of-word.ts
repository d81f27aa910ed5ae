/**
 * What a word of a heap is called in a report.
 *
 *     header gracePeriodSequence      slot 0 cache 3 main        zone 0 order 3 head      cache 5 listLock
 *     turn snapshot of slot 2         page 17 state              page 20 + 13
 *     object of cache 5 at page 20 slot 3 + 2                    sheaf at page 20 slot 3 object 4
 *     map 'm' bucket lock 1 entries                              entry of map 'm' at page 21 slot 0 next
 *
 * The heap may be in the middle of anything, or broken: every index has a name, and what a page holds is what
 * its descriptor says at that moment.
 *
 * Who may call: a report. It is slow, and reads words with loadPlain alone.
 */
import { CACHE, CACHE_WORDS, SHEAF_CACHE } from '../../../src/layout/cache-record.js';
import type { Geometry } from '../../../src/layout/heap-header.js';
import { cacheStart, descriptorStart } from '../../../src/layout/heap-layout.js';
import {
  DESCRIPTOR,
  DESCRIPTOR_WORDS,
  PAGE_KIND,
  pageKind,
  pageOwner,
  pageTail,
} from '../../../src/layout/page-descriptor.js';
import { ZONE_WORDS } from '../../../src/layout/zone-record.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import {
  CACHE_SHAPE,
  DESCRIPTOR_SHAPE,
  headerShape,
  SHEAF_SHAPE,
  slotShape,
  ZONE_SHAPE,
} from './heap-shapes.js';
import { roleOf } from './object-role.js';
import { nameInRecord, type RecordShape } from './record-shape.js';

/** The names of one heap's words, as a model gives them to the checker. */
export class HeapWordNames {
  private readonly _geometry: Geometry;
  private _words: Words | undefined;

  constructor(geometry: Geometry) {
    this._geometry = geometry;
  }

  /** From now on the heap is the one in `words`. */
  lookAt(words: Words): void {
    this._words = words;
  }

  /** Names the word at `index` by what the heap holds now; bound, so that it can be handed on alone. */
  readonly nameOf = (index: number): string =>
    this._words === undefined ? `word ${index}` : nameOfHeapWord(this._words, this._geometry, index);
}

/** Names the word at `index` of the heap in `words`. */
export function nameOfHeapWord(words: Words, geometry: Geometry, index: number): string {
  const lengthWords = geometry.totalPages * PAGE_WORDS;
  if (!Number.isInteger(index) || index < 0 || index >= lengthWords) return `word ${index}`;
  if (index >= geometry.firstPage * PAGE_WORDS) return nameInPages(words, geometry, index);
  return nameInMetadata(geometry, index) ?? `word ${index}`;
}

/** Undefined in what lies unused between the regions. */
function nameInMetadata(geometry: Geometry, index: number): string | undefined {
  const { slots, slotsStart, slotWords, zones, zonesStart } = geometry;
  const { maxCaches, cachesStart, turnSnapshotsStart, descriptorsStart, totalPages } = geometry;
  if (index < slotsStart) return `header ${nameInRecord(headerShape(geometry), index)}`;
  const snapshot = index - turnSnapshotsStart;
  if (snapshot >= 0 && snapshot < slots) return `turn snapshot of slot ${snapshot}`;
  return (
    nameInArray('slot', slotShape(geometry), index - slotsStart, slots, slotWords) ??
    nameInArray('zone', ZONE_SHAPE, index - zonesStart, zones, ZONE_WORDS) ??
    nameInArray('cache', CACHE_SHAPE, index - cachesStart, maxCaches, CACHE_WORDS) ??
    nameInArray('page', DESCRIPTOR_SHAPE, index - descriptorsStart, totalPages, DESCRIPTOR_WORDS)
  );
}

/** Undefined where `offset` lies outside of the `count` records. */
function nameInArray(
  label: string,
  shape: RecordShape,
  offset: number,
  count: number,
  recordWords: number,
): string | undefined {
  if (offset < 0 || offset >= count * recordWords) return undefined;
  return `${label} ${Math.floor(offset / recordWords)} ${nameInRecord(shape, offset % recordWords)}`;
}

function nameInPages(words: Words, geometry: Geometry, index: number): string {
  const object = objectAt(words, geometry, index);
  if (object === undefined) return `page ${index >>> PAGE_SHIFT} + ${index % PAGE_WORDS}`;
  const { cache, start, place } = object;
  const offset = index - start;
  if (cache === SHEAF_CACHE) return `sheaf ${place} ${nameInRecord(SHEAF_SHAPE, offset)}`;
  const role = roleOf(words, geometry, start);
  if (role === undefined) return `object of cache ${cache} ${place} + ${offset}`;
  return `${role.label}${role.isOneOfMany ? ` ${place}` : ''} ${nameInRecord(role.shape, offset)}`;
}

interface FoundObject {
  readonly cache: number;
  /** Index of its first word. */
  readonly start: number;
  /** Where it lies, as a name says it. */
  readonly place: string;
}

/** The object that has the word at `index`; undefined where its page is no slab, or no object reaches there. */
function objectAt(words: Words, geometry: Geometry, index: number): FoundObject | undefined {
  const anyPage = index >>> PAGE_SHIFT;
  const state = words.loadPlain(descriptorStart(geometry, anyPage) + DESCRIPTOR.state);
  const page = anyPage - pageTail(state);
  const cache = pageOwner(state);
  if (pageKind(state) !== PAGE_KIND.slab || cache >= geometry.maxCaches) return undefined;
  const record = cacheStart(geometry, cache);
  const objectWords = words.loadPlain(record + CACHE.objectWords);
  if (objectWords <= 0) return undefined;
  const number = Math.floor((index - page * PAGE_WORDS) / objectWords);
  if (number >= words.loadPlain(record + CACHE.slabObjects)) return undefined;
  const start = page * PAGE_WORDS + number * objectWords;
  return { cache, start, place: `at page ${page} slot ${number}` };
}
