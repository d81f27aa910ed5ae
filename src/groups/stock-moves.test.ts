import assert from 'node:assert/strict';
import { heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { slotNumber } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, STOCK, STOCK_GRANULES_MASK } from '../layout/thread-slot.js';
import { forgetSheaves } from '../slab/dead-sheaves.js';
import { borrow, giveBack } from '../threads/borrow.js';
import { repairCharges } from './charge-repair.js';

// Words of a slot are written.
plainHeapsOnly();

const BYTES = 64;
const SIZES = { all: { spinRounds: 64 }, tiny: { pages: 256, maxCaches: 160 } };

/** A thread of which the front of the stock says something of a main sheaf. */
function accountant(stage: Stage) {
  const { heap, host } = stage.attach();
  const group = heap.group('tenant');
  const objects = Array.from({ length: 2 }, () => group.kmalloc(BYTES));
  for (const p of objects) heap.kfree(p);
  host.runMicrotasks();
  const { start } = partsOf(heap).membership;
  const front = start + SLOT.stock + STOCK.granules;
  const held = stage.words.load(front);
  assert.notEqual(held & ~STOCK_GRANULES_MASK, 0);
  return { heap, start, front, held };
}

heapTest(
  'repairCharges, finds the stock as it was where a reaper stopped when it had forgotten the sheaves',
  (stage) => {
    const { words, heap } = stage;
    const { start, front, held } = accountant(stage);
    const slot = slotNumber(heap.geometry, start);
    words.store(start + SLOT.state, SLOT_STATE.zombie);
    forgetSheaves(words, heap.geometry, start);
    repairCharges(words, heap.geometry, start);
    assert.equal(words.load(front), held & STOCK_GRANULES_MASK);
    heap.reap(slot);
  },
  SIZES,
);

heapTest(
  'a reaper, leaves the stock of a dead thread alone as long as one that lives has it borrowed',
  (stage) => {
    const { words, heap } = stage;
    const { start, front, held } = accountant(stage);
    const borrower = stage.attach();
    const { ownerTag } = partsOf(borrower.heap);
    assert.ok(borrow(words, start, ownerTag));
    words.store(start + SLOT.state, SLOT_STATE.zombie);
    const slot = slotNumber(heap.geometry, start);
    assert.equal(heap.reap(slot), undefined);
    assert.equal(words.load(front), held);
    giveBack(words, start);
    assert.equal(heap.reap(slot)?.slot, slot);
  },
  SIZES,
);
