import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecordTable, RecordTableBuilder } from './record-table.js';

test('RecordTable gives back what the builder was given, whatever the text', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 400 });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 40 }), (pairs) => {
      const builder = new RecordTableBuilder();
      for (const [key, json] of pairs) builder.add(key, json);
      assert.equal(builder.length, pairs.length);
      const table = new RecordTable(builder.finish());
      assert.equal(table.length, pairs.length);
      assert.deepEqual(
        pairs.map((_, record) => [table.key(record), table.json(record)]),
        pairs,
      );
    }),
  );
});

test('RecordTableBuilder grows far beyond its first buffer', () => {
  const builder = new RecordTableBuilder();
  const json = 'é'.repeat(50_000);
  for (let record = 0; record < 30; record++) builder.add(String(record), json);
  const table = new RecordTable(builder.finish());
  assert.equal(table.key(29), '29');
  assert.equal(table.json(29), json);
});

test('RecordTableParts are shared memory, as long as the text and no longer', () => {
  const builder = new RecordTableBuilder();
  builder.add('ab', 'cde');
  const { bytes, borders } = builder.finish();
  assert.ok(bytes instanceof SharedArrayBuffer && borders instanceof SharedArrayBuffer);
  assert.equal(bytes.byteLength, 5);
  assert.deepEqual([...new Uint32Array(borders)], [0, 2, 5]);
});
