import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './failures.js';
import { readCsvRecords } from './records-csv.js';

function read(text: string): { record: unknown; line: number }[] {
  const taken: { record: unknown; line: number }[] = [];
  readCsvRecords(Buffer.from(text), 'a.csv', (record, place) => taken.push({ record, line: place.line }));
  return taken;
}

function assertFault(text: string, message: RegExp): void {
  assert.throws(
    () => read(text),
    (error) => error instanceof UsageError && message.test(error.message),
  );
}

test('readCsvRecords() names the values by the header and keeps quoted commas, quotes and line ends', () => {
  assert.deepEqual(read('id,text\n1,"a,b"\n2,"say ""hi"""\n3,"two\nlines"\n4,last'), [
    { record: { id: '1', text: 'a,b' }, line: 2 },
    { record: { id: '2', text: 'say "hi"' }, line: 3 },
    { record: { id: '3', text: 'two\nlines' }, line: 4 },
    { record: { id: '4', text: 'last' }, line: 6 },
  ]);
});

test('readCsvRecords() counts lines right over quoted CRLFs and blank lines', () => {
  assert.deepEqual(
    read('\r\nid,text\r\n1,"é\r\né"\r\n\r\n2,b\r\n').map(({ line }) => line),
    [3, 6],
  );
});

test('readCsvRecords() of a header alone pushes nothing', () => {
  assert.deepEqual(read('id,text\n'), []);
});

test('readCsvRecords() names the line of a row with too few or too many fields', () => {
  assertFault('a,b\n1,"x\r\ny"\n3\n', /^a\.csv: line 4: wrong number of fields: 1 where the header has 2$/);
  assertFault('a,b\n1,2,3\n', /^a\.csv: line 2: wrong number of fields: 3 where the header has 2$/);
});

test('readCsvRecords() names line and column of the value whose quote is never closed', () => {
  assertFault(
    'a,b\n1,2\n3,"4\n5,6\n',
    /^a\.csv: line 3, column 3: field 'b': the quote that begins here is never closed$/,
  );
});

test('readCsvRecords() names line and column of a value with text behind its closing quote', () => {
  assertFault('a,b\né,"x"y\n', /^a\.csv: line 2, column 3: field 'b': text follows the closing quote/);
});

test('readCsvRecords() names line and column of a value with a quote inside', () => {
  assertFault('a,b\n\nx"y",2\n', /^a\.csv: line 3, column 1: field 'a': a quote inside a value/);
});

test('readCsvRecords() names line and column of a fault in the header', () => {
  assertFault('a,b"\n', /^a\.csv: line 1, column 3: field 2: a quote inside a value/);
});

test('readCsvRecords() refuses a header with a name that is empty or repeated', () => {
  assertFault('a,,c\n1,2,3\n', /^a\.csv: line 1: the header's field 2 has no name$/);
  assertFault('a,b,a\n1,2,3\n', /^a\.csv: line 1: the header names 'a' twice$/);
});

test('readCsvRecords() passes on what the sink throws', () => {
  const refuse = () => {
    throw new UsageError('mine');
  };
  assert.throws(() => readCsvRecords(Buffer.from('a\n1\n'), 'a.csv', refuse), { message: 'mine' });
});
