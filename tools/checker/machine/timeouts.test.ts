import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeoutsOf } from './timeouts.js';

const THREADS = ['reader', 'writer', 'reaper'];

test('timeoutsOf, gives one to each thread that is named, or to all', () => {
  assert.deepEqual(timeoutsOf({}, THREADS), [0, 0, 0]);
  assert.deepEqual(timeoutsOf({ timeouts: ['writer', 'reaper'] }, THREADS), [0, 1, 1]);
  assert.deepEqual(timeoutsOf({ timeouts: true }, THREADS), [1, 1, 1]);
});

test('timeoutsOf, throws an Error for a name that no thread has, and says which there are', () => {
  assert.throws(() => timeoutsOf({ timeouts: ['writer', 'b'] }, THREADS), {
    name: 'Error',
    message: "bounds.timeouts names thread 'b', which the model does not have; it has reader, writer, reaper",
  });
});
