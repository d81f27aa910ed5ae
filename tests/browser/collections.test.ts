import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readStretches } from './collections.js';

function note(thread: string, reason: string, before: number, after: number): string {
  const fields = { pause: 1.5, gc: 'mc', reason, start_object_size: before, end_object_size: after };
  return `[${thread}]      60 ms: GC: ${JSON.stringify(fields)}\n`;
}

test('readStretches, adds up what one thread allocates between the collections that it asks for', () => {
  const output = [
    note('7:0xa0:0', 'testing', 900, 100),
    note('7:0xb0:0', 'allocation limit', 5000, 10),
    '[7:0xa0:0]  61 ms: Memory pool: Removed pages: 0\n',
    note('7:0xa0:0', 'allocation limit', 400, 110),
    note('7:0xa0:0', 'testing', 150, 120),
    note('7:0xa0:0', 'testing', 125, 118),
    note('7:0xa0:0', 'testing', 500, 118),
  ].join('');
  assert.deepEqual(readStretches(output, 3), [
    { allocatedBytes: 340, grownBytes: 20 },
    { allocatedBytes: 5, grownBytes: -2 },
  ]);
});

test('readStretches, finds none where no thread asks', () => {
  assert.deepEqual(readStretches(note('7:0xa0:0', 'allocation limit', 400, 110), 3), []);
});
