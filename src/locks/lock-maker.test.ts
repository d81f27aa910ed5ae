import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingObserver } from '../../tests/support/lock-stage.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { UNOBSERVED } from './lock-class.js';
import { LockMaker } from './lock-maker.js';
import { BARN_LOCK, THREAD_PAGES_LOCK } from './lull-classes.js';

const TAG = 0x201;

test('LockMaker, makes locks with its tag, its bound and its observer', () => {
  const words = new NativeWords(reserveBuffer(4096));
  const observer = new RecordingObserver();
  const maker = new LockMaker(words, TAG, 3, observer);
  assert.equal(maker.observer, observer);
  const spin = maker.rawSpinLock(8, BARN_LOCK, 'barn of cache 7');
  const local = maker.localTrylock(9, THREAD_PAGES_LOCK);
  assert.equal(spin.name, 'barn of cache 7');
  spin.acquire();
  assert.equal(words.load(8), TAG);
  assert.ok(local.tryAcquire());
  assert.deepEqual(observer.take(), ['acquire barn 0', 'acquire thread pages 4']);
  local.release();
  assert.throws(() => spin.acquire(), {
    name: 'LockTimeoutError',
    message: /barn of cache 7 after 3 rounds/,
  });
  spin.release();
  assert.equal(words.load(8), 0);
});

test('LockMaker, without an observer makes locks that tell nobody', () => {
  const words = new NativeWords(reserveBuffer(4096));
  const maker = new LockMaker(words, TAG, 3);
  assert.equal(maker.observer, UNOBSERVED);
  maker.rawSpinLock(8, BARN_LOCK, 'barn').acquire();
  assert.equal(words.load(8), TAG);
});
