/** The caches of accounted objects: one for each size class, its objects longer by the word that names the group. */
import { GRANULE_WORDS } from '../layout/group-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import { CLASS_BYTES } from './size-classes.js';
import type { SlabCaches } from './slab-caches.js';

/** Makes them; the caller holds registryLock, and they are not made. False where there are not ids enough. */
export function createAccountedCaches(words: Words, geometry: Geometry, caches: SlabCaches): boolean {
  const first = caches.used();
  if (first + CLASS_BYTES.length > geometry.maxCaches) return false;
  for (let i = 0; i < CLASS_BYTES.length; i++) {
    caches.write(first + i, CLASS_BYTES[i]! / BYTES_PER_WORD + GRANULE_WORDS);
  }
  // slab-caches:P1: publishes where they begin, after their records. Before they count as made: so none is made in vain.
  words.store(HEADER.accountedCaches, first);
  caches.confirm(first + CLASS_BYTES.length - 1);
  return true;
}
