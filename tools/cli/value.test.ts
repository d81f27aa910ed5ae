import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sealValue, verifyValue } from './value.js';

test('verifyValue() accepts what sealValue() made for the same key', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.json(), (key, version, json) => {
      assert.ok(verifyValue(key, sealValue(key, version, json)));
    }),
  );
});

test('sealValue() gives all versions of a record the same length', () => {
  assert.equal(sealValue('k', 0, '{}').length, sealValue('k', 9_999_999_999, '{}').length);
});

test('verifyValue() refuses a value sealed for another key', () => {
  assert.equal(verifyValue('AD/07/Vila', sealValue('AD/07/Vile', 3, '{"name":"Vila"}')), false);
});

test('verifyValue() refuses a value whose version or record was changed', () => {
  const value = sealValue('k', 12, '{"name":"Vila"}');
  assert.equal(verifyValue('k', value.replace('12:', '13:')), false);
  assert.equal(verifyValue('k', value.replace('Vila', 'Vile')), false);
});

test('verifyValue() refuses the front of one version with the back of another', () => {
  const older = sealValue('k', 1, '{"name":"aaaaaaaaaa"}');
  const newer = sealValue('k', 2, '{"name":"bbbbbbbbbb"}');
  for (let cut = 1; cut < older.length - 3; cut++) {
    assert.equal(verifyValue('k', older.slice(0, cut) + newer.slice(cut)), false, `cut at ${cut}`);
  }
});

test('verifyValue() refuses any single changed character', () => {
  const value = sealValue('key', 7, '{"a":1}');
  for (let at = 0; at < value.length; at++) {
    const changed = value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1);
    assert.equal(verifyValue('key', changed), false, changed);
  }
});

test('verifyValue() refuses what is no sealed value at all', () => {
  for (const value of [
    undefined,
    null,
    7,
    '',
    'abc',
    'zzzzzzzz:0000000001:{}',
    {},
    [sealValue('k', 1, '{}')],
  ]) {
    assert.equal(verifyValue('k', value), false);
  }
});

test('verifyValue() refuses a character moved from the key to the value', () => {
  const sum = sealValue('ab', 1, '{}').slice(0, 8);
  assert.equal(verifyValue('a', `${sum}:b0000000001:{}`), false);
});
