import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { fillBytes, findOtherByte, hexBytes } from './byte-pattern.js';

const BYTES = 40;

test('fillBytes, sets exactly the bytes it was given, for every start and end', () => {
  for (let from = 0; from <= BYTES; from++) {
    for (let to = from; to <= BYTES; to++) {
      const buffer = reserveBuffer(BYTES);
      fillBytes(new NativeWords(buffer), from, to, 0xcc);
      const bytes = new Uint8Array(buffer);
      for (let i = 0; i < BYTES; i++)
        assert.equal(bytes[i], i >= from && i < to ? 0xcc : 0, `${from}..${to}: ${i}`);
    }
  }
});

test('findOtherByte, finds the first byte that differs, and looks at none outside', () => {
  for (let from = 0; from < BYTES; from++) {
    for (let to = from; to <= BYTES; to++) {
      const buffer = reserveBuffer(BYTES);
      const words = new NativeWords(buffer);
      fillBytes(words, from, to, 0xbb);
      assert.equal(findOtherByte(words, from, to, 0xbb), -1, `${from}..${to}`);
      if (from === to) continue;
      const at = from + ((7 * to) % (to - from));
      new Uint8Array(buffer)[at] = 0xba;
      assert.equal(findOtherByte(words, from, to, 0xbb), at, `${from}..${to}`);
    }
  }
});

test('hexBytes, names bytes in the order of the memory', () => {
  const buffer = reserveBuffer(16);
  new Uint8Array(buffer).set([1, 2, 0xab, 0, 0xff], 3);
  assert.equal(hexBytes(new NativeWords(buffer), 3, 5), '01 02 ab 00 ff');
});
