import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWords, reserveBuffer } from '../src/words/native-words.js';
import type { Words } from '../src/words/words.js';
import { linesOf, touchedLines } from './line-counter.js';

const WORDS_A_LINE = 16;

function someWords(): NativeWords {
  return new NativeWords(reserveBuffer(4096));
}

function touched(words: Words, work: () => void): number[] {
  return [...touchedLines(words, work)].sort((a, b) => a - b);
}

test('linesOf, has the lines of the first and the last word, and all between', () => {
  assert.deepEqual(linesOf(0, WORDS_A_LINE - 1), [0]);
  assert.deepEqual(linesOf(WORDS_A_LINE - 1, 2 * WORDS_A_LINE), [0, 1, 2]);
});

test('touchedLines, has a line once however often it is touched, and by whatever access', () => {
  const words = someWords();
  const lines = touched(words, () => {
    words.storePlain(0, 1);
    words.store(WORDS_A_LINE - 1, 2);
    words.add(2 * WORDS_A_LINE, 3);
    words.dereference(2 * WORDS_A_LINE + 1);
  });
  assert.deepEqual(lines, [0, 2]);
});

test('touchedLines, has each line of a range', () => {
  const words = someWords();
  const filled = touched(words, () => words.fillPlain(WORDS_A_LINE - 1, 2 * WORDS_A_LINE, 0));
  assert.deepEqual(filled, [0, 1]);
  const written = touched(words, () => words.writeBytesPlain(0, new Uint8Array(65), 65));
  assert.deepEqual(written, [0, 1]);
  const read = touched(words, () => words.readBytesPlain(WORDS_A_LINE, new Uint8Array(64), 64));
  assert.deepEqual(read, [1]);
});

test('touchedLines, leaves the accesses what they are, and looks at them no more when it is over', () => {
  const words = someWords();
  touchedLines(words, () => words.store(5, 7));
  assert.equal(words.loadPlain(5), 7);
  assert.deepEqual(Object.keys(words).sort(), Object.keys(someWords()).sort());
});
