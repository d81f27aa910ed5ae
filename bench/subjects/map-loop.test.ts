import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAP_ENTRIES } from '../workloads.js';
import { keyReader, mapRequest, ShuffledOrder } from './map-loop.js';

test('ShuffledOrder.walk() goes on where it stopped and wraps at the end', () => {
  const order = new ShuffledOrder();
  const stretches: number[][] = [];
  const note = (from: number, to: number) => void stretches.push([from, to]);
  order.walk(MAP_ENTRIES - 10, note);
  order.walk(30, note);
  assert.deepEqual(stretches, [
    [0, MAP_ENTRIES - 10],
    [MAP_ENTRIES - 10, MAP_ENTRIES],
    [0, 20],
  ]);
});

test('ShuffledOrder.expectedSum() is what the next walk adds up to, and moves nothing', () => {
  const order = new ShuffledOrder();
  order.walk(MAP_ENTRIES - 5, () => {});
  const expected = order.expectedSum(12);
  let sum = 0;
  order.walk(12, (from, to) => {
    for (let i = from; i < to; i++) sum = (sum + order.positions[i]!) | 0;
  });
  assert.equal(sum, expected);
});

test('keyReader() adds up the values of the keys it is given', () => {
  const map = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 4],
  ]);
  assert.equal(keyReader(map, ['a', 'b', 'c'])(1, 3), 6);
});

test('mapRequest() refuses an unknown workload or style and names what there is', () => {
  assert.deepEqual(mapRequest(['get', 'city']), { workload: 'get', style: 'city' });
  assert.throws(() => mapRequest(['read', 'city']), /get, get-equal, get-fresh, set .* got read/);
  assert.throws(() => mapRequest(['get', 'long']), /plain or city .* got long/);
});
