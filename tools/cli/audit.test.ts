import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditedHeap, auditHeap, settle } from './audit.js';
import { sealValue } from './value.js';

function heapWith(faults: {
  waitingRounds?: number;
  problems?: string[];
  unreachablePages?: number;
  unreachableObjects?: number;
}): AuditedHeap {
  let rounds = 0;
  return {
    stats: () => ({ objectsWaiting: rounds >= (faults.waitingRounds ?? 0) ? 0 : 3 }),
    balance: () => ({
      problems: faults.problems ?? [],
      unreachablePages: faults.unreachablePages ?? 0,
      unreachableObjects: faults.unreachableObjects ?? 0,
    }),
    synchronizeRcu: async () => {
      rounds++;
    },
    synchronizeRcuSync: () => {},
  };
}

function mapOf(...keys: string[]): Map<string, string> {
  return new Map(keys.map((key) => [key, sealValue(key, 0, '{}')]));
}

test('settle() waits as many grace periods as it takes', async () => {
  assert.equal(await settle(heapWith({ waitingRounds: 7 })), 0);
});

test('settle() gives up after a bounded number of grace periods and says how many objects wait', async () => {
  assert.equal(await settle(heapWith({ waitingRounds: Number.POSITIVE_INFINITY })), 3);
});

test('auditHeap() finds nothing wrong with a heap that balances, and empties the map', async () => {
  const map = mapOf('a', 'b');
  const audit = await auditHeap(heapWith({}), map, 2);
  assert.deepEqual(audit, {
    entries: 2,
    badEntries: 0,
    objectsWaiting: 0,
    pagesLeaked: 0,
    objectsLeaked: 0,
    problems: [],
  });
  assert.equal(map.size, 0);
});

test('auditHeap() reports an entry too many or too few, unless the load was cut short', async () => {
  const audit = await auditHeap(heapWith({}), mapOf('a', 'b'), 3);
  assert.deepEqual(audit.problems, ['the map holds 2 entries where the file has 3 different keys']);
  assert.deepEqual((await auditHeap(heapWith({}), mapOf('a', 'b'), undefined)).problems, []);
});

test('auditHeap() reports an entry whose value belongs to another key', async () => {
  const map = mapOf('a', 'b').set('b', sealValue('a', 0, '{}'));
  const audit = await auditHeap(heapWith({}), map, 2);
  assert.equal(audit.badEntries, 1);
  assert.match(audit.problems.join(), /1 entries hold a value that is not right for their key/);
});

test('auditHeap() reports a size that is not the number of entries', async () => {
  const map = mapOf('a', 'b');
  const lying = { size: 5, entries: () => map.entries(), clear: () => map.clear() };
  const audit = await auditHeap(heapWith({}), lying, 2);
  assert.match(audit.problems.join(), /says size 5 and holds 2 entries/);
  assert.match(audit.problems.join(), /holds 5 entries after clear/);
});

test('auditHeap() passes on leaks and the problems of the books', async () => {
  const faults = { unreachablePages: 2, unreachableObjects: 5, problems: ['page 9 is on no list'] };
  const audit = await auditHeap(heapWith(faults), mapOf('a'), 1);
  assert.deepEqual([audit.pagesLeaked, audit.objectsLeaked], [2, 5]);
  assert.deepEqual(audit.problems, ['page 9 is on no list', 'after clear(): page 9 is on no list']);
});

test('auditHeap() reports objects that wait for ever', async () => {
  const audit = await auditHeap(heapWith({ waitingRounds: Number.POSITIVE_INFINITY }), mapOf('a'), 1);
  assert.equal(audit.objectsWaiting, 3);
  assert.match(audit.problems.join(), /3 objects wait for a grace period that does not come/);
});
