import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8, encodeUtf8Into } from './utf8.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Any units of UTF-16, lone surrogates too. */
const anyText = fc.string({ unit: 'binary', maxLength: 40 }).chain((text) =>
  fc.array(fc.constantFrom('\ud800', '\udbff', '\udc00', '\udfff', 'é', '𝄞', '\ufeff', '\0', text), {
    maxLength: 8,
  }),
);

/** Bytes that are often nearly UTF-8. */
const anyBytes = fc.array(
  fc.oneof(
    fc.constantFrom(
      0x00,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0xff,
    ),
    fc.integer({ min: 0, max: 255 }),
  ),
  { maxLength: 24 },
);

test('encodeUtf8, makes the bytes that TextEncoder makes', () => {
  fc.assert(
    fc.property(anyText, (parts) => {
      const text = parts.join('');
      assert.deepEqual(encodeUtf8(text), encoder.encode(text));
    }),
    { numRuns: 500, verbose: true },
  );
});

test('encodeUtf8Into, writes whole characters only, as TextEncoder does', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 30 }), (parts, room) => {
      const text = parts.join('');
      const ours = new Uint8Array(room);
      const theirs = new Uint8Array(room);
      assert.equal(encodeUtf8Into(text, ours), encoder.encodeInto(text, theirs).written);
      assert.deepEqual(ours, theirs);
    }),
    { numRuns: 500, verbose: true },
  );
});

test('decodeUtf8, reads any bytes as TextDecoder does', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const array = Uint8Array.from(bytes);
      assert.equal(decodeUtf8(array), decoder.decode(array));
    }),
    { numRuns: 2000, verbose: true },
  );
});

test('decodeUtf8, reads a text longer than a call takes arguments', () => {
  const text = 'añ𝄞'.repeat(100_000);
  assert.equal(decodeUtf8(encodeUtf8(text)), text);
});
