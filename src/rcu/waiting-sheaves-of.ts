/**
 * Finds the sheaves of a dead thread that hold objects which wait for a grace period, whatever list they are on, or none:
 * a sheaf says whose it is (SHEAF.holder). So no word of the slot has to be believed.
 *
 * Who may call: who reaps the slot. Others make and give back slabs of sheaves meanwhile: what is found is looked at
 * again when its page is known to have been such a slab all the time.
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner, pageTail } from '../layout/page-descriptor.js';
import { MAX_SHEAF_CAPACITY, SHEAF, SHEAF_WORDS, waitingHolder } from '../layout/sheaf-record.js';
import { PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';

/** All of them; those that a thread was about to begin hold nothing. */
export function waitingSheavesOf(words: Words, geometry: Geometry, slot: number): number[] {
  const found: number[] = [];
  const sheaves = words.loadPlain(cacheStart(geometry, SHEAF_CACHE) + CACHE.slabObjects);
  for (let page = geometry.firstPage; page < geometry.totalPages; page++) {
    if (!isSlabOfSheaves(words, geometry, page)) continue;
    for (let n = 0; n < sheaves; n++) {
      const sheaf = page * PAGE_WORDS + n * SHEAF_WORDS;
      if (words.loadPlain(sheaf + SHEAF.holder) !== waitingHolder(slot)) continue;
      if (isSlabOfSheaves(words, geometry, page) && isSheafOf(words, sheaf, slot)) found.push(sheaf);
    }
  }
  return found;
}

function isSlabOfSheaves(words: Words, geometry: Geometry, page: number): boolean {
  const state = words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
  return pageKind(state) === PAGE_KIND.slab && pageOwner(state) === SHEAF_CACHE && pageTail(state) === 0;
}

function isSheafOf(words: Words, sheaf: number, slot: number): boolean {
  if (words.loadPlain(sheaf + SHEAF.holder) !== waitingHolder(slot)) return false;
  const capacity = words.loadPlain(sheaf + SHEAF.capacity);
  const count = words.loadPlain(sheaf + SHEAF.count);
  return capacity <= MAX_SHEAF_CAPACITY && count >= 0 && count <= capacity;
}
