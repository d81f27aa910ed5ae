import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreBuffers } from './store-buffers.js';

test('push, makes one lane for each thread and word, and numbers it', () => {
  const buffers = new StoreBuffers();
  assert.deepEqual(
    [buffers.push(0, 4, 1), buffers.push(0, 9, 7), buffers.push(0, 4, 2), buffers.push(1, 4, 3)],
    [0, 1, 0, 2],
  );
  assert.deepEqual(
    buffers.lanes.map(({ thread, word, values }) => [thread, word, values]),
    [
      [0, 4, [1, 2]],
      [0, 9, [7]],
      [1, 4, [3]],
    ],
  );
});

test('drain, takes the stores of a lane in their order', () => {
  const buffers = new StoreBuffers();
  buffers.push(0, 4, 1);
  buffers.push(0, 4, 2);
  assert.deepEqual([buffers.drain(0), buffers.drain(0)], [1, 2]);
});

test('read, gives a thread its own youngest store, and nothing of the others', () => {
  const buffers = new StoreBuffers();
  buffers.push(0, 4, 1);
  buffers.push(0, 4, 2);
  assert.deepEqual([buffers.read(0, 4), buffers.read(1, 4), buffers.read(0, 5)], [2, undefined, undefined]);
  buffers.drain(0);
  assert.equal(buffers.read(0, 4), 2);
  buffers.drain(0);
  assert.equal(buffers.read(0, 4), undefined);
});

test('isEmpty, is about all lanes of one thread', () => {
  const buffers = new StoreBuffers();
  assert.ok(buffers.isEmpty(0));
  buffers.push(0, 4, 1);
  buffers.push(1, 5, 1);
  buffers.drain(1);
  assert.deepEqual([buffers.isEmpty(0), buffers.isEmpty(1)], [false, true]);
});

test('a lane that is drained keeps its number, until reset() forgets all', () => {
  const buffers = new StoreBuffers();
  buffers.push(0, 4, 1);
  buffers.push(0, 5, 1);
  buffers.drain(0);
  assert.equal(buffers.push(0, 4, 2), 0);
  buffers.reset();
  assert.equal(buffers.push(0, 5, 2), 0);
});

test('push, wraps to 32 bits', () => {
  const buffers = new StoreBuffers();
  buffers.push(0, 4, 2 ** 32 - 1);
  assert.equal(buffers.read(0, 4), -1);
});
