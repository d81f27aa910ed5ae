import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { CALLBACK } from '../layout/callback-record.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { FIRST_CALLBACK_ID } from '../layout/thread-slot.js';

const heap = new AuditedHeap();
const { callback } = heap;
const [cacheName] = heap.names;

testCorruptions(heap, [
  {
    what: 'a callback with an id that no callback can have',
    word: callback + CALLBACK.id,
    value: 12,
    problems: [
      `the callback record at ${callback} has id 12, ids of 1 are 4096 to 4096`,
      `the callback record at ${callback} counts 1 orphan callbacks, there are 0`,
      ...[
        ...heap.callbacks.map((head) => [head, 'the callback list of slot 0']),
        [heap.orphanCallback, 'the list of orphan callbacks'],
      ].map(
        ([head, list]) =>
          `the RcuHead at ${head} on ${list} asks for callback 4096, which was not registered`,
      ),
    ],
  },
  {
    what: 'a function of a thread that is not there',
    word: callback + CALLBACK.slots,
    value: 1 | (1 << 3),
    problems: ["callback 'f' has a function in slot 3, which is free"],
  },
  {
    what: 'a wrong number of orphans of a callback',
    word: callback + CALLBACK.orphans,
    value: 2,
    problems: [`the callback record at ${callback} counts 2 orphan callbacks, there are 1`],
  },
]);

test('balance() reports a callback by a name that has the record of another', () => {
  const twice = new AuditedHeap();
  twice.words.storePlain(cacheName + NAME.kind, NAME_KIND.rcuCallback);
  twice.words.storePlain(cacheName + NAME.target, callback);
  assert.deepEqual(twice.audit().problems, [
    `callback 'c' is address ${callback}, which something else leads to as well`,
  ]);
});

test('balance() takes an object that only a callback waits for as reachable, and does not count it as waiting', () => {
  const sound = heap.audit();
  assert.deepEqual([sound.problems, sound.unreachable], [[], []]);
  assert.equal(FIRST_CALLBACK_ID, heap.at(callback + CALLBACK.id));
});
