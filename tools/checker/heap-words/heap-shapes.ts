/**
 * The records of a heap as shapes: `src/layout/` names the fields, this file adds which of them are longer than
 * a word and what they hold.
 */
import { CACHE } from '../../../src/layout/cache-record.js';
import { CALLBACK, CALLBACK_SLOT_WORDS } from '../../../src/layout/callback-record.js';
import {
  type ConstantWord,
  constantWordIndex,
  type Geometry,
  HEADER,
} from '../../../src/layout/heap-header.js';
import { BUCKET_LOCK, ENTRY, MAP, MAX_LEVEL } from '../../../src/layout/map-record.js';
import { NAME } from '../../../src/layout/name-record.js';
import { DESCRIPTOR } from '../../../src/layout/page-descriptor.js';
import { MAX_SHEAF_CAPACITY, SHEAF } from '../../../src/layout/sheaf-record.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  CALLBACK_LIST,
  CALLBACK_LIST_WORDS,
  MAX_LIST_ORDER,
  NAME_WORDS,
  PAGE_LIST,
  PAGE_LIST_WORDS,
  RCU_HEAD,
  RCU_HEAD_WORDS,
  SLOT,
} from '../../../src/layout/thread-slot.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../../../src/layout/zone-record.js';
import { MAX_ORDER, PAGE_WORDS } from '../../../src/words/units.js';
import { type RecordShape, recordsPart, shapeOf, wordsPart } from './record-shape.js';

export const SHEAF_SHAPE = shapeOf(SHEAF, { objects: wordsPart('object', MAX_SHEAF_CAPACITY) });
export const ZONE_SHAPE = shapeOf(ZONE, {
  freeArea: recordsPart('order', MAX_ORDER + 1, shapeOf(FREE_AREA), FREE_AREA_WORDS),
});
export const CACHE_SHAPE = shapeOf(CACHE);
export const DESCRIPTOR_SHAPE = shapeOf(DESCRIPTOR);
export const NAME_SHAPE = shapeOf(NAME, { name: wordsPart('name', PAGE_WORDS) });
export const MAP_SHAPE = shapeOf(MAP, { segments: wordsPart('segment', MAX_LEVEL + 1) });
export const BUCKET_LOCK_SHAPE = shapeOf(BUCKET_LOCK);
export const ENTRY_SHAPE = shapeOf(ENTRY, {
  // The key's words and then the value's: where one ends is a matter of their shapes.
  key: wordsPart('content', PAGE_WORDS << MAX_ORDER),
  rcuHead: recordsPart('rcuHead', 1, shapeOf(RCU_HEAD), RCU_HEAD_WORDS),
});

/** A registered callback. */
export const CALLBACK_SHAPE = shapeOf(CALLBACK, { slots: wordsPart('slots', CALLBACK_SLOT_WORDS) });

const CALLBACKS_SHAPE = shapeOf(CALLBACK_LIST, {
  tails: wordsPart('tail', CALLBACK_LIST.sequences - CALLBACK_LIST.tails),
  sequences: wordsPart('sequence', CALLBACK_LIST.length - CALLBACK_LIST.sequences),
});

/** The header, its constant words among the others. */
export function headerShape(geometry: Geometry): RecordShape {
  const fields: Record<string, number> = { ...HEADER };
  for (const name of Object.keys(geometry)) fields[name] = constantWordIndex(name as ConstantWord);
  // It has a line to itself.
  const sheafWords = 16;
  return shapeOf(fields, { bootstrapSheaf: recordsPart('bootstrapSheaf', 1, SHEAF_SHAPE, sheafWords) });
}

/** A thread's slot, in a heap of `geometry.maxCaches` caches. */
export function slotShape(geometry: Geometry): RecordShape {
  return shapeOf(SLOT, {
    name: wordsPart('name', NAME_WORDS),
    callbacks: recordsPart('callbacks', 1, CALLBACKS_SHAPE, CALLBACK_LIST_WORDS),
    heads: recordsPart('heads', 1, CALLBACKS_SHAPE, CALLBACK_LIST_WORDS),
    pageLists: recordsPart('page list order', MAX_LIST_ORDER + 1, shapeOf(PAGE_LIST), PAGE_LIST_WORDS),
    caches: recordsPart('cache', geometry.maxCaches, shapeOf(CACHE_SLOT), CACHE_SLOT_WORDS),
  });
}
