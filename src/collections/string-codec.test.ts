import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { packLatin1, packUtf16, StringReader } from './string-codec.js';

const AT = 8;
const words = new NativeWords(reserveBuffer(2 ** 18));

function write(pack: typeof packLatin1, text: string): number {
  const packed = new Int32Array(text.length + 1);
  const count = pack(text, packed, 0);
  for (let i = 0; i < count; i++) words.storePlain(AT + i, packed[i]!);
  return count;
}

const LENGTHS = [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 31, 255, 256, 257, 4095, 4096, 4097, 70_000];

function latin1Of(length: number): string {
  return Array.from({ length }, (_, i) => String.fromCharCode((i * 31 + 7) & 0xff)).join('');
}

/** Half pairs among them. */
function wideOf(length: number): string {
  return Array.from({ length }, (_, i) => String.fromCharCode((i * 0x1357 + 0xd800) & 0xffff)).join('');
}

function roundTrip(): void {
  const reader = new StringReader(words);
  for (const length of LENGTHS) {
    assert.equal(write(packLatin1, latin1Of(length)), Math.ceil(length / 4));
    assert.equal(reader.readLatin1(AT, length), latin1Of(length));
    assert.equal(write(packUtf16, wideOf(length)), Math.ceil(length / 2));
    assert.equal(reader.readUtf16(AT, length), wideOf(length));
  }
}

test('StringReader reads what was packed, of any length', () => {
  roundTrip();
});

test('StringReader reads what was packed where there is no Buffer', () => {
  const globals = globalThis as { Buffer?: unknown };
  const { Buffer } = globals;
  globals.Buffer = undefined;
  try {
    roundTrip();
  } finally {
    globals.Buffer = Buffer;
  }
});

test('packLatin1() returns -1 for a unit above 255 at any place', () => {
  const packed = new Int32Array(8);
  for (let length = 1; length < 10; length++) {
    for (let at = 0; at < length; at++) {
      assert.equal(packLatin1(`${'a'.repeat(at)}\u0100${'a'.repeat(length - at - 1)}`, packed, 0), -1);
    }
  }
});
