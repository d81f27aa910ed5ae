import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from '../../tests/support/balanced.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import { TINY } from '../heap/heap-options.js';
import { LOCK, LOCK_KIND, WAITERS } from '../layout/lock-record.js';
import { NAME_KIND } from '../layout/name-record.js';
import { ownerTag } from '../locks/owner.js';
import { Heap } from '../shared-heap.js';
import { balance } from './balance.js';
import { isLockKind, lockKindName } from './balance-lock-records.js';

const heap = Heap.create({ ...TINY, pages: 64 }, { host: new FakeHost() });
heap.mutex('m');
heap.rwLock('r');
heap.semaphore('s', 5);
heap.condVar('c');
heap.seqLock('q', 64);
const { words, registry } = partsOf(heap);
const records = heap.turn(() => new Map(registry.list().map(({ name, target }) => [name, target])));
const recordOf = (name: string) => records.get(name)!;

/** What an audit says while one word of the heap is another. */
function problemsWith(word: number, value: number): readonly string[] {
  const before = words.loadPlain(word);
  assert.notEqual(before, value);
  words.storePlain(word, value);
  const { problems } = balance(words, {});
  words.storePlain(word, before);
  assert.deepEqual(balance(words, {}).problems, []);
  return problems;
}

test('balance(), finds nothing wrong with locks of all kinds, and their records in use', () => {
  const report = heap.balance();
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.unreachable, []);
});

test('balance(), finds nothing wrong with locks that are held and waited for, and changes nothing', async () => {
  const guard = heap.mutex('m').lockSync();
  const waiting = heap.mutex('m').lock();
  const reader = heap.rwLock('r').readSync();
  const permit = heap.semaphore('s', 5).acquireSync();
  const before = snapshotOf(words);
  assert.deepEqual(heap.balance().problems, []);
  assert.deepEqual(snapshotOf(words), before);
  for (const held of [guard, reader, permit]) held.release();
  (await waiting).release();
});

for (const [name, kind] of [
  ['m', 'mutex'],
  ['r', 'rwlock'],
  ['s', 'semaphore'],
  ['c', 'condition'],
  ['q', 'seqlock'],
] as const) {
  const what = `${kind} '${name}'`;

  test(`balance() reports a ${kind} with a record of another kind`, () => {
    const other = kind === 'mutex' ? LOCK_KIND.rwLock : LOCK_KIND.mutex;
    const called = kind === 'mutex' ? 'rwlock' : 'mutex';
    assert.deepEqual(problemsWith(recordOf(name) + LOCK.kind, other), [`${what} has a record of ${called}`]);
    assert.deepEqual(problemsWith(recordOf(name) + LOCK.kind, 99), [`${what} has a record of kind 99`]);
  });

  test(`balance() reports a ${kind} with a consistency that there is not`, () => {
    for (const consistency of [-1, 3]) {
      assert.deepEqual(problemsWith(recordOf(name) + LOCK.consistency, consistency), [
        `${what} has consistency ${consistency}, which is 0 to 2`,
      ]);
    }
  });

  test(`balance() reports a ${kind} with an owner that no thread can be`, () => {
    const { slots } = heap.geometry;
    const tag = ownerTag(slots, 1);
    const said = [`${what} has owner ${tag}, slots are 0 to ${slots - 1}`];
    assert.deepEqual(problemsWith(recordOf(name) + LOCK.owner, tag), said);
    assert.deepEqual(problemsWith(recordOf(name) + LOCK.owner, tag | WAITERS), said);
    assert.deepEqual(problemsWith(recordOf(name) + LOCK.owner, ownerTag(slots - 1, 9) | WAITERS), []);
  });
}

for (const [name, what, sizes, said] of [
  ['s', "semaphore 's'", [0, -1, 1025], '1 to 1024'],
  ['q', "seqlock 'q'", [0, -1, 65], '1 to 64'],
  ['m', "mutex 'm'", [1, -1], '0'],
  ['r', "rwlock 'r'", [1], '0'],
  ['c', "condition 'c'", [64], '0'],
] as const) {
  test(`balance() reports a size that ${what} cannot have`, () => {
    for (const size of sizes) {
      assert.deepEqual(problemsWith(recordOf(name) + LOCK.size, size), [
        `${what} has size ${size}, which is ${said}`,
      ]);
    }
  });
}

test('balance() reports a lock with a size that its record has no room for', () => {
  const [problem, ...more] = problemsWith(recordOf('s') + LOCK.size, 1024);
  assert.match(problem!, /^semaphore 's' of size 1024 takes \d+ bytes, its record has \d+$/);
  assert.deepEqual(more, []);
});

test('balance() reports a lock by a name whose record is no object', () => {
  heap.turn(() => {
    const named = registry.list().find(({ name }) => name === 'm')!;
    for (let word = 0; word < words.lengthWords; word++) {
      // The word of the name's record that leads to the lock.
      if (words.loadPlain(word) !== named.target) continue;
      if (words.loadPlain(word - 1) !== NAME_KIND.mutex) continue;
      const problems = problemsWith(word, named.target + 2);
      assert.ok(
        problems.some((problem) => problem.startsWith("mutex 'm' is address")),
        problems.join('\n'),
      );
      return;
    }
    assert.fail('the record of the name was not found');
  });
});

test('isLockKind and lockKindName, know every kind of lock and no other name', () => {
  for (const kind of Object.values(LOCK_KIND)) {
    assert.ok(isLockKind(kind));
    assert.doesNotMatch(lockKindName(kind), /^kind/);
  }
  for (const kind of [0, NAME_KIND.map, NAME_KIND.slabCache, 99]) {
    assert.equal(isLockKind(kind), false);
    assert.equal(lockKindName(kind), `kind ${kind}`);
  }
});
