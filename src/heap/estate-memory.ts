/**
 * What a dead thread had in hand, by the address that it knew: taken back as it is, whatever was done to it already.
 *
 * In a heap whose objects have shells (debug) an intent may name the object as its user knows it, or as the allocator does,
 * and its shell may be half put on or half taken off. The estate's allocator knows no shells: here the two addresses are
 * brought together, and what goes back is made an object that nobody had yet.
 *
 * Who may call: who works over the estate (estate.ts).
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner, pageTail } from '../layout/page-descriptor.js';
import { hasShells, SHELL } from '../layout/shell-record.js';
import { isPosted } from '../rcu/dead-slot.js';
import { holdsObject } from '../slab/dead-sheaves.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Estate } from './estate.js';

/** True where memory `p` is in use as far as the dead thread got: allocated, and in no sheaf of its slot. */
export function isInUse(estate: Estate, p: number): boolean {
  const kind = pageKind(stateOf(estate, p));
  return kind === PAGE_KIND.slab ? !holdsObject(estate, outerOf(estate, p)) : kind === PAGE_KIND.allocated;
}

/** True where memory `p` waits for a grace period in the slot. */
export function isWaiting(estate: Estate, p: number): boolean {
  const { words, geometry, slot } = estate;
  return isPosted(words, geometry, slot, outerOf(estate, p));
}

/** Frees memory `p`, which is in use. */
export function freeInHand(estate: Estate, p: number): void {
  const { words, kmalloc, intents } = estate;
  const outer = outerOf(estate, p);
  intents.rename(p, outer);
  // An object that nobody had yet holds zeroes.
  if (hasShell(estate, p)) words.fillPlain(outer + SHELL.state, outer + kmalloc.usableWords(outer), 0);
  else estate.debug?.mendReleased(p);
  kmalloc.free(outer);
}

/** Frees memory `p`, which is in use and may be read, after a grace period. @param head where its RcuHead is, as for kfreeRcu() */
export function retireInHand(estate: Estate, p: number, head: number): void {
  const outer = outerOf(estate, p);
  if (hasShell(estate, p)) estate.debug?.mendRetired(outer);
  estate.kfreeRcu.post(outer, head + p - outer);
}

/** The allocator's address of memory that is known as `p` to it, or to its user. */
export function outerOf(estate: Estate, p: number): number {
  if (!hasShell(estate, p)) return p;
  const { words, geometry } = estate;
  const state = stateOf(estate, p);
  const objectWords = words.loadPlain(cacheStart(geometry, pageOwner(state)) + CACHE.objectWords);
  const first = ((p >>> PAGE_SHIFT) - pageTail(state)) * PAGE_WORDS;
  return p - ((p - first) % objectWords);
}

function hasShell(estate: Estate, p: number): boolean {
  if (!hasShells(estate.geometry)) return false;
  const state = stateOf(estate, p);
  return pageKind(state) === PAGE_KIND.slab && pageOwner(state) !== SHEAF_CACHE;
}

function stateOf({ words, geometry }: Estate, p: number): number {
  return words.loadPlain(descriptorStart(geometry, p >>> PAGE_SHIFT) + DESCRIPTOR.state);
}
