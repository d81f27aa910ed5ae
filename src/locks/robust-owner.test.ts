import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockStage } from '../../tests/support/lock-stage.js';
import { CONSISTENCY, LOCK, LOCK_KIND, WAITERS, WOKEN } from '../layout/lock-record.js';
import { RobustOwner } from './robust-owner.js';
import { WaitQueue } from './wait-queue.js';

function makeStage() {
  const stage = new LockStage({ kind: LOCK_KIND.mutex, threads: 3 });
  const queues = stage.threads.map((thread) => new WaitQueue(thread, stage.record));
  const owners = stage.threads.map((thread, slot) => new RobustOwner(thread, stage.record, queues[slot]!));
  const [mine, others] = owners as [RobustOwner, RobustOwner];
  return { stage, queues, mine, others };
}

type Made = ReturnType<typeof makeStage>;

const wordOf = ({ stage }: Made) => stage.words.load(stage.record + LOCK.owner);
const tagOf = ({ stage }: Made, slot: number) => stage.threads[slot]!.tag;
const isWoken = ({ stage }: Made, slot: number) =>
  (stage.words.load(stage.record + LOCK.waiters + slot) & WOKEN) !== 0;

test('tryTake, takes a free word and no other; release, frees it', () => {
  const made = makeStage();
  assert.equal(made.mine.isIdle(), true);
  assert.equal(made.mine.tryTake(), true);
  assert.equal(made.others.owner(), tagOf(made, 0));
  assert.equal(made.others.tryTake(), false);
  assert.equal(made.others.takeIdle(), false);
  made.mine.release();
  assert.equal(wordOf(made), 0);
});

test('takeQueued, that fails leaves the sign by which a release looks for waiters', () => {
  const made = makeStage();
  made.mine.takeIdle();
  made.queues[1]!.join();
  assert.equal(made.others.takeQueued(), false);
  assert.equal(wordOf(made), tagOf(made, 0) | WAITERS);
  assert.equal(made.others.owner(), tagOf(made, 0));
  made.mine.release();
  assert.equal(wordOf(made), WAITERS);
  assert.equal(isWoken(made, 1), true);
  assert.equal(made.others.takeQueued(), true);
  assert.equal(wordOf(made), tagOf(made, 1) | WAITERS);
});

test('release, takes the sign away where nobody waits any more', () => {
  const made = makeStage();
  made.mine.takeIdle();
  made.others.takeQueued();
  made.mine.release();
  assert.equal(wordOf(made), 0);
});

test('tryTake, of a free word that is waited for keeps the sign, and takes none where another is to be next', () => {
  const made = makeStage();
  const word = made.stage.record + LOCK.owner;
  made.stage.words.store(word, WAITERS);
  assert.equal(made.mine.isIdle(), false);
  assert.equal(made.mine.tryTake(), true);
  assert.equal(wordOf(made), tagOf(made, 0) | WAITERS);
  made.stage.words.store(word, WAITERS);
  made.stage.words.store(made.stage.record + LOCK.handoff, 77);
  assert.equal(made.mine.tryTake(), false);
  assert.equal(made.mine.takeQueued(), false);
});

test('tryTake, takes the word of a dead owner, though another is to be next, and notes the death once', () => {
  const made = makeStage();
  made.others.takeIdle();
  made.stage.words.store(made.stage.record + LOCK.handoff, 77);
  made.stage.kill(1);
  assert.equal(made.mine.tryTake(), true);
  assert.equal(made.mine.consistency(), CONSISTENCY.ownerDied);
  made.mine.setConsistency(CONSISTENCY.notRecoverable);
  made.stage.kill(0);
  const third = new RobustOwner(made.stage.threads[2]!, made.stage.record, made.queues[2]!);
  assert.equal(third.tryTake(), true);
  assert.equal(third.consistency(), CONSISTENCY.notRecoverable);
});

test('passOn, wakes the first waiter of a free word and of a dead owner, and leaves a sign to a living one', () => {
  const made = makeStage();
  made.queues[2]!.join();
  made.mine.passOn();
  assert.equal(isWoken(made, 2), true);
  made.queues[2]!.rearm();
  made.others.takeIdle();
  made.mine.passOn();
  assert.equal(isWoken(made, 2), false);
  assert.equal(wordOf(made), tagOf(made, 1) | WAITERS);
  made.stage.kill(1);
  made.mine.passOn();
  assert.equal(isWoken(made, 2), true);
  assert.equal(wordOf(made), tagOf(made, 1) | WAITERS);
});

test('passOn, frees a word whose owner died between letting go and waking, where nobody waits', () => {
  const made = makeStage();
  made.stage.words.store(made.stage.record + LOCK.owner, WAITERS);
  made.mine.passOn();
  assert.equal(wordOf(made), 0);
});
