import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingObserver } from '../../tests/support/lock-stage.js';
import { LocalLock } from './local-lock.js';
import { type LockClass, lockClass, UNOBSERVED, WAIT } from './lock-class.js';

test('acquire() and release() tell the observer, and nothing else', () => {
  const observer = new RecordingObserver();
  const lock = new LocalLock('sheaves', 640, undefined, observer);
  lock.acquire();
  lock.release();
  assert.deepEqual(observer.take(), ['acquire sheaves 0', 'release sheaves']);
});

test('acquire() twice is the observer’s to report: without storage the lock cannot know', () => {
  const lock = new LocalLock('sheaves', 640);
  lock.acquire();
  lock.acquire();
  lock.release();
  lock.release();
});

test('LocalLock, is of a percpu class of its own name, in which spinning locks may be taken', () => {
  const seen: [LockClass, number][] = [];
  const observer = {
    ...UNOBSERVED,
    lockAcquire: (lock: LockClass, instance: number) => void seen.push([lock, instance]),
  };
  new LocalLock('sheaves', 640, undefined, observer).acquire();
  assert.deepEqual(seen, [[lockClass('sheaves', WAIT.config, { kind: 'percpu' }), 640]]);
});
