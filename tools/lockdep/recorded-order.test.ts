import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LULL_CLASSES } from '../../src/locks/lull-classes.js';
import { LULL_NAMES, PAGE_FILE, pageText, RECORD_FILE, readRecord, recordText } from './recorded-order.js';

const REMEDY = 'run node dist/tools/lockdep/write-lock-order.js';

test('docs/lock-order.md, lists the lock classes that there are, and what is recorded of them', () => {
  assert.equal(readFileSync(PAGE_FILE, 'utf8'), pageText(readRecord()), REMEDY);
});

test('docs/lock-order.json, names locks that there are, in the form in which it is written', () => {
  const recorded = readRecord();
  for (const name of [...Object.keys(recorded), ...Object.values(recorded).flat()]) {
    assert.ok(LULL_NAMES.has(name), `${name} is no lock class of Lull's; record the order anew`);
  }
  assert.equal(readFileSync(RECORD_FILE, 'utf8'), recordText(recorded));
});

test('docs/lock-order.json, holds no order that is against the ranks', () => {
  const rankOf = (name: string): number => LULL_CLASSES.find((each) => each.name === name)!.rank;
  const wrong = Object.entries(readRecord()).flatMap(([held, taken]) =>
    taken.filter((name) => name !== held && rankOf(name) <= rankOf(held)).map((name) => `${held} -> ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('recordText, writes what JSON.parse reads back', () => {
  for (const recorded of [{}, { a: [] }, { 'map "bucket"': ['zone', 'slabs'], zone: ['b'] }]) {
    assert.deepEqual(JSON.parse(recordText(recorded)), recorded);
  }
});
