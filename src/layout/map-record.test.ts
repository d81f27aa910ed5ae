import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFieldsApart } from '../../tests/support/record-fields.js';
import { LINE_WORDS, MAX_ORDER, PAGE_WORDS } from '../words/units.js';
import {
  BUCKET_LINK,
  BUCKET_LOCK,
  BUCKET_LOCK_WORDS,
  END_LINK,
  ENTRY,
  KEY_KIND,
  MAP,
  MAP_WORDS,
  MAX_LEVEL,
  ORDER_FLIP,
  SHAPE_KIND_MASK,
  SHAPE_LENGTH_SHIFT,
  VALUE_KIND,
} from './map-record.js';
import { RCU_HEAD_WORDS } from './thread-slot.js';

test('MAP gives every field words of its own, with a segment for each level', () => {
  assertFieldsApart(MAP, MAP_WORDS, { segments: MAX_LEVEL + 1 });
});

test('MAX_LEVEL keeps the largest segment inside one block', () => {
  assert.ok(2 ** (MAX_LEVEL - 1) <= PAGE_WORDS << MAX_ORDER);
});

test('ENTRY gives every field words of its own, the key last', () => {
  assertFieldsApart(ENTRY, ENTRY.key + 1, { rcuHead: RCU_HEAD_WORDS });
});

test('BUCKET_LOCK takes a line', () => {
  assertFieldsApart(BUCKET_LOCK, BUCKET_LOCK_WORDS);
  assert.equal(BUCKET_LOCK_WORDS % LINE_WORDS, 0);
});

test('KEY_KIND and VALUE_KIND give every kind a number of its own that a shape can hold', () => {
  for (const kinds of [Object.values(KEY_KIND), Object.values(VALUE_KIND)] as const) {
    assert.equal(new Set<number>(kinds).size, kinds.length);
    for (const kind of kinds) assert.equal(kind & SHAPE_KIND_MASK, kind);
  }
  assert.equal(1 << SHAPE_LENGTH_SHIFT, SHAPE_KIND_MASK + 1);
});

test('END_LINK is a bucket link to no bucket, and flipping an order twice gives the hash back', () => {
  assert.ok(BUCKET_LINK < 0);
  assert.equal(END_LINK & ~BUCKET_LINK, 0);
  assert.equal(0x12345678 ^ ORDER_FLIP ^ ORDER_FLIP, 0x12345678);
  assert.ok((0xffffffff ^ ORDER_FLIP) > (0 ^ ORDER_FLIP), 'orders compare as the hashes do');
});
