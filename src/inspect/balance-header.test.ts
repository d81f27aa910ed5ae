import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { constantWordIndex, HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { balance } from './balance.js';

const heap = new AuditedHeap();
const { geometry } = heap;
const snapshot = geometry.turnSnapshotsStart;

testCorruptions(heap, [
  {
    what: 'a buffer without the magic words',
    word: constantWordIndex('magic1'),
    value: 7,
    problems: ['the buffer starts with 1280658508 7, a heap with 1280658508 1212498256'],
  },
  {
    what: 'a layout of another version',
    word: constantWordIndex('version'),
    value: 99,
    problems: [`the layout has version 99, this code reads version ${geometry.version}`],
  },
  {
    what: 'more pages than the buffer has',
    word: constantWordIndex('totalPages'),
    value: geometry.totalPages + 1,
    problems: [
      `the header counts ${geometry.totalPages + 1} pages, the buffer holds ${heap.words.lengthWords} words`,
    ],
  },
  {
    what: 'a number of slots out of range',
    word: constantWordIndex('slots'),
    value: 256,
    problems: ["the header's slots is 256, allowed are 1 to 255"],
  },
  {
    what: 'a sheaf capacity for which sheaves have no room',
    word: constantWordIndex('sheafCapacity'),
    value: 59,
    problems: ["the header's sheafCapacity is 59, allowed are 1 to 58"],
  },
  {
    what: 'a region that does not follow from the sizes',
    word: constantWordIndex('descriptorsStart'),
    value: geometry.descriptorsStart + 16,
    problems: [
      `the header's descriptorsStart is ${geometry.descriptorsStart + 16}, its other constants make it ${geometry.descriptorsStart}`,
    ],
  },
  {
    what: 'a bootstrap sheaf that holds something',
    word: HEADER.bootstrapSheaf + SHEAF.count,
    value: 1,
    problems: ['the bootstrap sheaf holds 1 objects of 0, it must hold 0 of 0'],
  },
  {
    what: 'a grace period in a phase that there is not',
    word: HEADER.gracePeriodSequence,
    value: 2,
    problems: ['the grace-period sequence is 2: phase 2, phases are 0 and 1'],
  },
  {
    what: 'a noted turn that is not open',
    word: snapshot + 1,
    value: 8,
    problems: ['the turn that the grace period noted of slot 1 is 8, which is no open turn'],
  },
  {
    what: 'a noted turn while no grace period runs',
    word: snapshot,
    value: 9,
    problems: ['no grace period runs, and turn 9 of slot 0 is noted'],
  },
]);

test('balance() of an empty buffer reports that it is no heap, and counts nothing', () => {
  const report = balance(new NativeWords(reserveBuffer(4096)));
  assert.deepEqual(report, {
    problems: ['the buffer starts with 0 0, a heap with 1280658508 1212498256'],
    pages: { total: 0, metadata: 0, free: 0, threadLists: 0, deferred: 0, slab: 0, allocated: 0 },
    objects: { live: 0, free: 0, inSheaves: 0, waiting: 0, byCache: [] },
    reachable: 0,
    unreachableObjects: 0,
    unreachablePages: 0,
    unreachable: [],
    quarantinedObjects: 0,
  });
});

test('balance() of a buffer that is shorter than a header reports its length', () => {
  assert.deepEqual(balance(new NativeWords(reserveBuffer(64))).problems, [
    'the buffer holds 16 words, the header of a heap takes 192',
  ]);
});
