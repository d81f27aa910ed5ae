import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockClass, TAKEN, WAIT } from '../locks/lock-class.js';
import { AwaitedLocks } from './awaited-locks.js';
import { emptyChain } from './chain-trie.js';
import { ClassGraph } from './class-graph.js';
import { PrivateJournal } from './journal.js';

const A = lockClass('a', WAIT.sleep);
const B = lockClass('b', WAIT.sleep);
const READ = TAKEN.queuedRead | TAKEN.async;
const WRITE = TAKEN.async;

function chainOf(lock: typeof A, how: number, stack: string) {
  const node = new ClassGraph(new PrivateJournal()).nodeOf(lock, 0)!;
  return emptyChain().add(lock, how, node, stack);
}

test('take, gives the waits for a lock in the order in which they came, each once', () => {
  const awaited = new AwaitedLocks();
  for (const stack of ['first', 'second']) awaited.add(chainOf(A, WRITE, stack), 1);
  awaited.add(chainOf(B, WRITE, 'other class'), 1);
  const taken = [1, 1, 1].map((instance) => awaited.take(A, instance, WRITE)?.stack);
  assert.deepEqual(taken, ['first', 'second', undefined]);
  assert.equal(awaited.take(B, 1, WRITE)?.stack, 'other class');
});

test('take, tells instances of a class and ways of taking apart', () => {
  const awaited = new AwaitedLocks();
  awaited.add(chainOf(A, READ, 'reader'), 1);
  awaited.add(chainOf(A, WRITE, 'writer'), 1);
  awaited.add(chainOf(A, WRITE, 'writer of 2'), 2);
  assert.equal(awaited.take(A, 2, WRITE)?.stack, 'writer of 2');
  assert.equal(awaited.take(A, 1, WRITE)?.stack, 'writer');
  assert.equal(awaited.take(A, 1, READ)?.stack, 'reader');
});

test('add, forgets the oldest of very many waits', () => {
  const awaited = new AwaitedLocks();
  for (let at = 0; at < 1500; at++) awaited.add(chainOf(A, WRITE, `${at}`), 1);
  assert.equal(awaited.take(A, 1, WRITE)?.stack, '500');
});
