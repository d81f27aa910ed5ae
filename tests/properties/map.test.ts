/** A shared map against a JavaScript Map: random operations by several attachments, with memory and without. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HeapOptions, type MapKey, type MapValue, TINY } from '../../src/index.js';
import { MapModel } from './map-model.js';
import { forAllSteps, stepOf } from './steps.js';

const ATTACHMENTS = 3;

type Model = MapModel;

const attachment = fc.nat({ max: ATTACHMENTS - 1 });
const key: fc.Arbitrary<MapKey> = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 80 }).map((i) => `key ${i}`) },
  { weight: 4, arbitrary: fc.nat({ max: 40 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('', '\0', '__proto__', 'ключ', '\u{1f600}', '\ud800', 'é', 'e\u0301'),
  },
  { weight: 2, arbitrary: fc.constantFrom(0, -0, -1, 0.5, 2 ** 31, -(2 ** 31), 2 ** 53, 5e-324) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 5 }) },
);
const value: fc.Arbitrary<MapValue> = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ minLength: 200, maxLength: 2000 }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 60 }),
  fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 5 }) as fc.Arbitrary<MapValue>,
);
const maybeValue = fc.option(value, { nil: undefined, freq: 3 });

const step = fc.oneof(
  stepOf(20, 'set', fc.tuple(attachment, key, value), (model: Model, ...v) => model.set(...v)),
  stepOf(8, 'get', fc.tuple(attachment, key), (model: Model, ...v) => model.get(...v)),
  stepOf(2, 'has', fc.tuple(attachment, key), (model: Model, ...v) => model.has(...v)),
  stepOf(8, 'delete', fc.tuple(attachment, key), (model: Model, ...v) => model.delete(...v)),
  stepOf(4, 'getOrInsert', fc.tuple(attachment, key, value, fc.boolean()), (model: Model, ...v) =>
    model.getOrInsert(...v),
  ),
  stepOf(4, 'update', fc.tuple(attachment, key, maybeValue), (model: Model, ...v) => model.update(...v)),
  stepOf(1, 'clear', fc.tuple(attachment), (model: Model, ...v) => model.clear(...v)),
  stepOf(2, 'compare', fc.tuple(attachment), (model: Model, ...v) => model.compare(...v)),
  stepOf(2, 'beginWalk', fc.tuple(attachment), (model: Model, ...v) => model.beginWalk(...v)),
  stepOf(8, 'walk', fc.tuple(fc.nat({ max: 40 })), (model: Model, ...v) => model.walk(...v)),
  stepOf(4, 'quiesce', fc.tuple(attachment), (model: Model, ...v) => model.quiesce(...v)),
  stepOf(2, 'synchronize', fc.tuple(attachment), (model: Model, ...v) => model.synchronize(...v)),
  stepOf(2, 'shrink', fc.tuple(attachment), (model: Model, ...v) => model.shrink(...v)),
  stepOf(2, 'detach', fc.tuple(attachment), (model: Model, ...v) => model.detach(...v)),
  stepOf(3, 'hog', fc.tuple(attachment, fc.integer({ min: 8, max: 20_000 })), (model: Model, ...v) =>
    model.hog(...v),
  ),
  stepOf(3, 'unhog', fc.tuple(attachment), (model: Model, ...v) => model.unhog(...v)),
);

/** Runs random steps in many heaps. Returns how many operations found no memory. */
async function check(options: HeapOptions, runs: number): Promise<number> {
  let refused = 0;
  await forAllSteps(step, runs, (steps) => {
    const model = new MapModel(options, ATTACHMENTS);
    try {
      for (const act of steps) act(model);
      model.finish();
      refused += model.refused;
    } finally {
      model.abandon();
    }
  });
  return refused;
}

test('SharedMap is what a Map would be, with memory to spare (default sizes)', async () => {
  assert.equal(await check({ bytes: 16 * 2 ** 20, maxCaches: 70 }, 60), 0);
});

test('SharedMap is what a Map would be, with memory to spare (TINY sizes)', async () => {
  assert.equal(await check({ ...TINY, pages: 8192 }, 80), 0);
});

test('SharedMap is what a Map would be where memory runs out (default sizes, 40 pages)', async () => {
  assert.ok((await check({ pages: 40, maxCaches: 70, mapBucketsLog2: 2 }, 80)) > 0);
});

test('SharedMap is what a Map would be where memory runs out (TINY sizes, 60 pages)', async () => {
  assert.ok((await check({ ...TINY, pages: 60 }, 120)) > 0);
});
