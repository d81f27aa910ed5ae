/** The heap's memory against a plain model: random operations by several attachments, every piece looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  type HeapOptions,
  TINY,
} from '../../src/index.js';
import { SEED } from '../threads/seed.js';
import { MemoryModel } from './memory-model.js';
import { forAllSteps, stepOf } from './steps.js';

const ATTACHMENTS = 3;

const attachment = fc.nat({ max: ATTACHMENTS - 1 });
const which = fc.nat({ max: 1000 });
const gfp = fc
  .tuple(
    fc.constantFrom(GFP_KERNEL, GFP_KERNEL, GFP_NOWAIT, GFP_ATOMIC, GFP_NOLOCK),
    fc.constantFrom(0, 0, __GFP_ZERO),
  )
  .map(([rights, zero]) => rights | zero);
const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 8, max: 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 200, max: 8192 }) },
  { weight: 1, arbitrary: fc.integer({ min: 8193, max: 40_000 }) },
);
const order = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 1 }) },
  { weight: 1, arbitrary: fc.nat({ max: 4 }) },
);

type Model = MemoryModel;

const step = fc.oneof(
  stepOf(16, 'kmalloc', fc.tuple(attachment, bytes, gfp), (model: Model, ...v) => model.kmalloc(...v)),
  stepOf(3, 'allocPages', fc.tuple(attachment, order, gfp), (model: Model, ...v) => model.allocPages(...v)),
  stepOf(1, 'allocPagesNolock', fc.tuple(attachment, order), (model: Model, ...v) =>
    model.allocPagesNolock(...v),
  ),
  stepOf(10, 'free', fc.tuple(attachment, which, fc.boolean()), (model: Model, ...v) => model.free(...v)),
  stepOf(1, 'freeBulk', fc.tuple(attachment, fc.nat({ max: 12 })), (model: Model, ...v) =>
    model.freeBulk(...v),
  ),
  stepOf(6, 'freeRcu', fc.tuple(attachment, which), (model: Model, ...v) => model.freeRcu(...v)),
  stepOf(1, 'freeWrongly', fc.tuple(attachment, which), (model: Model, ...v) => model.freeWrongly(...v)),
  stepOf(6, 'quiesce', fc.tuple(attachment), (model: Model, ...v) => model.quiesce(...v)),
  stepOf(2, 'synchronize', fc.tuple(attachment), (model: Model, ...v) => model.synchronize(...v)),
  stepOf(2, 'shrink', fc.tuple(attachment), (model: Model, ...v) => model.shrink(...v)),
  stepOf(2, 'detach', fc.tuple(attachment), (model: Model, ...v) => model.detach(...v)),
);

/** Runs random steps in many heaps. Returns how many allocations found no memory. */
async function check(options: HeapOptions, runs: number): Promise<number> {
  let refused = 0;
  await forAllSteps(step, runs, (steps) => {
    const model = new MemoryModel(options, ATTACHMENTS, SEED);
    try {
      for (const act of steps) {
        act(model);
        model.check();
      }
      model.checkBalance();
      refused += model.refused;
      model.finish();
    } finally {
      model.abandon();
    }
  });
  return refused;
}

test('pages and objects are what a plain model says, with memory to spare (default sizes)', async () => {
  assert.equal(await check({ bytes: 16 * 2 ** 20, maxCaches: 70 }, 50), 0);
});

test('pages and objects are what a plain model says, with memory to spare (TINY sizes)', async () => {
  assert.equal(await check({ ...TINY, pages: 8192 }, 60), 0);
});

test('pages and objects are what a plain model says where memory runs out (default sizes)', async () => {
  assert.ok((await check({ pages: 60, maxCaches: 70 }, 100)) > 0);
});

test('pages and objects are what a plain model says where memory runs out (TINY sizes)', async () => {
  assert.ok((await check(TINY, 150)) > 0);
});
