import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertFieldsApart } from '../../tests/support/record-fields.js';
import { MAX_ORDER } from '../words/units.js';
import {
  DESCRIPTOR,
  DESCRIPTOR_SHIFT,
  DESCRIPTOR_WORDS,
  KIND_MASK,
  MAX_SLAB_ORDER,
  OWNER_SHIFT,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageOwner,
  pageState,
  pageTail,
  TAIL_SHIFT,
} from './page-descriptor.js';

const MAX_TAIL = 2 ** (OWNER_SHIFT - TAIL_SHIFT) - 1;
const MAX_OWNER = 2 ** (32 - OWNER_SHIFT) - 1;

test('pageState() packs kind, order, tail and owner so that each comes back', () => {
  fc.assert(
    fc.property(
      fc.nat(KIND_MASK),
      fc.nat(MAX_ORDER),
      fc.nat(MAX_OWNER),
      fc.nat(MAX_TAIL),
      (kind, order, owner, tail) => {
        const state = pageState(kind, order, owner, tail);
        // Once as it is, once as a word of the heap holds it.
        for (const read of [state, state | 0]) {
          assert.equal(pageKind(read), kind);
          assert.equal(pageOrder(read), order);
          assert.equal(pageOwner(read), owner);
          assert.equal(pageTail(read), tail);
        }
      },
    ),
  );
});

test('pageState() has room for every page of a slab, every cache and every thread slot', () => {
  assert.ok(MAX_TAIL >= 2 ** MAX_SLAB_ORDER - 1);
  assert.ok(MAX_OWNER >= 1024 - 1 && MAX_OWNER >= 255 - 1);
});

test('pageState() takes tail 0 unless told', () => {
  assert.equal(pageTail(pageState(PAGE_KIND.slab, 3, 7)), 0);
});

test('PAGE_KIND gives every kind a number of its own, 0 to tail, so that a zeroed page is in no block', () => {
  const kinds = Object.values(PAGE_KIND);
  assert.equal(new Set(kinds).size, kinds.length);
  assert.equal(PAGE_KIND.tail, 0);
  assert.ok(Math.max(...kinds) <= KIND_MASK);
});

test('DESCRIPTOR gives every field a word of its own', () => {
  assertFieldsApart(DESCRIPTOR, DESCRIPTOR_WORDS);
  assert.equal(1 << DESCRIPTOR_SHIFT, DESCRIPTOR_WORDS);
});
