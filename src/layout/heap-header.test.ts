import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFieldsApart, assertLinesApart } from '../../tests/support/record-fields.js';
import { SHAPE } from '../../tests/support/shapes.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { PAGE_WORDS } from '../words/units.js';
import {
  type ConstantWord,
  constantWordIndex,
  type Geometry,
  HEADER,
  HEADER_WORDS,
  LAYOUT_VERSION,
  MAGIC_0,
  MAGIC_1,
  readGeometry,
  writeGeometry,
} from './heap-header.js';
import { planHeap } from './heap-layout.js';
import { SHEAF } from './sheaf-record.js';

const names = Object.keys(planHeap(SHAPE)) as ConstantWord[];

/** A geometry in which no two words are equal. */
const distinct = Object.fromEntries(names.map((name, i) => [name, 1000 + 7 * i])) as Geometry;

test('readGeometry() returns what writeGeometry() wrote, word for word', () => {
  const words = new NativeWords(reserveBuffer(4096));
  writeGeometry(words, distinct);
  assert.deepEqual(readGeometry(words), distinct);
});

test('writeGeometry() keeps negative words', () => {
  const words = new NativeWords(reserveBuffer(4096));
  writeGeometry(words, { ...distinct, firstSequence: -1200, hashSeed0: -1, hashSeed1: -(2 ** 31) });
  const { firstSequence, hashSeed0, hashSeed1 } = readGeometry(words);
  assert.deepEqual([firstSequence, hashSeed0, hashSeed1], [-1200, -1, -(2 ** 31)]);
});

test('writeGeometry() stays below the words that change', () => {
  const words = new NativeWords(reserveBuffer(4096));
  writeGeometry(words, distinct);
  for (let word = names.length; word < 1024; word++) assert.equal(words.loadPlain(word), 0);
  assert.ok(names.length <= HEADER.gracePeriodSequence);
});

test('constantWordIndex() gives every constant a word of its own, magic and version first', () => {
  const words = new NativeWords(reserveBuffer(4096));
  writeGeometry(words, distinct);
  for (const name of names) assert.equal(words.loadPlain(constantWordIndex(name)), distinct[name], name);
  assert.deepEqual(
    ['magic0', 'magic1', 'version', 'totalPages'].map((n) => constantWordIndex(n as ConstantWord)),
    [0, 1, 2, 3],
  );
  assert.deepEqual([...new Set(names.map(constantWordIndex))].length, names.length);
});

test('MAGIC spells LULLHEAP, and the version is a positive number', () => {
  const bytes = [MAGIC_0, MAGIC_1].flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff));
  assert.equal(String.fromCharCode(...bytes), 'LULLHEAP');
  assert.ok(LAYOUT_VERSION > 0);
});

test('HEADER gives every changing word a place of its own inside the header, behind the constants', () => {
  assertFieldsApart(HEADER, HEADER_WORDS, { bootstrapSheaf: SHEAF.objects });
  assertFieldsApart({ constants: 0, ...HEADER }, HEADER_WORDS, { constants: names.length });
  assert.ok(HEADER_WORDS <= PAGE_WORDS);
});

test('HEADER puts what different threads write on lines of their own', () => {
  assertLinesApart(
    [...names.keys()],
    [HEADER.gracePeriodSequence],
    [HEADER.gracePeriodLock],
    [HEADER.orphanLock, HEADER.orphanSheaves, HEADER.orphanHeads, HEADER.orphanObjects],
    [HEADER.registryLock, HEADER.registryHead, HEADER.cachesUsed],
    [HEADER.slotsClaimed],
    [HEADER.bootstrapSheaf, HEADER.bootstrapSheaf + SHEAF.objects],
  );
});
