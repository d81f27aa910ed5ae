import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UsageError } from './failures.js';
import { readRecords } from './read-records.js';
import { RecordTable } from './record-table.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-read-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function assertFault(file: string, message: RegExp, keyFields?: readonly string[]): void {
  assert.throws(
    () => readRecords(file, keyFields),
    (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
}

for (const [name, content] of [
  ['same.json', '[{"id":"a","n":"1"},{"id":"b","n":"é"},{"id":"a","n":"3"}]'],
  ['same.jsonl', '{"id":"a","n":"1"}\n{"id":"b","n":"é"}\n{"id":"a","n":"3"}\n'],
  ['same.NDJSON', '{"id":"a","n":"1"}\n{"id":"b","n":"é"}\n{"id":"a","n":"3"}\n'],
  ['same.csv', 'id,n\na,1\nb,é\na,3\n'],
  ['marked.csv', '\ufeffid,n\na,1\nb,é\na,3\n'],
] as const) {
  test(`readRecords() of ${name} gives the records, the different keys and the repeated ones`, () => {
    const set = readRecords(write(name, content), undefined);
    const table = new RecordTable(set.table);
    assert.deepEqual(set.keyFields, ['id']);
    assert.deepEqual([set.records, set.distinctKeys, set.repeatedKeys], [3, 2, 1]);
    assert.deepEqual([table.key(1), table.json(1)], ['b', '{"id":"b","n":"é"}']);
  });
}

test('readRecords() of a missing file says so', () => {
  assertFault(join(folder, 'gone.json'), /gone\.json: no such file$/);
});

test('readRecords() of a folder says so', () => {
  const file = mkdtempSync(join(folder, 'x'));
  assertFault(`${file}/../${file.split('/').at(-1)}`, /cannot tell the format/);
});

for (const ending of ['json', 'jsonl', 'csv']) {
  test(`readRecords() of an empty .${ending} file says that it is empty`, () => {
    assertFault(write(`empty.${ending}`, ''), /the file is empty$/);
    assertFault(write(`mark.${ending}`, '\ufeff'), /the file is empty$/);
    assertFault(write(`blank.${ending}`, ' \n\t\r\n'), /the file is empty but for white space$/);
  });
}

test('readRecords() of a file without records says so', () => {
  assertFault(write('none.json', '[]'), /none\.json: holds no records$/);
  assertFault(write('none.csv', 'a,b\n'), /none\.csv: holds no records$/);
});

test('readRecords() refuses an ending it does not know, and states those it does', () => {
  assertFault(write('a.txt', 'x'), /a\.txt: cannot tell the format; .*\.json, \.jsonl, \.ndjson, \.csv$/);
});

test('readRecords() names line and column of bytes that are not UTF-8', () => {
  const bytes = Buffer.concat([Buffer.from('id\né'), Buffer.from([0xff]), Buffer.from('\nb\n')]);
  assertFault(write('latin.csv', bytes), /latin\.csv: line 2, column 2: not text in UTF-8$/);
  assertFault(
    write('cut.csv', Buffer.from([0x69, 0x64, 0x0a, 0xc3])),
    /line 2, column 1: not text in UTF-8$/,
  );
});

test('readRecords() refuses a key that no record has, and names the line where one record lacks it', () => {
  const file = write('keys.jsonl', '{"id":1}\n{"id":2,"x":1}\n{"x":2}\n');
  assertFault(file, /^--key nope: no record has it; the first record has the fields id$/, ['nope']);
  assertFault(file, /keys\.jsonl: line 3: the record has no field 'id'$/, ['id']);
});
