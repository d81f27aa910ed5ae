import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './failures.js';
import { readJsonlRecords } from './records-jsonl.js';

function read(text: string): { record: unknown; line: number }[] {
  const taken: { record: unknown; line: number }[] = [];
  readJsonlRecords(Buffer.from(text), 'a.jsonl', (record, place) => taken.push({ record, line: place.line }));
  return taken;
}

function assertFault(text: string, message: RegExp): void {
  assert.throws(
    () => read(text),
    (error) => error instanceof UsageError && message.test(error.message),
  );
}

test('readJsonlRecords() pushes a record a line and skips blank lines', () => {
  assert.deepEqual(read('{"a":1}\r\n\n  \n{"a":"é"}\n{"a":3}'), [
    { record: { a: 1 }, line: 1 },
    { record: { a: 'é' }, line: 4 },
    { record: { a: 3 }, line: 5 },
  ]);
});

test('readJsonlRecords() names line and column of a fault', () => {
  assertFault('{"a":1}\n{"a":"é", "b" 2}\n', /^a\.jsonl: line 2, column 15: expected ':', found '2'$/);
});

test('readJsonlRecords() refuses two records on a line', () => {
  assertFault('{"a":1} {"a":2}', /^a\.jsonl: line 1, column 9: expected nothing more, found '\{'$/);
});

test('readJsonlRecords() names the line of a value that is no object', () => {
  assertFault('{"a":1}\n[1]\n', /^a\.jsonl: line 2: each record is an object, this one is an array$/);
});
