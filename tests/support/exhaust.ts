/** Taking all memory of a heap, and giving it back: for what happens when nothing is to be had. */
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import type { Heap } from '../../src/shared-heap.js';
import type { Address } from '../../src/words/units.js';
import { MAX_ORDER } from '../../src/words/units.js';
import { partsOf } from './stage.js';

export interface Exhausted {
  /** Blocks of pages and sheaves that were taken. */
  readonly blocks: readonly Address[];
  /** Gives everything back. */
  giveBack(): void;
}

/**
 * Takes every page that this thread can get, and then every sheaf. What lies in sheaves and on slabs already
 * can still be had; everything that needs a page or a sheaf cannot.
 */
export function exhaust(heap: Heap): Exhausted {
  const { pages, caches } = partsOf(heap);
  const blocks: Address[] = [];
  for (let order = MAX_ORDER; order >= 0; order--) {
    for (let p = pages.allocPages(order, GFP_NOWAIT); p !== 0; p = pages.allocPages(order, GFP_NOWAIT)) {
      blocks.push(p);
    }
    // What the lists keep is in the zones again, for the next smaller order.
    pages.drain();
  }
  const cache = caches.view(1);
  const sheaves: number[] = [];
  for (let sheaf = cache.takeEmptySheaf(GFP_NOWAIT); sheaf !== 0; sheaf = cache.takeEmptySheaf(GFP_NOWAIT)) {
    sheaves.push(sheaf);
  }
  return {
    blocks,
    giveBack: () => {
      for (const p of blocks) pages.freePages(p);
      for (const sheaf of sheaves) cache.putEmptySheaf(sheaf);
    },
  };
}
