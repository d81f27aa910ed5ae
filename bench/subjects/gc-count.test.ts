import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCollections, proveItCounts } from './gc-count.js';

test('proveItCounts() sees the collections that it causes', async () => {
  await proveItCounts();
});

test('countCollections() counts more where more is thrown away', async () => {
  const throwAway = (objects: number) => () => {
    let last: object = {};
    for (let i = 0; i < objects; i++) last = { i, last: [i] };
    assert.ok(last);
  };
  const few = await countCollections(throwAway(1000));
  const many = await countCollections(throwAway(1_000_000));
  assert.ok(many > few, `${many} > ${few}`);
});
