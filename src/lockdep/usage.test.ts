import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflictsOf, describeUsage, exclusiveWith, USAGE, usageCharacters } from './usage.js';

const BITS = Object.values(USAGE);

test('conflictsOf, of a writer gives the other direction by writers and readers, same context', () => {
  assert.equal(conflictsOf(USAGE.usedInHook), USAGE.enabledHook | USAGE.enabledHookRead);
  assert.equal(conflictsOf(USAGE.enabledCallback), USAGE.usedInCallback | USAGE.usedInCallbackRead);
});

test('conflictsOf, of a reader gives the other direction by writers alone', () => {
  assert.equal(conflictsOf(USAGE.usedInHookRead), USAGE.enabledHook);
  assert.equal(conflictsOf(USAGE.enabledCallbackRead), USAGE.usedInCallback);
});

test('conflictsOf, is mutual', () => {
  for (const one of BITS) {
    for (const other of BITS) {
      assert.equal((conflictsOf(one) & other) !== 0, (conflictsOf(other) & one) !== 0, `${one} ${other}`);
    }
  }
});

test('exclusiveWith, gives the other direction by writers and readers, whoever has the first', () => {
  const enabled = USAGE.enabledHook | USAGE.enabledHookRead;
  assert.equal(exclusiveWith(USAGE.usedInHook), enabled);
  assert.equal(exclusiveWith(USAGE.usedInHookRead), enabled);
  assert.equal(exclusiveWith(USAGE.enabledCallbackRead), USAGE.usedInCallback | USAGE.usedInCallbackRead);
  assert.equal(exclusiveWith(0), 0);
});

test('describeUsage, says each usage in words of its own', () => {
  assert.equal(new Set(BITS.map(describeUsage)).size, BITS.length);
  assert.equal(describeUsage(USAGE.usedInHookRead), 'taken by readers inside a hook');
  assert.equal(describeUsage(USAGE.enabledCallback), 'held where a callback may interrupt');
});

test('usageCharacters, prints hook and callback, writers before readers', () => {
  assert.equal(usageCharacters(0), '....');
  assert.equal(usageCharacters(USAGE.usedInHook), '-...');
  assert.equal(usageCharacters(USAGE.enabledHookRead), '.+..');
  assert.equal(usageCharacters(USAGE.usedInCallback | USAGE.enabledCallback), '..?.');
  assert.equal(usageCharacters(USAGE.usedInCallbackRead), '...-');
});
