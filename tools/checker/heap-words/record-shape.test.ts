import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameInRecord, recordsPart, shapeOf, wordsPart } from './record-shape.js';

const PAIR = shapeOf({ head: 0, blocks: 1 });
const SHAPE = shapeOf(
  { first: 0, letters: 2, pairs: 6, lone: 12 },
  {
    letters: wordsPart('letter', 3),
    pairs: recordsPart('pair', 2, PAIR, 3),
    lone: recordsPart('lone', 1, PAIR, 2),
  },
);

function namesUpTo(words: number): string[] {
  return Array.from({ length: words }, (_, offset) => nameInRecord(SHAPE, offset));
}

test('nameInRecord, names fields, elements of arrays and fields of records inside', () => {
  assert.deepEqual(namesUpTo(5), ['first', 'unused 1', 'letter 0', 'letter 1', 'letter 2']);
  assert.deepEqual(namesUpTo(12).slice(6), [
    'pair 0 head',
    'pair 0 blocks',
    'pair 0 unused 2',
    'pair 1 head',
    'pair 1 blocks',
    'pair 1 unused 2',
  ]);
});

test('nameInRecord, gives a part of one element no number', () => {
  assert.deepEqual(namesUpTo(14).slice(12), ['lone head', 'lone blocks']);
});

test('nameInRecord, names what lies behind the last field by its offset', () => {
  assert.equal(nameInRecord(SHAPE, 99), 'unused 99');
  assert.equal(new Set(namesUpTo(100)).size, 100);
});
