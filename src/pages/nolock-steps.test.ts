import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { countAccesses } from '../../tests/support/counting-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { Random, SEED, SEED_NOTE } from '../../tests/threads/seed.js';
import type { HeapOptions } from '../heap/heap-options.js';
import { TINY } from '../heap/heap-options.js';
import { zoneStart } from '../layout/heap-layout.js';
import { ZONE } from '../layout/zone-record.js';
import { Heap } from '../shared-heap.js';
import { MAX_ORDER } from '../words/units.js';
import { __GFP_ZERO, GFP_NOWAIT } from './gfp.js';
import { nolockStepBound } from './nolock-steps.js';

plainHeapsOnly();

const STEPS = 6000;

/** Takes and gives back at random, by calls of all kinds and with zones busy now and then; measures those of the nolock kind. */
function measure(options: HeapOptions): { alloc: number; free: number; served: number; refused: number } {
  const heap = Heap.create(options, { host: new FakeHost() });
  const { pages, words, geometry } = partsOf(heap);
  const random = new Random(SEED, geometry.totalPages);
  const counter = countAccesses(words);
  const blocks: number[] = [];
  const most = { alloc: 0, free: 0, served: 0, refused: 0 };
  const within = <T>(fn: () => T): T => {
    if (!random.oneIn(8)) return fn();
    const zone = random.below(geometry.zones);
    return whileLocked(words, zoneStart(geometry, zone) + ZONE.lock, () => fn());
  };
  const order = () => (random.oneIn(6) ? random.below(MAX_ORDER + 1) : random.below(4));
  for (let step = 0; step < STEPS; step++) {
    const nolock = !random.oneIn(4);
    if (blocks.length > 0 && random.below(STEPS) < step / 2 + STEPS / 4) {
      const [block] = blocks.splice(random.below(blocks.length), 1);
      if (!nolock) pages.freePages(block!);
      else {
        within(() => {
          counter.count = counter.spins = 0;
          pages.freePagesNolock(block!);
          most.free = Math.max(most.free, counter.count);
          assert.equal(counter.spins, 0);
        });
      }
      continue;
    }
    const wanted = order();
    const start = nolock
      ? within(() => {
          counter.count = counter.spins = 0;
          const got = pages.allocPagesNolock(wanted, __GFP_ZERO);
          most.alloc = Math.max(most.alloc, counter.count);
          assert.equal(counter.spins, 0);
          if (got === 0) most.refused++;
          else most.served++;
          return got;
        })
      : pages.allocPages(wanted, GFP_NOWAIT);
    if (start !== 0) blocks.push(start);
  }
  for (const block of blocks) pages.freePages(block);
  return most;
}

for (const [label, options] of [
  ['two zones', { bytes: 72 * 2 ** 20, pageListBatch: 15, pageListHigh: 60 }],
  ['default sizes', { bytes: 64 * 2 ** 20 }],
  ['TINY sizes', { ...TINY, pages: 64 }],
] as const) {
  test(`nolockStepBound, is never passed by a call of the nolock kind, whatever the state (${label})`, (t: TestContext) => {
    const found = measure(options);
    const { geometry } = Heap.create(options, { host: new FakeHost() });
    const bound = nolockStepBound(geometry);
    t.diagnostic(`seed ${SEED}: ${JSON.stringify(found)} within ${JSON.stringify(bound)}`);
    assert.ok(found.served > 0 && found.refused > 0, `all was served, or all refused ${SEED_NOTE}`);
    assert.ok(found.alloc <= bound.alloc, `an allocation took ${found.alloc} accesses ${SEED_NOTE}`);
    assert.ok(found.free <= bound.free, `a free took ${found.free} accesses ${SEED_NOTE}`);
    assert.ok(found.alloc * 20 >= bound.alloc, `the bound says nothing: ${found.alloc} of ${bound.alloc}`);
    assert.ok(found.free * 20 >= bound.free, `the bound says nothing: ${found.free} of ${bound.free}`);
  });
}

test('nolockStepBound, is what the head of its file says', () => {
  const { geometry } = Heap.create({ bytes: 256 * 2 ** 20 }, { host: new FakeHost() });
  assert.deepEqual([geometry.zones, geometry.pageListBatch], [4, 15]);
  assert.equal(nolockStepBound(geometry).alloc, 153 + 1012 * 4 + 103 * 15);
  assert.equal(nolockStepBound(geometry).free, 155);
});
