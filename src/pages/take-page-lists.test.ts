import assert from 'node:assert/strict';
import { heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, SLOT } from '../layout/thread-slot.js';
import { type Address, PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';
import { takePageLists } from './take-page-lists.js';

plainHeapsOnly();

const ROOMY = { all: { pageListHigh: 64, pageListBatch: 1 }, tiny: { pages: 200 } };

/** The blocks of a chain, by their first pages. */
function chainFrom(words: Words, geometry: Geometry, head: number): number[] {
  const chain: number[] = [];
  for (let page = head; page !== 0; page = words.load(descriptorStart(geometry, page) + DESCRIPTOR.next))
    chain.push(page);
  return chain;
}

/** Another thread keeps `order + 1` blocks of each order on its lists. Returns their pages, newest first, and the thread's slot. */
function keepBlocks(stage: Stage) {
  const { heap } = stage.attach();
  const kept: number[][] = [];
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    const blocks = Array.from({ length: order + 1 }, () => heap.allocPages(order));
    for (const p of blocks) heap.freePages(p);
    kept.push(blocks.map((p) => p >>> PAGE_SHIFT).toReversed());
  }
  return { kept, ...partsOf(heap).membership };
}

heapTest(
  'takePageLists, empties the lists, and returns the chains of all orders, which are the taker’s',
  (stage) => {
    const { words, geometry, membership, idlePages } = partsOf(stage.heap);
    const { kept, slot, start } = keepBlocks(stage);
    stage.endTurns();
    const heads = takePageLists(words, geometry, slot, membership.slot);
    const chains = heads.map((head) => chainFrom(words, geometry, head));
    assert.deepEqual(chains, kept);
    assert.equal(words.load(start + SLOT.listPages), 0);
    assert.equal(words.load(start + SLOT.pagesAcquired), 0);
    assert.deepEqual(takePageLists(words, geometry, slot, membership.slot), [0, 0, 0, 0]);
    assert.equal(idlePages.drain(), 0);
    for (const [order, chain] of chains.entries()) {
      const state = pageState(PAGE_KIND.threadList, order, membership.slot);
      for (const page of chain) {
        assert.equal(words.load(descriptorStart(geometry, page) + DESCRIPTOR.state), state);
        // What the taker does with a block is its own; here that is a user's, and freed.
        words.store(
          descriptorStart(geometry, page) + DESCRIPTOR.state,
          pageState(PAGE_KIND.allocated, order, 0),
        );
        stage.heap.freePages((page << PAGE_SHIFT) as Address);
      }
    }
  },
  ROOMY,
);

heapTest(
  'takePageLists, takes nothing where somebody is inside',
  (stage) => {
    const { words, geometry, membership } = partsOf(stage.heap);
    const { slot, start } = keepBlocks(stage);
    const kept = words.load(start + SLOT.listPages);
    words.store(start + SLOT.pagesAcquired, 1);
    assert.deepEqual(takePageLists(words, geometry, slot, membership.slot), []);
    assert.equal(words.load(start + SLOT.listPages), kept);
    words.store(start + SLOT.pagesAcquired, 0);
  },
  ROOMY,
);
