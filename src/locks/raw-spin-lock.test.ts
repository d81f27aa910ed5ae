import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { LockTimeoutError } from './lock-errors.js';
import { ownerTag } from './owner.js';
import { RawSpinLock } from './raw-spin-lock.js';

const WORD = 5;
const MINE = ownerTag(0, 1);
const OTHERS = ownerTag(41, 3);

class Recorder extends NativeWords {
  pauses = 0;
  looks = 0;
  tries = 0;
  /** Runs at each pause: what another thread does meanwhile. */
  meanwhile: () => void = () => {};

  override pause(): void {
    this.pauses++;
    this.meanwhile();
  }
  override load(index: number): number {
    this.looks++;
    return super.load(index);
  }
  override compareExchange(index: number, expected: number, value: number): number {
    this.tries++;
    return super.compareExchange(index, expected, value);
  }
}

function makeLock(rounds = 8): { words: Recorder; mine: RawSpinLock; others: RawSpinLock } {
  const words = new Recorder(reserveBuffer(64));
  return {
    words,
    mine: new RawSpinLock(words, WORD, MINE, rounds, 'zone 3'),
    others: new RawSpinLock(words, WORD, OTHERS, rounds, 'zone 3'),
  };
}

test('acquire() of a free lock writes the owner tag, release() writes 0', () => {
  const { words, mine } = makeLock();
  mine.acquire();
  assert.equal(words.loadPlain(WORD), MINE);
  mine.release();
  assert.equal(words.loadPlain(WORD), 0);
  assert.equal(words.pauses, 0);
});

test('tryAcquire() takes a free lock, and fails on a held one without spinning', () => {
  const { words, mine, others } = makeLock();
  assert.equal(others.tryAcquire(), true);
  assert.equal(mine.tryAcquire(), false);
  assert.equal(words.loadPlain(WORD), OTHERS);
  others.release();
  assert.equal(mine.tryAcquire(), true);
  assert.deepEqual([words.pauses, words.looks], [0, 0]);
});

test('tryAcquire() and acquire() of the owner itself fail: the lock does not nest', () => {
  const { mine } = makeLock();
  mine.acquire();
  assert.equal(mine.tryAcquire(), false);
  assert.throws(() => mine.acquire(), LockTimeoutError);
});

test('acquire() waits until the owner releases', () => {
  const { words, mine, others } = makeLock();
  others.acquire();
  words.meanwhile = () => {
    if (words.pauses === 3) others.release();
  };
  mine.acquire();
  assert.equal(words.loadPlain(WORD), MINE);
  assert.equal(words.pauses, 3);
});

test('acquire() looks before it tries again, so that waiting costs the owner no exclusive request', () => {
  const { words, mine, others } = makeLock(50);
  others.acquire();
  words.tries = 0;
  assert.throws(() => mine.acquire(), LockTimeoutError);
  assert.ok(words.tries <= 2, `${words.tries} tries in 50 rounds`);
});

test('acquire() goes on waiting where another thread was faster', () => {
  const { words, mine, others } = makeLock();
  others.acquire();
  words.meanwhile = () => {
    if (words.pauses === 2) others.release();
    if (words.pauses === 5) others.release();
  };
  const compareExchange = words.compareExchange.bind(words);
  let snatched = false;
  words.compareExchange = (index, expected, value) => {
    if (words.pauses === 2 && !snatched) {
      snatched = true;
      compareExchange(index, 0, OTHERS);
    }
    return compareExchange(index, expected, value);
  };
  mine.acquire();
  assert.equal(words.pauses, 5);
});

test('acquire() gives up after its rounds with a LockTimeoutError that names the lock and the slot', () => {
  const { words, mine, others } = makeLock(8);
  others.acquire();
  assert.throws(
    () => mine.acquire(),
    (error: LockTimeoutError) => {
      assert.ok(error instanceof LockTimeoutError);
      assert.equal(error.name, 'LockTimeoutError');
      assert.equal(error.lockName, 'zone 3');
      assert.equal(error.ownerSlot, 41);
      assert.match(error.message, /lock zone 3 after 8 rounds: thread slot 41 holds it/);
      assert.match(error.message, /create a new one/);
      return true;
    },
  );
  assert.equal(words.pauses, 8);
  assert.equal(words.loadPlain(WORD), OTHERS);
});

test('acquire() takes a lock that becomes free with its last look, and blames nobody', () => {
  const { words, mine, others } = makeLock(8);
  others.acquire();
  const load = words.load.bind(words);
  words.load = (index) => {
    const found = load(index);
    if (words.pauses === 8) others.release();
    return found;
  };
  mine.acquire();
  assert.equal(words.loadPlain(WORD), MINE);
});

test('acquireIf(true) spins for a busy lock, acquireIf(false) tries once', () => {
  const { words, mine, others } = makeLock();
  assert.equal(mine.acquireIf(true), true);
  mine.release();
  assert.equal(mine.acquireIf(false), true);
  mine.release();
  others.acquire();
  assert.equal(mine.acquireIf(false), false);
  assert.equal(words.pauses, 0);
  assert.throws(() => mine.acquireIf(true), LockTimeoutError);
  words.meanwhile = () => others.release();
  assert.equal(mine.acquireIf(true), true);
  assert.equal(words.loadPlain(WORD), MINE);
});
