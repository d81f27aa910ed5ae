/**
 * The names of a heap's slab caches, by id: what users called theirs, and the kernel's names for the rest.
 *
 *     0                             sheaf
 *     1 and up                      kmalloc-64, kmalloc-1k, ...
 *     accountedCaches and up        kmalloc-cg-64, ...      objects that are charged to a group
 *     any that has a name record    that name
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import { readName, readNameRecords } from './record-name.js';

const KIBIBYTE = 1024;
/** What an object that is charged to a group is longer than its class, for the group's address. */
const GROUP_BYTES = 8;

/** Names of caches 0 to `caches` - 1. */
export function readCacheNames(words: Words, geometry: Geometry, caches: number): string[] {
  const names: string[] = [];
  const accounted = words.loadPlain(HEADER.accountedCaches);
  for (let id = 0; id < caches; id++) {
    const objectWords = words.loadPlain(cacheStart(geometry, id) + CACHE.objectWords);
    const bytes = objectWords * BYTES_PER_WORD;
    if (id === SHEAF_CACHE) names.push('sheaf');
    else if (accounted <= 0 || id < accounted) names.push(`kmalloc-${sizeName(bytes)}`);
    else names.push(`kmalloc-cg-${sizeName(bytes - GROUP_BYTES)}`);
  }
  for (const record of readNameRecords(words, geometry, NAME_KIND.slabCache)) {
    const id = words.loadPlain(record + NAME.target);
    if (id <= 0 || id >= caches) continue;
    names[id] = readName(words, geometry, record + NAME.nameBytes, record + NAME.name);
  }
  return names;
}

/** Sizes as the kernel names them: 96, 512, 1k, 8k. */
function sizeName(bytes: number): string {
  return bytes >= KIBIBYTE && bytes % KIBIBYTE === 0 ? `${bytes / KIBIBYTE}k` : String(bytes);
}
