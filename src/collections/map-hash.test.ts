import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRY, ORDER_FLIP } from '../layout/map-record.js';
import { KeyHasher } from './map-hash.js';

const AT = ENTRY.key;
// Key 00 01 02 .. 07, as the published values of HalfSipHash-1-3 use it.
const hasher = new KeyHasher(0x03020100, 0x07060504);

/** The published values for the inputs of 0, 1, 2 .. bytes 00 01 02 .. */
const PUBLISHED = [
  0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6, 0x577999b1,
  0xc839caed, 0xe4fa32cf,
];

function hashOfBytes(bytes: readonly number[]): number {
  const draft = new Int32Array(64);
  new Uint8Array(draft.buffer).set(bytes, AT * 4);
  hasher.hashBytes(draft, AT, bytes.length);
  return (draft[ENTRY.order]! ^ ORDER_FLIP) >>> 0;
}

function packed(text: string): { draft: Int32Array; count: number } {
  const draft = new Int32Array(256);
  return { draft, count: hasher.packLatin1(text, draft, AT) };
}

test('hashBytes() gives the published values of HalfSipHash-1-3', () => {
  for (const [length, hash] of PUBLISHED.entries()) {
    assert.equal(hashOfBytes(Array.from({ length }, (_, i) => i)), hash, `${length} bytes`);
  }
});

test('packLatin1() hashes a string of any length as hashBytes() does its bytes', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Array.from({ length }, (_, i) => (i * 37 + 200) & 0xff);
    const { draft, count } = packed(String.fromCharCode(...bytes));
    assert.equal(count, Math.ceil(length / 4));
    assert.deepEqual([...new Uint8Array(draft.buffer, AT * 4, length)], bytes);
    assert.equal((draft[ENTRY.order]! ^ ORDER_FLIP) >>> 0, hashOfBytes(bytes));
  }
});

test('packLatin1() returns -1 for a unit above 255 at any place', () => {
  for (let length = 1; length < 10; length++) {
    for (let at = 0; at < length; at++) {
      const units = Array.from({ length }, (_, i) => (i === at ? 0x100 : 0xff));
      assert.equal(packed(String.fromCharCode(...units)).count, -1);
    }
  }
});

test('a mask keeps some bits of the hash', () => {
  const draft = new Int32Array(16);
  new KeyHasher(1, 2, 0).packLatin1('anything', draft, AT);
  assert.equal(draft[ENTRY.order], ORDER_FLIP);
});
