import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { RecordingObserver } from '../../tests/support/lock-stage.js';
import { HEADER } from '../layout/heap-header.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { joinHeap } from '../threads/thread-registry.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { lockClass, TAKEN, WAIT } from './lock-class.js';
import { LockTimeoutError } from './lock-errors.js';
import { ObservedLocalTrylock, ObservedRawSpinLock } from './observed-locks.js';
import { ownerTag } from './owner.js';

const WORD = 9;
const MINE = ownerTag(0, 1);
const OTHERS = ownerTag(41, 3);

/** A spin lock whose observer notes what it is told. */
function spinLock(rounds = 8) {
  const words = new NativeWords(reserveBuffer(64));
  const observer = new RecordingObserver();
  const zone = lockClass('zone', WAIT.config, { rank: 3 });
  return {
    words,
    observer,
    lock: new ObservedRawSpinLock(words, WORD, MINE, rounds, 'zone 3', zone, observer),
  };
}

test('ObservedRawSpinLock.acquire() tells the observer before it waits, tryAcquire() after it has got in, release() before it lets go', () => {
  const { words, observer, lock } = spinLock();
  lock.acquire();
  lock.release();
  assert.deepEqual(observer.take(), ['acquire zone 0', 'release zone']);
  assert.equal(lock.tryAcquire(), true);
  assert.equal(lock.tryAcquire(), false);
  assert.equal(lock.acquireIf(false), false);
  assert.deepEqual(observer.take(), [`acquire zone ${TAKEN.trylock}`]);
  observer.refused = 'release';
  assert.throws(() => lock.release(), /refused release zone/);
  assert.equal(words.loadPlain(WORD), MINE, 'refused, so it still has the lock');
});

test('ObservedRawSpinLock.acquire() that gives up tells the observer that it has not got the lock', () => {
  const { words, observer, lock } = spinLock();
  words.store(WORD, OTHERS);
  assert.throws(() => lock.acquire(), LockTimeoutError);
  assert.deepEqual(observer.take(), ['acquire zone 0', 'release zone']);
});

test('ObservedRawSpinLock.acquire() and tryAcquire() take nothing where the observer throws', () => {
  const { words, observer, lock } = spinLock();
  observer.refused = 'acquire';
  assert.throws(() => lock.acquire(), /refused acquire zone 0/);
  assert.equal(words.loadPlain(WORD), 0);
  assert.throws(() => lock.tryAcquire(), /refused acquire zone 4/);
  assert.equal(words.loadPlain(WORD), 0);
});

/** A local lock whose observer notes what it is told. */
function localLock() {
  const words = new NativeWords(reserveBuffer(64));
  const observer = new RecordingObserver();
  const pages = lockClass('thread pages', WAIT.config, { kind: 'percpu' });
  return { words, observer, lock: new ObservedLocalTrylock(words, WORD, pages, observer) };
}

test('ObservedLocalTrylock.acquire() and release() tell the observer first, tryAcquire() tells it what it got', () => {
  const { observer, lock } = localLock();
  lock.acquire();
  lock.release();
  assert.deepEqual(observer.take(), ['acquire thread pages 0', 'release thread pages']);
  assert.equal(lock.tryAcquire(), true);
  assert.equal(lock.tryAcquire(), false);
  assert.deepEqual(observer.take(), [`acquire thread pages ${TAKEN.trylock}`]);
  assert.throws(() => lock.acquire(), /while holding it/);
  assert.deepEqual(observer.take(), ['acquire thread pages 0', 'release thread pages']);
});

test('ObservedLocalTrylock.acquire(), tryAcquire() and release() leave the lock as it was where the observer throws', () => {
  const { words, observer, lock } = localLock();
  observer.refused = 'acquire';
  assert.throws(() => lock.acquire(), /refused/);
  assert.throws(() => lock.tryAcquire(), /refused/);
  assert.equal(words.loadPlain(WORD), 0);
  observer.refused = 'release';
  lock.acquire();
  assert.throws(() => lock.release(), /refused/);
  assert.equal(words.loadPlain(WORD), 1);
});

test('ObservedRawSpinLock.takeFromDead() tells the observer before it takes the lock, and leaves it to the dead where that throws', () => {
  const { words, geometry } = formatBareHeap(CONFIGURATIONS[0]!.options);
  const { slot, generation, start } = joinHeap(words, geometry, 'owner');
  const tag = ownerTag(slot, generation);
  const observer = new RecordingObserver();
  const orphans = lockClass('orphans', WAIT.spin, { rank: 60 });
  const lock = new ObservedRawSpinLock(words, HEADER.orphanLock, OTHERS, 8, 'orphans', orphans, observer);
  words.store(HEADER.orphanLock, tag);
  assert.equal(lock.takeFromDead(geometry), false);
  assert.deepEqual(observer.take(), []);
  words.store(start + SLOT.state, SLOT_STATE.dead);
  observer.refused = 'acquire';
  assert.throws(() => lock.takeFromDead(geometry), /refused acquire orphans/);
  assert.equal(words.load(HEADER.orphanLock), tag);
  observer.refused = 'nothing';
  observer.take();
  assert.equal(lock.takeFromDead(geometry), true);
  assert.deepEqual(
    [observer.take(), words.load(HEADER.orphanLock)],
    [[`acquire orphans ${TAKEN.trylock}`], OTHERS],
  );
});
