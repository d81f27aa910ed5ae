import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import type { Words } from '../words/words.js';
import {
  DEPOT_BUCKETS,
  depotBytes,
  depotPagesStart,
  formatDepot,
  isDepot,
  StackDepot,
} from './stack-depot.js';

const PAGES = 10;

function makeDepot(bytes = depotBytes(PAGES)): Words {
  const words = new NativeWords(reserveBuffer(bytes));
  formatDepot(words, PAGES);
  return words;
}

test('save, stores each distinct stack once, whoever asks, and text gives it back', () => {
  const words = makeDepot();
  const [one, other] = [new StackDepot(words), new StackDepot(words)];
  const texts = Array.from({ length: 3000 }, (_, i) => `at f${i} (file.js:${i})\nat main 'grün'`);
  const handles = texts.map((text) => one.save(text));
  assert.deepEqual(
    texts.map((text) => other.save(text)),
    handles,
  );
  assert.equal(new Set(handles).size, texts.length);
  assert.equal(one.stacks(), texts.length);
  assert.ok(texts.length > DEPOT_BUCKETS, 'some share a bucket');
  for (let i = 0; i < texts.length; i++) assert.equal(other.text(handles[i]!), texts[i]);
});

test('save, of a full depot gives 0 and leaves what is in it', () => {
  const words = makeDepot((depotPagesStart() + PAGES * 4) * 4 + 100);
  const depot = new StackDepot(words);
  const first = depot.save('at first (file.js:1:1)');
  assert.notEqual(first, 0);
  assert.equal(depot.save('x'.repeat(200)), 0);
  assert.equal(depot.save('x'.repeat(200)), 0);
  assert.equal(new StackDepot(words).save('at first (file.js:1:1)'), first);
  assert.equal(depot.stacks(), 1);
});

test('save, of no text gives 0, and text of what is no handle says so', () => {
  const words = makeDepot();
  const depot = new StackDepot(words);
  assert.equal(depot.save(''), 0);
  for (const handle of [0, -1, 1.5, Number.NaN, words.lengthWords, 2 ** 31]) {
    assert.equal(depot.text(handle), 'unknown stack');
  }
});

test('isDepot, tells a depot of a heap of that size from other words', () => {
  assert.equal(isDepot(makeDepot(), PAGES), true);
  assert.equal(isDepot(makeDepot(), PAGES + 1), false);
  assert.equal(isDepot(new NativeWords(reserveBuffer(4096)), PAGES), false);
  assert.equal(isDepot(new NativeWords(reserveBuffer(8)), PAGES), false);
  assert.throws(() => formatDepot(new NativeWords(reserveBuffer(4096)), PAGES), /give it at least 1080/);
});
