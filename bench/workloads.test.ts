import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALLOC_BATCH_OBJECTS,
  allocationSizes,
  cityParts,
  mapKeys,
  objectSizes,
  seededNumbers,
  shuffledPositions,
} from './workloads.js';

test('seededNumbers() repeats itself for the same seed and differs for another', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, seededNumbers(seed));
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  assert.ok(draw(1).every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32));
});

test('allocationSizes() are whole batches of 48 to 96 bytes, both ends among them, the same every time', () => {
  const sizes = allocationSizes();
  assert.equal(sizes.length % ALLOC_BATCH_OBJECTS, 0);
  assert.equal(Math.min(...sizes), 48);
  assert.equal(Math.max(...sizes), 96);
  assert.deepEqual(sizes, allocationSizes());
});

test('objectSizes() are 8 to 4096 bytes, as many below 256 as three doublings above, the same every time', () => {
  const sizes = objectSizes();
  assert.ok(Math.min(...sizes) >= 8 && Math.max(...sizes) <= 4096);
  const small = sizes.filter((bytes) => bytes <= 256).length;
  assert.ok(small > sizes.length / 2 && small < (sizes.length * 2) / 3, String(small));
  assert.deepEqual(sizes, objectSizes());
});

test('shuffledPositions() holds each position once, out of order, the same every time', () => {
  const positions = shuffledPositions(1000);
  assert.deepEqual(
    positions.toSorted((a, b) => a - b),
    Array.from({ length: 1000 }, (_, position) => position),
  );
  assert.notDeepEqual(
    positions,
    positions.toSorted((a, b) => a - b),
  );
  assert.deepEqual(positions, shuffledPositions(1000));
});

test('mapKeys() are all different in both styles', () => {
  for (const style of ['plain', 'city'] as const) assert.equal(new Set(mapKeys(style, 5000)).size, 5000);
});

test('mapKeys() in city style have country, region and city, 24 characters or so', () => {
  const keys = mapKeys('city', 5000);
  assert.ok(keys.every((key) => /^[A-Z]{2},[A-Z][a-z]+,[A-Z][a-z]+$/.test(key)));
  const meanLength = keys.reduce((sum, { length }) => sum + length, 0) / keys.length;
  assert.ok(meanLength > 21 && meanLength < 28, String(meanLength));
});

test('cityParts() joined with a comma are the city keys', () => {
  const { regions, cities } = cityParts(100);
  assert.deepEqual(
    regions.map((region, i) => `${region},${cities[i]}`),
    mapKeys('city', 100),
  );
});
