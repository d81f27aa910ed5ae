import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { LocalTrylock } from './local-trylock.js';

const WORD = 9;

function makeLock(): { words: NativeWords; lock: LocalTrylock } {
  const words = new NativeWords(reserveBuffer(64));
  return { words, lock: new LocalTrylock(words, WORD) };
}

test('tryAcquire() enters once, and again after release()', () => {
  const { words, lock } = makeLock();
  assert.equal(lock.tryAcquire(), true);
  assert.equal(words.loadPlain(WORD), 1);
  assert.equal(lock.tryAcquire(), false);
  lock.release();
  assert.equal(words.loadPlain(WORD), 0);
  assert.equal(lock.tryAcquire(), true);
});

test('acquire() enters where nobody is inside', () => {
  const { words, lock } = makeLock();
  lock.acquire();
  assert.equal(words.loadPlain(WORD), 1);
});

test('acquire() inside the lock throws an error that names its word, and stays inside', () => {
  const { words, lock } = makeLock();
  lock.acquire();
  assert.throws(() => lock.acquire(), /local lock at word 9 while holding it.*tryAcquire\(\)/);
  assert.equal(words.loadPlain(WORD), 1);
});

test('two views of one word are one lock', () => {
  const { words, lock } = makeLock();
  const other = new LocalTrylock(words, WORD);
  lock.acquire();
  assert.equal(other.tryAcquire(), false);
  assert.equal(new LocalTrylock(words, WORD + 1).tryAcquire(), true);
});
