/**
 * What /proc/slabinfo prints: each slab cache with its objects and slabs. The columns behind "tunables" and
 * "slabdata" are used as SLAB used them, of which the kernel's SLUB prints zeros:
 *
 *     limit batchcount sharedfactor    objects that a thread keeps at most, a sheaf's, full sheaves of a barn at most
 *     active_slabs num_slabs           slabs with an object in use, all slabs
 *     sharedavail                      objects that the barn keeps
 */
import { CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import { MAX_SLAB_ORDER } from '../layout/page-descriptor.js';
import { MAX_SHEAF_CAPACITY, SHEAF, SHEAF_WORDS } from '../layout/sheaf-record.js';
import { BYTES_PER_WORD, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { readCacheNames } from './cache-names.js';
import { liesOnPages, readBetween, readCaches, readSheaf } from './plausible.js';

export interface SlabInfo {
  readonly name: string;
  /** Objects that are not on a slab's free list: held by users, or kept in sheaves. */
  readonly active_objs: number;
  readonly num_objs: number;
  /** Bytes. */
  readonly objsize: number;
  readonly objperslab: number;
  readonly pagesperslab: number;
  readonly limit: number;
  readonly batchcount: number;
  readonly sharedfactor: number;
  readonly active_slabs: number;
  readonly num_slabs: number;
  readonly sharedavail: number;
}

const MAX_OBJECT_WORDS = PAGE_WORDS << MAX_SLAB_ORDER;
/** A thread's main and its spare sheaf. */
const SHEAVES_OF_A_THREAD = 2;

/** All caches, by id. */
export function readSlabinfo(words: Words, geometry: Geometry): SlabInfo[] {
  const caches = readCaches(words, geometry);
  const names = readCacheNames(words, geometry, caches);
  const rows: SlabInfo[] = [];
  for (let id = 0; id < caches; id++) {
    rows.push(readCache(words, geometry, cacheStart(geometry, id), names[id]!));
  }
  return rows;
}

/** Pages of all slabs. */
export function slabPagesOf(rows: readonly SlabInfo[]): number {
  return rows.reduce((sum, { num_slabs, pagesperslab }) => sum + num_slabs * pagesperslab, 0);
}

function readCache(words: Words, geometry: Geometry, record: number, name: string): SlabInfo {
  const pagesperslab = 1 << readBetween(words, record + CACHE.slabOrder, 0, MAX_SLAB_ORDER);
  const objperslab = readBetween(words, record + CACHE.slabObjects, 0, geometry.maxSlabObjects);
  const num_slabs = readBetween(words, record + CACHE.slabs, 0, geometry.totalPages);
  const num_objs = num_slabs * objperslab;
  const capacity = readBetween(words, record + CACHE.sheafCapacity, 0, MAX_SHEAF_CAPACITY);
  return {
    name,
    active_objs: num_objs - readBetween(words, record + CACHE.freeObjects, 0, num_objs),
    num_objs,
    objsize: readBetween(words, record + CACHE.objectWords, 0, MAX_OBJECT_WORDS) * BYTES_PER_WORD,
    objperslab,
    pagesperslab,
    limit: SHEAVES_OF_A_THREAD * capacity,
    batchcount: capacity,
    sharedfactor: geometry.barnSheaves,
    active_slabs: num_slabs - readBetween(words, record + CACHE.emptySlabs, 0, num_slabs),
    num_slabs,
    sharedavail: readBarn(words, geometry, record),
  };
}

/**
 * Objects in the full sheaves of a cache's barn. A sheaf that has left the barn meanwhile may lead anywhere: the walk
 * is no longer than the barn said it is.
 */
function readBarn(words: Words, geometry: Geometry, record: number): number {
  const sheaves = readBetween(words, record + CACHE.fullSheaves, 0, geometry.barnSheaves);
  let objects = 0;
  let sheaf = words.loadPlain(record + CACHE.fullHead);
  for (let i = 0; i < sheaves && liesOnPages(geometry, sheaf, SHEAF_WORDS); i++) {
    objects += readSheaf(words, geometry, sheaf);
    sheaf = words.loadPlain(sheaf + SHEAF.next);
  }
  return objects;
}

const HEADING =
  'slabinfo - version: 2.1\n' +
  '# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>' +
  ' : tunables <limit> <batchcount> <sharedfactor>' +
  ' : slabdata <active_slabs> <num_slabs> <sharedavail>\n';

/** The heading and one line for each cache that has had a slab, as the kernel's. */
export function formatSlabinfo(rows: readonly SlabInfo[]): string {
  return (
    HEADING +
    rows
      .filter(({ num_slabs }) => num_slabs > 0)
      .map(rowOf)
      .join('')
  );
}

function rowOf(row: SlabInfo): string {
  const { active_objs, num_objs, objsize, objperslab, pagesperslab, limit, batchcount, sharedfactor } = row;
  const objects = columns([6, active_objs], [6, num_objs], [6, objsize], [4, objperslab], [4, pagesperslab]);
  const tunables = columns([4, limit], [4, batchcount], [4, sharedfactor]);
  const slabs = columns([6, row.active_slabs], [6, row.num_slabs], [6, row.sharedavail]);
  // A name is one column.
  const name = row.name.replace(/\s/g, '_').padEnd(17);
  return `${name} ${objects} : tunables ${tunables} : slabdata ${slabs}\n`;
}

function columns(...cells: readonly (readonly [width: number, count: number])[]): string {
  return cells.map(([width, count]) => String(count).padStart(width)).join(' ');
}
