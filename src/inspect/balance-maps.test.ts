import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY, BUSY_BYTES } from '../../tests/support/audited-heap.js';
import { snapshotOf } from '../../tests/support/balanced.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { BUCKET_LINK, BUCKET_LOCK, BUCKET_LOCK_WORDS, END_LINK, ENTRY, MAP } from '../layout/map-record.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT } from '../layout/thread-slot.js';

const heap = new AuditedHeap();
const { root, locks, segments, buckets } = heap.map;
const [e0, e1, e2, e3, e4] = heap.map.entries as [number, number, number, number, number];
const inSheaf = heap.at(heap.at(heap.sheafPlace(0, CACHE_SLOT.main)) + SHEAF.objects);
const order = (entry: number) => heap.at(entry + ENTRY.order);
const name = "map 'm'";

testCorruptions(heap, [
  {
    what: 'a map with a level below its first',
    word: root + MAP.level,
    value: 0,
    problems: [`${name} has level 0 and first level 1, they are 1 to 21, the first not above`],
  },
  {
    what: 'a map with a level above the highest',
    word: root + MAP.level,
    value: 22,
    problems: [`${name} has level 22 and first level 1, they are 1 to 21, the first not above`],
  },
  {
    what: 'a map without its locks',
    word: root + MAP.locks,
    value: 0,
    problems: [`the lock array of ${name} is address 0, it lies behind the map's root, at ${locks}`],
  },
  {
    what: 'a map without one of its segments',
    word: root + MAP.segments + 2,
    value: 0,
    problems: [`segment 2 of ${name} is address 0, which is no address`],
  },
  {
    what: 'a map with a segment that is too small for its level',
    word: root + MAP.level,
    value: 3,
    problems: [`segment 3 of ${name} is address 0, which is no address`],
  },
  {
    what: 'a map with a segment above its level',
    word: root + MAP.segments + 3,
    value: heap.held[2]!,
    problems: [`${name} has level 2, and a segment 3 at ${heap.held[2]}`],
  },
  {
    what: 'a map with one segment in two places',
    word: root + MAP.segments + 1,
    value: segments[0]!,
    problems: [
      `segment 1 of ${name} is address ${segments[0]}, it lies behind the map's root, at ${segments[1]}`,
    ],
  },
  {
    what: 'an entry that is free',
    word: e0 + ENTRY.next,
    value: inSheaf,
    problems: [
      `what follows entry ${e0} of ${name} is address ${inSheaf}, which is an object of cache ${BUSY} in a sheaf`,
    ],
  },
  {
    what: 'a list of entries that is a circle',
    word: e1 + ENTRY.next,
    value: e0,
    problems: [`what follows entry ${e1} of ${name} is address ${e0}, which something else leads to as well`],
  },
  {
    what: 'a list of entries that breaks off',
    word: e2 + ENTRY.next,
    value: 0,
    problems: [`the list of ${name} breaks off behind entry ${e2}`],
  },
  {
    what: 'an entry before its place (map-record:I1)',
    word: e1 + ENTRY.order,
    value: order(e0) - 1,
    problems: [`entry ${e1} of ${name} has order ${order(e0) - 1}, entry ${e0} before it has ${order(e0)}`],
  },
  {
    what: 'an entry in a later bucket than its own',
    word: e2 + ENTRY.order,
    value: order(e1),
    problems: [
      `entry ${e2} of ${name} has order ${order(e1)}, bucket 1 before it has ${0x40000000 ^ BUCKET_LINK}`,
    ],
  },
  {
    what: 'an entry in an earlier bucket than its own',
    word: e1 + ENTRY.order,
    value: order(e2),
    problems: [
      `bucket 1 of ${name} takes orders from ${0x40000000 ^ BUCKET_LINK}, entry ${e1} before it has ${order(e2)}`,
    ],
  },
  {
    what: 'a link to a word that is no bucket',
    word: e1 + ENTRY.next,
    value: (root + MAP.growLock) | BUCKET_LINK,
    problems: [
      `the list of ${name} leads from entry ${e1} to word ${root + MAP.growLock}, which is no bucket of it`,
    ],
  },
  {
    what: 'a link back to an earlier bucket',
    word: e3 + ENTRY.next,
    value: buckets[1]! | BUCKET_LINK,
    problems: [
      `the list of ${name} leads from entry ${e3} to word ${buckets[1]}, which is bucket 1, after bucket 2`,
    ],
  },
  {
    what: 'a bucket that is set and not on the list (map-record:I2)',
    word: buckets[3]!,
    value: END_LINK,
    problems: [`bucket 3 of ${name} holds link ${END_LINK}, and is not on the list`],
  },
  {
    what: 'a bucket of the first level that was left out (map-record:I4)',
    word: e2 + ENTRY.next,
    value: e3,
    problems: [`bucket 2 of ${name} holds link ${e3}, and is not on the list`],
  },
  {
    what: 'a wrong number of entries at a bucket lock',
    word: locks + BUCKET_LOCK_WORDS + BUCKET_LOCK.entries,
    value: 3,
    problems: [`bucket lock 1 of ${name} counts 3 entries, there are 2`],
  },
  {
    what: 'an entry that was lost',
    word: e0 + ENTRY.next,
    value: heap.at(e1 + ENTRY.next),
    problems: [`bucket lock 0 of ${name} counts 3 entries, there are 2`],
  },
  {
    what: 'a key of a kind that there is not',
    word: e0 + ENTRY.keyShape,
    value: 6,
    problems: [`entry ${e0} of ${name} has a key of kind 6, kinds are 1 to 5`],
  },
  {
    what: 'a value of a kind that there is not',
    word: e0 + ENTRY.valueShape,
    value: 11,
    problems: [`entry ${e0} of ${name} has a value of kind 11, kinds are 1 to 10`],
  },
  {
    what: 'a key that does not fit its entry',
    word: e0 + ENTRY.keyShape,
    value: 1 | (5 << 4),
    problems: [`entry ${e0} of ${name} takes 36 bytes, its object has ${BUSY_BYTES}`],
  },
  {
    what: 'a value that does not fit its entry',
    word: e4 + ENTRY.valueShape,
    value: 4 | (0xfffffff << 4),
    problems: [`entry ${e4} of ${name} takes 536870940 bytes, its object has ${BUSY_BYTES}`],
  },
]);

test('balance() reports two entries of one key, also where another of the same order stands between them', () => {
  const { words } = heap;
  const before = snapshotOf(words);
  for (const entry of [e1, e2]) words.storePlain(entry + ENTRY.order, order(e0));
  words.storePlain(e1 + ENTRY.next, e2);
  words.storePlain(buckets[1]!, heap.at(e2 + ENTRY.next));
  words.storePlain(e2 + ENTRY.next, buckets[1]! | BUCKET_LINK);
  assert.deepEqual(heap.audit().problems, []);
  words.storePlain(e2 + ENTRY.key, heap.at(e0 + ENTRY.key));
  assert.deepEqual(heap.audit().problems, [`entries ${e0} and ${e2} of ${name} have the same key`]);
  for (let i = 0; i < before.length; i++) words.storePlain(i, before[i]!);
  assert.deepEqual(heap.audit().problems, []);
});
