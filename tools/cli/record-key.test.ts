import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyRule } from './record-key.js';
import type { JsonRecord } from './record-sink.js';

function keysOf(
  fields: readonly string[] | undefined,
  records: readonly JsonRecord[],
): (string | undefined)[] {
  const rule = new KeyRule(fields, 'a.json');
  const keys = records.map((record, index) => rule.take(record, { line: index + 1 }));
  rule.finish();
  return keys;
}

test('take() gives the field as text, numbers too', () => {
  assert.deepEqual(keysOf(['id'], [{ id: 'x' }, { id: 7 }, { id: 1.5 }, { id: 0 }]), ['x', '7', '1.5', '0']);
});

test('take() joins several fields, and lets some be empty', () => {
  const records = [{ country: 'AD', admin1: '', name: 'Vila' }];
  assert.deepEqual(keysOf(['country', 'admin1', 'name'], records), ['AD//Vila']);
});

test('take() without fields uses the first field of the first record', () => {
  assert.deepEqual(
    keysOf(undefined, [
      { code: 'a', name: 'b' },
      { name: 'c', code: 'd' },
    ]),
    ['a', 'd'],
  );
});

test('take() names the line of a record that lacks the field', () => {
  const message = "a.json: line 2: the record has no field 'id'";
  assert.throws(() => keysOf(['id'], [{ id: 1 }, { name: 'b' }, { id: 3 }]), { message });
});

test('take() names the line of the first record that lacks the field, when a later one has it', () => {
  const message = "a.json: line 1: the record has no field 'id'";
  assert.throws(() => keysOf(['id'], [{ name: 'a' }, { name: 'b' }, { id: 3 }]), { message });
});

test('take() counts null and the empty text as lacking', () => {
  assert.throws(() => keysOf(['id'], [{ id: 1 }, { id: null }]), {
    message: /line 2: the record has no field 'id'/,
  });
  assert.throws(() => keysOf(['id'], [{ id: 1 }, { id: '' }]), {
    message: 'a.json: line 2: the key id is empty',
  });
});

test('take() does not find fields that every object inherits', () => {
  assert.throws(() => keysOf(['constructor'], [{ id: 1 }]), {
    message: /--key constructor: no record has it/,
  });
});

test('take() refuses a key that is neither text nor a number', () => {
  const message = "a.json: line 1: the key field 'id' is neither text nor a number";
  assert.throws(() => keysOf(['id'], [{ id: { a: 1 } }]), { message });
});

test('take() refuses a key that UTF-8 cannot carry', () => {
  assert.throws(() => keysOf(['id'], [{ id: 'a\ud800b' }]), { message: /line 1: .* half a surrogate pair/ });
  assert.deepEqual(keysOf(['id'], [{ id: '😀' }]), ['😀']);
});

test('finish() says that no record has the key, and which fields the first record has', () => {
  const message = '--key code: no record has it; the first record has the fields id, name';
  assert.throws(() => keysOf(['code'], [{ id: 1, name: 'a' }, { id: 2 }]), { message });
  assert.throws(() => keysOf(undefined, [{}]), { message: /the first record has no fields/ });
});

test('finish() refuses a file without records', () => {
  assert.throws(() => keysOf(['id'], []), { message: 'a.json: holds no records' });
});
