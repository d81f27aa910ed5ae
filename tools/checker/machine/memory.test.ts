import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Memory } from './memory.js';

const LENGTH = 8;
const word = fc.integer({ min: 0, max: LENGTH - 1 });
const writes = fc.array(fc.tuple(word, fc.integer({ min: 0, max: 3 })), { maxLength: 30 });

function write(memory: Memory, index: number, value: number): void {
  memory.touch(index);
  memory.write(index, value);
}

test('touch, names the words there are where one is not there', () => {
  const memory = new Memory(LENGTH);
  for (const bad of [-1, LENGTH, 1.5, Number.NaN]) {
    assert.throws(
      () => memory.touch(bad),
      new RegExp(`accessed word ${bad} .* its words are 0\\.\\.7\\. .*lengthWords`),
    );
  }
});

test('write, wraps to 32 bits', () => {
  const memory = new Memory(LENGTH);
  write(memory, 1, 2 ** 32 + 5);
  assert.equal(memory.values[1], 5);
});

test('write, counts as a change only where the value is another one', () => {
  const memory = new Memory(LENGTH);
  write(memory, 1, 5);
  write(memory, 1, 5);
  assert.deepEqual([memory.versions[1], memory.changes], [1, 1]);
  write(memory, 1, 0);
  assert.deepEqual([memory.versions[1], memory.changes], [2, 2]);
});

test('write, lists the words that it changes, until reset()', () => {
  const memory = new Memory(LENGTH);
  write(memory, 1, 5);
  write(memory, 2, 0);
  write(memory, 3, 5);
  assert.deepEqual(memory.changed, [1, 3]);
  memory.reset(() => {});
  assert.deepEqual(memory.changed, []);
});

test('reset, brings back what keepInitial() kept, and tells each word that was used', () => {
  fc.assert(
    fc.property(writes, writes, (prepared, done) => {
      const memory = new Memory(LENGTH);
      for (const [index, value] of prepared) write(memory, index, value);
      memory.keepInitial();
      const initial = [...memory.values];
      for (const [index, value] of done) write(memory, index, value);
      const forgotten: number[] = [];
      memory.reset((index) => forgotten.push(index));
      assert.deepEqual([...memory.values], initial);
      assert.deepEqual(forgotten.sort(), [...new Set(done.map(([index]) => index))].sort());
      assert.deepEqual([memory.hash0, memory.hash1], [0, 0]);
      assert.ok(memory.versions.every((version) => version === 0));
    }),
  );
});

test('hash0 and hash1, depend on what the words hold, not on how they came to it', () => {
  fc.assert(
    fc.property(writes, writes, (first, second) => {
      const hashes = [first, second].map((done) => {
        const memory = new Memory(LENGTH);
        for (const [index, value] of done) write(memory, index, value);
        return { values: [...memory.values].join(), hash: `${memory.hash0},${memory.hash1}` };
      });
      const [a, b] = hashes;
      assert.equal(a!.hash === b!.hash, a!.values === b!.values);
    }),
    { numRuns: 500 },
  );
});

test('buffer, holds the values, so that an array over it sees them', () => {
  const memory = new Memory(LENGTH);
  write(memory, 3, -7);
  assert.equal(new Int32Array(memory.buffer)[3], -7);
});
