/**
 * The partial list of a cache: its slabs with a free object, doubly linked through their descriptors.
 *
 *     partialHead -> slab <-> slab -> 0      LISTED.yes; partialSlabs of them
 *
 * Who may call: who holds the cache's listLock (SlabList). A thread that stops in the middle leaves a list that
 * cache-repair.ts makes anew.
 */
import { CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, LISTED } from '../layout/page-descriptor.js';
import type { Words } from '../words/words.js';

/** Puts a slab first. @param record index of the cache's record */
export function listSlab(words: Words, geometry: Geometry, record: number, page: number): void {
  const descriptor = descriptorStart(geometry, page);
  const head = words.loadPlain(record + CACHE.partialHead);
  words.storePlain(descriptor + DESCRIPTOR.next, head);
  words.storePlain(descriptor + DESCRIPTOR.previous, 0);
  words.storePlain(descriptor + DESCRIPTOR.listed, LISTED.yes);
  if (head !== 0) words.storePlain(descriptorStart(geometry, head) + DESCRIPTOR.previous, page);
  words.storePlain(record + CACHE.partialHead, page);
  words.storePlain(record + CACHE.partialSlabs, words.loadPlain(record + CACHE.partialSlabs) + 1);
}

/** Takes a slab off. */
export function unlistSlab(words: Words, geometry: Geometry, record: number, page: number): void {
  const descriptor = descriptorStart(geometry, page);
  const next = words.loadPlain(descriptor + DESCRIPTOR.next);
  const previous = words.loadPlain(descriptor + DESCRIPTOR.previous);
  if (previous === 0) words.storePlain(record + CACHE.partialHead, next);
  else words.storePlain(descriptorStart(geometry, previous) + DESCRIPTOR.next, next);
  if (next !== 0) words.storePlain(descriptorStart(geometry, next) + DESCRIPTOR.previous, previous);
  words.storePlain(descriptor + DESCRIPTOR.listed, LISTED.no);
  words.storePlain(record + CACHE.partialSlabs, words.loadPlain(record + CACHE.partialSlabs) - 1);
}
