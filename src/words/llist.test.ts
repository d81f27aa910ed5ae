import assert from 'node:assert/strict';
import { test } from 'node:test';
import { llistAdd, llistTakeAll } from './llist.js';
import { NativeWords, reserveBuffer } from './native-words.js';
import type { Words } from './words.js';

const HEAD = 1;
const NOTE = 2;

function newWords(): Words {
  return new NativeWords(reserveBuffer(256));
}

/** The list from `first` on; the link of node n is word n. */
function nodesFrom(words: Words, first: number): number[] {
  const nodes: number[] = [];
  for (let node = first; node !== 0; node = words.loadPlain(node)) nodes.push(node);
  return nodes;
}

test('llistTakeAll, of an empty list is 0', () => {
  assert.equal(llistTakeAll(newWords(), HEAD, NOTE), 0);
});

test('llistAdd, puts each node before those that are there, and llistTakeAll takes them all', () => {
  const words = newWords();
  for (const node of [10, 12, 14]) llistAdd(words, HEAD, node, node);
  assert.deepEqual(nodesFrom(words, llistTakeAll(words, HEAD, NOTE)), [14, 12, 10]);
  assert.equal(llistTakeAll(words, HEAD, NOTE), 0);
  llistAdd(words, HEAD, 12, 12);
  assert.deepEqual(nodesFrom(words, llistTakeAll(words, HEAD, NOTE)), [12]);
});

test('llistAdd, writes the link where it is told to, which need not be in the node', () => {
  const words = newWords();
  llistAdd(words, HEAD, 5, 20);
  llistAdd(words, HEAD, 6, 22);
  assert.deepEqual([words.loadPlain(HEAD), words.loadPlain(20), words.loadPlain(22)], [6, 0, 5]);
});

test('llistAdd, of which another was faster leads to the node of that one', () => {
  const words = newWords();
  llistAdd(words, HEAD, 10, 10);
  const compareExchange = words.compareExchange.bind(words);
  let others = [12, 14];
  words.compareExchange = (index, expected, value) => {
    const [other, ...rest] = others;
    others = rest;
    // In the middle of this call, and then of the next round.
    if (other !== undefined) {
      words.storePlain(other, words.loadPlain(HEAD));
      words.storePlain(HEAD, other);
    }
    return compareExchange(index, expected, value);
  };
  llistAdd(words, HEAD, 16, 16);
  assert.deepEqual(nodesFrom(words, llistTakeAll(words, HEAD, NOTE)), [16, 14, 12, 10]);
});

test('llistTakeAll, names the first node before it is off the list, and takes one that was put meanwhile too', () => {
  const words = newWords();
  llistAdd(words, HEAD, 10, 10);
  const compareExchange = words.compareExchange.bind(words);
  const noted: number[][] = [];
  words.compareExchange = (index, expected, value) => {
    noted.push([words.loadPlain(NOTE), words.loadPlain(HEAD)]);
    if (noted.length === 1) {
      words.storePlain(12, 10);
      words.storePlain(HEAD, 12);
    }
    return compareExchange(index, expected, value);
  };
  assert.deepEqual(nodesFrom(words, llistTakeAll(words, HEAD, NOTE)), [12, 10]);
  assert.deepEqual(noted, [
    [10, 10],
    [12, 12],
  ]);
});
