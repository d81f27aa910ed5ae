import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { PENDING } from '../layout/lock-record.js';
import { BUCKET_LOCK, BUCKET_LOCK_WORDS, MAP } from '../layout/map-record.js';
import { SLOT, TURN_BORROWED } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { ownerTag } from '../locks/owner.js';

const heap = new AuditedHeap();
const tag = ownerTag(1, 7);
const turn = heap.at(heap.slot(1, SLOT.turn));

const LOCKS: readonly (readonly [name: string, word: number])[] = [
  ['the grace-period lock', HEADER.gracePeriodLock],
  ['the orphan lock', HEADER.orphanLock],
  ['the registry lock', HEADER.registryLock],
  ['the right to borrow slot 1', heap.slot(1, SLOT.borrower)],
  ['the lock of zone 0', heap.zone(ZONE.lock)],
  [`the list lock of cache ${BUSY}`, heap.cache(BUSY, CACHE.listLock)],
  [`the barn lock of cache ${BUSY}`, heap.cache(BUSY, CACHE.barnLock)],
  ["the grow lock of map 'm'", heap.map.root + MAP.growLock],
  ["bucket lock 1 of map 'm'", heap.map.locks + BUCKET_LOCK_WORDS + BUCKET_LOCK.lock],
];

testCorruptions(heap, [
  ...LOCKS.map(([name, word]) => ({
    what: `that ${name} is held`,
    word,
    value: tag,
    problems: [`${name} is held by slot 1, generation 7`],
  })),
  {
    what: 'a thread that is inside its rcu words',
    word: heap.slot(0, SLOT.rcuAcquired),
    value: 1,
    problems: ['slot 0 is inside its rcu words: acquired is 1'],
  },
  {
    what: 'a thread that is inside its page lists',
    word: heap.slot(0, SLOT.pagesAcquired),
    value: 1,
    problems: ['slot 0 is inside its page lists: acquired is 1'],
  },
  {
    what: 'a borrowed slot',
    word: heap.slot(1, SLOT.turn),
    value: turn | TURN_BORROWED,
    problems: [`slot 1 is borrowed: its turn word is ${turn | TURN_BORROWED}`],
  },
]);

test('balance() with quiescent: false says nothing of locks that are held', () => {
  for (const [, word] of LOCKS) heap.words.storePlain(word, tag);
  const { problems } = heap.audit({ quiescent: false });
  for (const [, word] of LOCKS) heap.words.storePlain(word, 0);
  assert.deepEqual(problems, []);
});

test('balance() says nothing of a lock that is free and kept for one who may have died', () => {
  heap.words.storePlain(heap.zone(ZONE.lock), PENDING);
  const { problems } = heap.audit();
  heap.words.storePlain(heap.zone(ZONE.lock), 0);
  assert.deepEqual(problems, []);
});
