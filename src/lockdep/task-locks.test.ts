import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LockClass, type LockKind, lockClass, TAKEN, WAIT } from '../locks/lock-class.js';
import { type Chain, emptyChain } from './chain-trie.js';
import { ClassGraph } from './class-graph.js';
import { HeldLock } from './held-locks.js';
import { PrivateJournal } from './journal.js';
import { TaskLocks } from './task-locks.js';

const A = lockClass('a', WAIT.sleep);
const B = lockClass('b', WAIT.sleep);
const RAW = lockClass('raw', WAIT.spin);

function stage() {
  const graph = new ClassGraph(new PrivateJournal());
  const locks = new TaskLocks();
  const chainOf = (lock: LockClass, how = 0): Chain =>
    emptyChain().add(lock, how, graph.nodeOf(lock, 0)!, `at ${lock.name}`);
  const take = (lock: LockClass, instance = 1, how = 0): HeldLock => {
    const held = new HeldLock(chainOf(lock, how), instance);
    locks.add(held);
    return held;
  };
  const ways = () => locks.distinct().map(({ chain, count }) => [chain.lock.name, chain.how, count]);
  return { locks, take, ways };
}

test('distinct, counts the locks of each class and way of taking, in an order of its own', () => {
  const { locks, take, ways } = stage();
  const first = take(A);
  take(B);
  take(A, 2);
  take(A, 3, TAKEN.queuedRead);
  assert.deepEqual(ways(), [
    ['a', 0, 2],
    ['a', TAKEN.queuedRead, 1],
    ['b', 0, 1],
  ]);
  locks.remove(first);
  assert.deepEqual(ways()[0], ['a', 0, 1]);
  locks.remove(locks.find(A, 2)!);
  assert.deepEqual(ways(), [
    ['a', TAKEN.queuedRead, 1],
    ['b', 0, 1],
  ]);
});

test('distinct, is the same array until a way comes or goes', () => {
  const { locks, take } = stage();
  take(A, 1);
  const before = locks.distinct();
  const second = take(A, 2);
  assert.equal(locks.distinct(), before);
  locks.remove(second);
  assert.equal(locks.distinct(), before);
  const other = take(B);
  assert.notEqual(locks.distinct(), before);
  locks.remove(other);
  assert.equal(locks.distinct(), before);
});

test('distinct, is right after any takes and releases, also beyond the sets that are remembered', () => {
  const { locks, take, ways } = stage();
  const classes = Array.from({ length: 12 }, (_, at) => lockClass(`k${at}`, WAIT.sleep));
  for (const lock of classes) locks.remove(take(lock));
  const held = new Map<LockClass, HeldLock>();
  let random = 1;
  for (let step = 0; step < 20_000; step++) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    const lock = classes[(random >>> 16) % classes.length]!;
    const before = held.get(lock);
    if (before === undefined) held.set(lock, take(lock));
    else locks.remove(before);
    if (before !== undefined) held.delete(lock);
    if (step % 3 === 0) continue;
    const expected = classes.filter((one) => held.has(one)).map(({ name }) => [name, 0, 1]);
    assert.deepEqual(ways(), expected);
  }
});

test('find, knows a lock by class and instance, and is undefined once it is removed', () => {
  const { locks, take } = stage();
  const held = take(A, 5);
  take(B, 5);
  assert.equal(locks.find({ ...A }, 5), held);
  assert.equal(locks.find(A, undefined), held);
  assert.deepEqual([locks.find(A, 6), locks.find(RAW, undefined)], [undefined, undefined]);
  locks.remove(held);
  assert.deepEqual([locks.find(A, 5), held.isHeld, locks.holdsInstance(5)], [undefined, false, true]);
  locks.remove(locks.find(B, 5)!);
  assert.deepEqual([locks.holdsInstance(5), locks.list()], [false, []]);
});

test('remove, keeps what is held in any order of releases, over many instances', () => {
  const { locks, take, ways } = stage();
  for (let at = 0; at < 1000; at++) take(A, at);
  for (let at = 0; at < 1000; at++) locks.remove(locks.find(A, (at * 7) % 1000)!);
  assert.deepEqual([locks.list(), ways()], [[], []]);
  // What is left of them is swept out on the way.
  for (let at = 0; at < 1000; at++) locks.remove(take(B, at));
  take(B, 3);
  assert.deepEqual(ways(), [['b', 0, 1]]);
  assert.equal(locks.list().length, 1);
});

test('leastInner, is what the strictest lock allows, and says nothing of what is no lock', () => {
  const { locks, take } = stage();
  assert.equal(locks.leastInner(), WAIT.most);
  take(A);
  const raw = take(RAW);
  assert.equal(locks.leastInner(), WAIT.spin);
  locks.remove(raw);
  assert.equal(locks.leastInner(), WAIT.sleep);
  const kind: LockKind = 'waitOverride';
  take(lockClass('override', WAIT.free, { kind }));
  assert.equal(locks.leastInner(), WAIT.sleep);
});
