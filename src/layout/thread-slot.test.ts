import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFieldsApart, assertLinesApart } from '../../tests/support/record-fields.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  CALLBACK_LIST,
  CALLBACK_LIST_WORDS,
  FIRST_CALLBACK_ID,
  MAX_LIST_ORDER,
  NAME_WORDS,
  PAGE_LIST,
  PAGE_LIST_WORDS,
  RCU_HEAD,
  RCU_HEAD_WORDS,
  SLOT,
  SLOT_STATE,
  TURN_BORROWED,
  TURN_OPEN,
  TURN_STEP,
} from './thread-slot.js';

test('SLOT gives every field words of its own, the caches last', () => {
  assertFieldsApart(SLOT, SLOT.caches + 1, {
    name: NAME_WORDS,
    callbacks: CALLBACK_LIST_WORDS,
    heads: CALLBACK_LIST_WORDS,
    pageLists: (MAX_LIST_ORDER + 1) * PAGE_LIST_WORDS,
  });
});

test('SLOT puts what others read on lines apart from what the owner keeps to itself', () => {
  assertLinesApart(
    [SLOT.turn, SLOT.borrower],
    [SLOT.state, SLOT.generation, SLOT.nameBytes, SLOT.isolated, SLOT.name, SLOT.threadId],
    [SLOT.rcuAcquired, SLOT.waitingHead, SLOT.waitingTail, SLOT.waitingObjects, SLOT.callbacks, SLOT.heads],
    [SLOT.pagesAcquired, SLOT.listPages, SLOT.pageLists],
    [SLOT.freedThroughSheaf, SLOT.pagesAllocated, SLOT.pagesFreed],
    [SLOT.caches],
  );
});

test('CALLBACK_LIST gives four tails, two sequence numbers and its counts words of their own', () => {
  assertFieldsApart(CALLBACK_LIST, CALLBACK_LIST_WORDS, { tails: 4, sequences: 2 });
});

test('CACHE_SLOT, PAGE_LIST and RCU_HEAD fit their records', () => {
  assertFieldsApart(CACHE_SLOT, CACHE_SLOT_WORDS);
  assertFieldsApart(PAGE_LIST, PAGE_LIST_WORDS);
  assertFieldsApart(RCU_HEAD, RCU_HEAD_WORDS);
});

test('SLOT_STATE gives every state a number of its own, 0 to free, so that a zeroed slot can be joined', () => {
  assert.equal(SLOT_STATE.free, 0);
  assert.equal(new Set(Object.values(SLOT_STATE)).size, Object.keys(SLOT_STATE).length);
});

test('TURN_STEP counts above the two bits of a turn word', () => {
  assert.deepEqual([TURN_OPEN, TURN_BORROWED, TURN_STEP], [1, 2, 4]);
});

test('FIRST_CALLBACK_ID is above every word offset that a head may have', () => {
  assert.equal(FIRST_CALLBACK_ID, 4096);
});
