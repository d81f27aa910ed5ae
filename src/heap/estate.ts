/**
 * Estate: the allocator over the slot of a dead thread, with the locks of who reaps it. What is freed goes where the dead
 * thread would have put it: into sheaves and onto lists of its slot, which are given back in the end. So a reaper that
 * stops in the middle leaves the slot as its own thread might have left it, and nothing is in two slots.
 *
 * Who may call: who has claimed the slot (slot-release.ts), once the words of the slot hold no sheaves (forgetSheaves).
 *
 * I1  (heap-parts:I1) wiring touches no word.
 */
import type { GroupCharges } from '../groups/group-charges.js';
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import { LocalTrylock } from '../locks/local-trylock.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import type { Zone } from '../pages/zone.js';
import { CallbackList } from '../rcu/callback-list.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import { makePointerPageSource } from '../slab/make-pointer-page-source.js';
import type { SlabCaches } from '../slab/slab-caches.js';
import { Intents } from '../threads/intents.js';
import type { Membership } from '../threads/thread-registry.js';
import type { Words } from '../words/words.js';
import type { DebugView } from './debug-view.js';
import type { HeapParts } from './heap-parts.js';
import { wirePages, wireSlab } from './memory-parts.js';

export interface Estate {
  readonly words: Words;
  readonly geometry: Geometry;
  /** Number of the dead thread's slot, and its word index. */
  readonly slot: number;
  readonly start: number;
  readonly intents: Intents;
  readonly zones: readonly Zone[];
  readonly pages: PageAllocator;
  readonly charges: GroupCharges;
  readonly caches: SlabCaches;
  readonly kmalloc: Kmalloc;
  readonly kfreeRcu: KfreeRcu;
  /** At SLOT.heads. */
  readonly heads: CallbackList;
  /** Of a debug heap. */
  readonly debug: DebugView | undefined;
}

/** @param slot number of the dead thread's slot */
export function wireEstate(parts: HeapParts, slot: number): Estate {
  const { words, geometry } = parts;
  const start = slotStart(geometry, slot);
  // What is in a membership of a thread's stay, its generation and turn, is of no account here.
  const membership: Membership = { slot, generation: 0, start, turn: 0 };
  const memory = wireMemory(parts, membership);
  const { debug } = parts.fittings;
  return { words, geometry, slot, start, intents: new Intents(words, start), debug, ...memory };
}

/** Nobody is inside of what only the slot's thread enters, any more. */
export function resetLocalLocks(words: Words, start: number): void {
  for (const word of [SLOT.rcuAcquired, SLOT.pagesAcquired, SLOT.stockAcquired])
    words.storePlain(start + word, 0);
}

/** The allocator alone, over the slot of `membership`, with the locks of `parts`; no hooks for debugging are round it. */
function wireMemory(parts: HeapParts, membership: Membership) {
  const { words, geometry, ownerTag: tag, host, rights, gracePeriod, orphans } = parts;
  const { start: slot } = membership;
  const fittings = parts.fittings.bare ?? parts.fittings;
  const base = { ...parts, membership, fittings };
  const { zones, pages, charges } = wirePages(base, {});
  const { caches, kmalloc } = wireSlab(base, { pages, charges });
  const heads = new CallbackList(words, slot + SLOT.heads);
  const lock = new LocalTrylock(words, slot + SLOT.rcuAcquired);
  const source = makePointerPageSource(words, geometry, slot, tag, caches, host);
  const waiting = { gracePeriod, heads, orphans, lock, source, onPosted: () => {} };
  const kfreeRcu = fittings.kfreeRcu({ words, geometry, slot, kmalloc, caches, rights, ...waiting });
  caches.connect(kfreeRcu);
  return { zones, pages, charges, caches, kmalloc, kfreeRcu, heads };
}
