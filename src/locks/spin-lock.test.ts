import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { LockStage, RecordingObserver, type StageThread } from '../../tests/support/lock-stage.js';
import { LOCK_KIND, WAITERS } from '../layout/lock-record.js';
import type { WaitRight } from '../words/host.js';
import { lockClass, TAKEN, WAIT } from './lock-class.js';
import { LockTimeoutError } from './lock-errors.js';
import { SpinLock } from './spin-lock.js';

const ROUNDS = 40;

/** A lock and as many threads that use it, the first of them `mine`. */
function makeLocks({
  threads = 2,
  right = 'may-wait' as WaitRight,
  observer = new RecordingObserver(),
} = {}) {
  const stage = new LockStage({ kind: LOCK_KIND.mutex, threads }, observer, () => new FakeHost(right));
  const word = stage.spare;
  const kind = lockClass('spin', WAIT.config);
  const locks = stage.threads.map((thread) => new SpinLock(thread, word, ROUNDS, 'orders', kind));
  const [mine, others] = locks;
  const tagOf = (slot: number): number => stage.threads[slot]!.tag;
  return { stage, word, observer, locks, mine: mine!, others: others!, tagOf, words: stage.words };
}

function putInTurn(thread: StageThread | undefined): void {
  thread!.isInTurn = true;
}

test('acquire() of a free lock writes the tag, release() writes 0 and wakes nobody', () => {
  const { words, word, mine, tagOf } = makeLocks();
  mine.acquire();
  assert.equal(words.load(word), tagOf(0));
  mine.release();
  assert.equal(words.load(word), 0);
  assert.deepEqual([words.pauses, words.notified], [0, []]);
});

test('tryAcquire() takes a free lock and waits for none', () => {
  const { words, mine, others } = makeLocks();
  assert.equal(others.tryAcquire(), true);
  assert.equal(mine.tryAcquire(), false);
  assert.equal(mine.acquireIf(false), false);
  others.release();
  assert.equal(mine.acquireIf(false), true);
  assert.deepEqual([words.pauses, words.sleeps], [0, []]);
});

test('acquire() looks for a moment before it sleeps', () => {
  const { words, word, mine, others, tagOf } = makeLocks();
  others.acquire();
  words.whilePausing = () => {
    if (words.pauses === 5) others.release();
  };
  mine.acquire();
  assert.equal(words.load(word), tagOf(0));
  assert.deepEqual([words.pauses, words.sleeps], [5, []]);
});

test('acquire() sleeps with WAITERS set, and the release wakes one, who takes it with WAITERS set', () => {
  const { stage, words, word, mine, others, tagOf } = makeLocks();
  others.acquire();
  words.whileAsleep.push(() => {
    assert.equal(words.load(word), tagOf(1) | WAITERS);
    others.release();
  });
  mine.acquire();
  assert.equal(words.load(word), tagOf(0) | WAITERS);
  assert.deepEqual([words.sleeps.length, stage.views[1]!.notified], [1, [word]]);
  mine.release();
  assert.deepEqual([words.load(word), words.notified], [0, [word]]);
});

test('acquire() sleeps again where another was faster', () => {
  const { words, word, mine, others, tagOf } = makeLocks();
  others.acquire();
  words.whileAsleep.push(
    () => {
      others.release();
      others.acquire();
    },
    () => others.release(),
  );
  mine.acquire();
  assert.equal(words.load(word), tagOf(0) | WAITERS);
  assert.equal(words.sleeps.length, 2);
});

test('acquire() in a turn goes on looking, and gives up after its rounds', () => {
  const { stage, words, word, mine, others, tagOf } = makeLocks();
  putInTurn(stage.threads[0]);
  others.acquire();
  assert.throws(
    () => mine.acquire(),
    (error: LockTimeoutError) => {
      assert.ok(error instanceof LockTimeoutError);
      assert.deepEqual([error.lockName, error.ownerSlot], ['orders', 1]);
      assert.match(error.message, /lock orders after 40 rounds: thread slot 1 holds it\. .*heap\.watch\(\)/);
      return true;
    },
  );
  assert.deepEqual([words.pauses, words.sleeps, words.load(word)], [ROUNDS, [], tagOf(1)]);
});

for (const right of ['may-spin', 'may-neither'] as const) {
  test(`acquire() goes on looking in a thread that ${right.replace('-', ' ')}`, () => {
    const { words, mine, others } = makeLocks({ right });
    others.acquire();
    assert.throws(() => mine.acquire(), LockTimeoutError);
    assert.deepEqual(words.sleeps, []);
  });
}

test('acquire() gives up after a bounded sleep', () => {
  const { stage, words, mine, others } = makeLocks();
  others.acquire();
  assert.throws(() => mine.acquire(), /lock orders after 10000 ms: thread slot 1 holds it/);
  assert.equal(stage.hosts[0]!.nowMillis(), 10_000);
  assert.ok(words.sleeps.every((millis) => millis === 200));
});

test('acquire() in the thread that has the lock throws at once, and keeps it', () => {
  const { words, word, mine, tagOf } = makeLocks();
  mine.acquire();
  assert.throws(() => mine.acquire(), /lock orders in the thread that holds it.*tryAcquire\(\)/);
  assert.deepEqual([words.load(word), words.pauses], [tagOf(0), 0]);
});

test('acquire() takes the lock over from a dead owner, and says so until it is released', () => {
  const { stage, words, word, mine, others, tagOf } = makeLocks();
  others.acquire();
  stage.kill(1);
  mine.acquire();
  assert.deepEqual([words.load(word), mine.ownerDied(), words.pauses], [tagOf(0), true, 1]);
  mine.release();
  assert.equal(mine.ownerDied(), false);
  mine.acquire();
  assert.equal(mine.ownerDied(), false);
});

test('acquire() takes the lock over from an owner that dies while it spins, and while it sleeps', () => {
  const spinning = makeLocks();
  putInTurn(spinning.stage.threads[0]);
  spinning.others.acquire();
  spinning.words.whilePausing = () => {
    if (spinning.words.pauses === 3) spinning.stage.kill(1);
  };
  spinning.mine.acquire();
  assert.equal(spinning.mine.ownerDied(), true);

  const sleeping = makeLocks();
  sleeping.others.acquire();
  sleeping.words.whileAsleep.push(() => sleeping.stage.kill(1));
  sleeping.mine.acquire();
  assert.equal(sleeping.mine.ownerDied(), true);
  assert.equal(sleeping.words.load(sleeping.word), sleeping.tagOf(0) | WAITERS, 'others may sleep on');
});

test('tryAcquire() takes the lock over from a dead owner, and keeps WAITERS', () => {
  const { stage, words, word, mine, others, tagOf } = makeLocks();
  others.acquire();
  words.or(word, WAITERS);
  assert.equal(mine.tryAcquire(), false);
  stage.kill(1);
  assert.equal(mine.tryAcquire(), true);
  assert.deepEqual([words.load(word), mine.ownerDied()], [tagOf(0) | WAITERS, true]);
  mine.release();
  assert.deepEqual(words.notified, [word]);
});

test('hasLiveOwner() is true while a thread that is alive has the lock', () => {
  const { stage, mine, others } = makeLocks();
  assert.equal(mine.hasLiveOwner(), false);
  others.acquire();
  assert.equal(mine.hasLiveOwner(), true);
  stage.kill(1);
  assert.equal(mine.hasLiveOwner(), false);
});

test('forgetDead() wakes one that sleeps, and changes the word under one that is about to', () => {
  const { stage, words, word, mine, others, tagOf } = makeLocks();
  others.acquire();
  words.or(word, WAITERS);
  mine.forgetDead();
  assert.deepEqual([words.load(word), words.notified], [tagOf(1) | WAITERS, [word]], 'the owner is alive');
  stage.kill(1);
  mine.forgetDead();
  assert.deepEqual([words.load(word), words.notified], [tagOf(1), [word, word]]);
});

test('acquire() tells the observer before it waits, and when it gives up; release() before it lets go', () => {
  const { stage, observer, mine, others } = makeLocks();
  mine.acquire();
  mine.release();
  assert.deepEqual(observer.take(), ['acquire spin 0', 'release spin']);
  putInTurn(stage.threads[0]);
  others.acquire();
  observer.take();
  assert.throws(() => mine.acquire(), LockTimeoutError);
  assert.deepEqual(observer.take(), ['acquire spin 0', 'release spin']);
  assert.equal(mine.tryAcquire(), false);
  others.release();
  observer.take();
  assert.equal(mine.tryAcquire(), true);
  assert.deepEqual(observer.take(), [`acquire spin ${TAKEN.trylock}`]);
});

test('acquire(), tryAcquire() and release() leave the lock as it was where the observer throws', () => {
  const { stage, words, word, observer, mine, others, tagOf } = makeLocks();
  observer.refused = 'acquire';
  assert.throws(() => mine.acquire(), /refused/);
  assert.throws(() => mine.tryAcquire(), /refused/);
  assert.equal(words.load(word), 0);
  observer.refused = 'nothing';
  others.acquire();
  stage.kill(1);
  observer.refused = 'release';
  mine.acquire();
  assert.throws(() => mine.release(), /refused/);
  assert.deepEqual([words.load(word), mine.ownerDied()], [tagOf(0), true]);
});
