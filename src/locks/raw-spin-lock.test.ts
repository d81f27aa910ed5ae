import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { HEADER } from '../layout/heap-header.js';
import { PENDING } from '../layout/lock-record.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { joinHeap } from '../threads/thread-registry.js';
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
  words.tries = -1;
  assert.throws(() => mine.acquire(), LockTimeoutError);
  // A claim to be next, and a last try.
  assert.ok(words.tries <= 2, `${words.tries} tries in 50 rounds`);
});

test('acquire() goes on waiting where another thread was faster', () => {
  const { words, mine, others } = makeLock(200);
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
      assert.match(error.message, /Try again/);
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

test('acquireToGive() waits as acquireIf(), and returns false where the lock is not to be had at all', () => {
  const { words, mine, others } = makeLock();
  assert.equal(mine.acquireToGive(true), true);
  mine.release();
  others.acquire();
  assert.equal(mine.acquireToGive(false), false);
  assert.equal(words.pauses, 0);
  assert.equal(mine.acquireToGive(true), false);
  assert.deepEqual([words.pauses, words.loadPlain(WORD)], [8, OTHERS]);
  words.meanwhile = () => others.release();
  assert.equal(mine.acquireToGive(true), true);
});

test('acquireToGive() lets every other error through', () => {
  const { words, mine } = makeLock();
  words.compareExchange = () => {
    throw new Error('a report');
  };
  assert.throws(() => mine.acquireToGive(true), /a report/);
});

test('acquire() of who has given up on an owner waits a sixteenth for the same, and in full for another', () => {
  const rounds = 64;
  const { words, mine, others } = makeLock(rounds);
  const pausesOf = (): number => {
    const before = words.pauses;
    assert.throws(() => mine.acquire(), LockTimeoutError);
    return words.pauses - before;
  };
  others.acquire();
  assert.deepEqual([pausesOf(), pausesOf(), pausesOf()], [rounds, rounds / 16, rounds / 16]);
  words.storePlain(WORD, ownerTag(7, 1));
  assert.deepEqual([pausesOf(), pausesOf()], [rounds, rounds / 16]);
});

/** More rounds than any of these tests has, with a patience and a lenience of 12 looks each. */
const PATIENT = 200;

test('acquire() asks to be next after its patience, and then nobody else takes the lock that is let go', () => {
  const { words, mine, others } = makeLock(PATIENT);
  others.acquire();
  const seen: number[] = [];
  words.meanwhile = () => {
    seen.push(words.loadPlain(WORD));
    if (words.pauses !== 20) return;
    assert.equal(words.loadPlain(WORD), OTHERS | PENDING);
    others.release();
    assert.equal(words.loadPlain(WORD), PENDING);
    assert.equal(others.tryAcquire(), false);
  };
  mine.acquire();
  assert.equal(words.pauses, 20);
  assert.equal(words.loadPlain(WORD), MINE);
  assert.deepEqual([seen.indexOf(OTHERS | PENDING), seen.lastIndexOf(OTHERS)], [13, 12]);
  mine.release();
  assert.equal(words.loadPlain(WORD), 0);
});

test('release() leaves the claim of who is next', () => {
  const { words, mine } = makeLock();
  mine.acquire();
  words.or(WORD, PENDING);
  mine.release();
  assert.equal(words.loadPlain(WORD), PENDING);
});

for (const [how, take] of [
  ['acquire()', (lock: RawSpinLock) => lock.acquire()],
  ['tryAcquire()', (lock: RawSpinLock) => assert.equal(tryUntil(lock, 13), 13)],
] as const) {
  test(`${how} takes a lock that is kept for one who does not come, after its lenience`, () => {
    const { words, mine } = makeLock(PATIENT);
    words.storePlain(WORD, PENDING);
    take(mine);
    assert.equal(words.loadPlain(WORD), MINE);
    assert.equal(how === 'acquire()' ? words.pauses : words.pauses + 13, 13);
  });
}

/** Tries until it has the lock; returns how often, and 0 where that was not enough. */
function tryUntil(lock: RawSpinLock, most: number): number {
  for (let tries = 1; tries <= most; tries++) if (lock.tryAcquire()) return tries;
  return 0;
}

test('tryAcquire() begins to count anew where it finds an owner in between', () => {
  const { words, mine } = makeLock(PATIENT);
  words.storePlain(WORD, PENDING);
  assert.equal(tryUntil(mine, 12), 0);
  words.storePlain(WORD, OTHERS | PENDING);
  assert.equal(mine.tryAcquire(), false);
  words.storePlain(WORD, PENDING);
  assert.equal(tryUntil(mine, 12), 0);
  assert.equal(mine.tryAcquire(), true);
});

test('acquire() that was next and was passed asks again at once', () => {
  const { words, mine, others } = makeLock(PATIENT);
  others.acquire();
  words.meanwhile = () => {
    // Another has found it free and kept for too long.
    if (words.pauses === 20) words.storePlain(WORD, OTHERS);
    if (words.pauses === 22) assert.equal(words.loadPlain(WORD), OTHERS | PENDING);
    if (words.pauses === 23) others.release();
  };
  mine.acquire();
  assert.equal(words.pauses, 23);
});

test('acquire() that gives up takes its claim back, and names the owner without it', () => {
  const { words, mine, others } = makeLock(PATIENT);
  others.acquire();
  assert.throws(() => mine.acquire(), { name: 'LockTimeoutError', ownerSlot: 41 });
  assert.equal(words.loadPlain(WORD), OTHERS);
});

test('acquire() takes a lock that is kept for another rather than giving up on it', () => {
  const { words, mine } = makeLock(1);
  words.storePlain(WORD, OTHERS | PENDING);
  words.meanwhile = () => words.storePlain(WORD, PENDING);
  mine.acquire();
  assert.equal(words.loadPlain(WORD), MINE);
});

/** A lock of a heap whose slot 1 is the thread that has it. */
function heldLock(pending = 0) {
  const { words, geometry } = formatBareHeap(CONFIGURATIONS[0]!.options);
  joinHeap(words, geometry, 'mine');
  const owner = joinHeap(words, geometry, 'owner');
  const word = HEADER.orphanLock;
  const tag = ownerTag(owner.slot, owner.generation);
  words.store(word, tag | pending);
  const mine = new RawSpinLock(words, word, MINE, 8, 'orphans');
  return { words, geometry, owner, word, tag, mine };
}

test('takeFromDead() takes the lock of a thread that was found dead, and leaves who is next', () => {
  for (const pending of [0, PENDING]) {
    const { words, geometry, owner, word, mine } = heldLock(pending);
    assert.equal(mine.takeFromDead(geometry), false);
    words.store(owner.start + SLOT.state, SLOT_STATE.dead);
    assert.equal(mine.takeFromDead(geometry), true);
    assert.equal(words.load(word), MINE | pending);
    assert.equal(mine.takeFromDead(geometry), false, 'it is this thread that has it');
    mine.release();
    assert.equal(words.load(word), pending);
    assert.equal(mine.takeFromDead(geometry), false, 'nobody has it');
  }
});

test('takeFromDead() takes no lock of another stay in a dead slot, nor of what is no slot of the heap', () => {
  const { words, geometry, owner, word, tag, mine } = heldLock();
  words.store(owner.start + SLOT.state, SLOT_STATE.dead);
  for (const other of [ownerTag(owner.slot, owner.generation + 1), ownerTag(254, 1), tag & ~0xff]) {
    words.store(word, other);
    assert.equal(mine.takeFromDead(geometry), false);
    assert.equal(words.load(word), other);
  }
});

test('takeFromDead() leaves the lock to who was faster', () => {
  const { words, geometry, owner, word, tag, mine } = heldLock();
  words.store(owner.start + SLOT.state, SLOT_STATE.dead);
  const load = words.load.bind(words);
  words.load = (index) => {
    const found = load(index);
    if (index === owner.start + SLOT.generation) words.store(word, OTHERS);
    return found;
  };
  assert.equal(mine.takeFromDead(geometry), false);
  assert.notEqual(tag, OTHERS);
  assert.equal(load(word), OTHERS);
});
