import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './failures.js';
import { readJsonRecords } from './records-json.js';

function read(text: string): { record: unknown; line: number }[] {
  const taken: { record: unknown; line: number }[] = [];
  readJsonRecords(text, 'a.json', (record, place) => taken.push({ record, line: place.line }));
  return taken;
}

function assertFault(text: string, message: RegExp): void {
  assert.throws(
    () => read(text),
    (error) => error instanceof UsageError && message.test(error.message),
  );
}

test('readJsonRecords() pushes each element with the line it begins on', () => {
  assert.deepEqual(read('[{"a":1}, {"a":2},\n {"a":\n3},\n\n{"a":4}]'), [
    { record: { a: 1 }, line: 1 },
    { record: { a: 2 }, line: 1 },
    { record: { a: 3 }, line: 2 },
    { record: { a: 4 }, line: 5 },
  ]);
});

test('readJsonRecords() of an empty array pushes nothing', () => {
  assert.deepEqual(read('[]'), []);
});

test('readJsonRecords() names line and column of a fault that the engine gives no position for', () => {
  assertFault('[{"a":1},\n{"a":,}]', /^a\.json: line 2, column 6: expected a value, found ','$/);
});

test('readJsonRecords() names line and column where a text ends too early', () => {
  assertFault('[{"a":1},\n{"a":2}', /^a\.json: line 2, column 8: .*found the end of the text$/);
});

test('readJsonRecords() refuses an outermost value that is no array', () => {
  assertFault('\n  {"a":1}', /^a\.json: line 2, column 3: expected an array of records/);
});

test('readJsonRecords() names the line of an element that is no object', () => {
  assertFault('[{"a":1},\n2]', /^a\.json: line 2: each record is an object, this one is a number$/);
  assertFault('[{"a":1},\n\n[2]]', /^a\.json: line 3: .* an array$/);
  assertFault('[null]', /^a\.json: line 1: .* null$/);
});
