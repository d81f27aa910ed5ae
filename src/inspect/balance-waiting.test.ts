import { AuditedHeap, BUSY } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CALLBACK_LIST, RCU_HEAD, SLOT } from '../layout/thread-slot.js';

const heap = new AuditedHeap();
const waiting = heap.at(heap.slot(0, SLOT.waitingHead));
const waitingLast = heap.at(heap.slot(0, SLOT.waitingTail));
const main = heap.at(heap.sheafPlace(0, CACHE_SLOT.main));
const cookie = heap.at(waiting + SHEAF.cookie);
const list = (at: number) => heap.slot(0, SLOT.callbacks + at);
const [wait, nextReady, next] = heap.heads;
const orphanSheaf = heap.at(HEADER.orphanSheaves);
const orphanHead = heap.at(HEADER.orphanHeads);
const waitingName = 'a waiting sheaf of slot 0';
const callbacks = 'the callback list of slot 0';
const lastPage = (heap.geometry.totalPages - 1) * 1024;

testCorruptions(heap, [
  {
    what: 'a wrong number of objects in waiting sheaves',
    word: heap.slot(0, SLOT.waitingObjects),
    value: 7,
    problems: ['slot 0 counts 7 objects in waiting sheaves, they hold 6'],
  },
  {
    what: 'a waitingTail that is not the last waiting sheaf',
    word: heap.slot(0, SLOT.waitingTail),
    value: waiting,
    problems: [`the last waiting sheaf of slot 0 is ${waitingLast}, its waitingTail is ${waiting}`],
  },
  {
    what: 'a waiting sheaf that is a main sheaf as well',
    word: waitingLast + SHEAF.next,
    value: main,
    problems: [
      `${waitingName} is sheaf ${main}, which is the main sheaf of slot 0 for cache ${BUSY} as well`,
    ],
  },
  {
    what: 'a list of waiting sheaves that is a circle',
    word: waitingLast + SHEAF.next,
    value: waiting,
    problems: [`${waitingName} is sheaf ${waiting}, which is ${waitingName} as well`],
  },
  {
    what: 'a waiting sheaf that is no sheaf',
    word: heap.slot(0, SLOT.waitingHead),
    value: lastPage,
    problems: [`${waitingName} is address ${lastPage}, which is inside a free block of order 4 of zone 0`],
  },
  {
    what: 'a waiting sheaf without an object',
    word: waitingLast + SHEAF.count,
    value: 0,
    problems: [
      `${waitingName} at ${waitingLast} holds no object`,
      'slot 0 counts 6 objects in waiting sheaves, they hold 3',
    ],
  },
  {
    what: 'a waiting sheaf of a cache that is not made',
    word: waiting + SHEAF.cache,
    value: 66,
    problems: [`${waitingName} at ${waiting} names cache 66, caches with sheaves are 1 to 65`],
  },
  {
    what: 'a waiting sheaf of the cache of sheaves',
    word: waiting + SHEAF.cache,
    value: 0,
    problems: [`${waitingName} at ${waiting} names cache 0, caches with sheaves are 1 to 65`],
  },
  {
    what: 'a wait for a number that has not been given out',
    word: waitingLast + SHEAF.cookie,
    value: cookie + 4,
    problems: [
      `${waitingName} at ${waitingLast} waits for grace-period number ${cookie + 4}, the last given out is ${cookie}`,
    ],
  },
  {
    what: 'a wait for a number with which no grace period ends',
    word: waitingLast + SHEAF.cookie,
    value: cookie - 1,
    problems: [
      `${waitingName} at ${waitingLast} waits for grace-period number ${cookie - 1}, which no grace period ends with`,
      `${waitingName} at ${waitingLast} waits for number ${cookie - 1}, the one before it for ${cookie}`,
    ],
  },
  {
    what: 'sheaves that do not wait in the order of their numbers (kfree-rcu:I2)',
    word: waitingLast + SHEAF.cookie,
    value: cookie - 4,
    problems: [
      `${waitingName} at ${waitingLast} waits for number ${cookie - 4}, the one before it for ${cookie}`,
    ],
  },
  {
    what: 'a wrong length of a callback list',
    word: list(CALLBACK_LIST.length),
    value: 2,
    problems: [`${callbacks} counts 2 RcuHeads, it holds 3`],
  },
  {
    what: 'a callback list that leads out of the heap',
    word: list(CALLBACK_LIST.head),
    value: -3,
    problems: [`${callbacks} leads to address -3, which is no address`],
  },
  {
    what: "an RcuHead's func that is no offset in an object",
    word: nextReady + RCU_HEAD.func,
    value: 4096,
    problems: [
      `the RcuHead at ${nextReady} on ${callbacks} has func 4096, its place in its object is 0 to 4095`,
    ],
  },
  {
    what: "an RcuHead's func that leads to no object",
    word: nextReady + RCU_HEAD.func,
    value: 2,
    problems: [
      `the RcuHead at ${nextReady} on ${callbacks} names address ${nextReady - 2}, which is inside an allocated block of order 0`,
    ],
  },
  {
    what: 'a callback list that is a circle',
    word: next + RCU_HEAD.next,
    value: wait,
    problems: [
      `the RcuHead at ${wait} on ${callbacks} names address ${wait}, which is an allocated block of order 0 that waits for a grace period`,
    ],
  },
  {
    what: 'a tail that is not on the callback list',
    word: list(CALLBACK_LIST.tails + 1),
    value: orphanHead,
    problems: [`tail 1 of ${callbacks} is ${orphanHead}, which is not on it`],
  },
  {
    what: 'a tail before the tail of the segment before it (callback-list:I1)',
    word: list(CALLBACK_LIST.tails + 2),
    value: 0,
    problems: [`tail 2 of ${callbacks} stands before tail 1`],
  },
  {
    what: 'a last tail that is not the end of the callback list',
    word: list(CALLBACK_LIST.tails + 3),
    value: nextReady,
    problems: [`the last tail of ${callbacks} is head 2 of 3`],
  },
  {
    what: 'a segment that waits for a number that has not been given out',
    word: list(CALLBACK_LIST.sequences + 1),
    value: cookie + 400,
    problems: [
      `segment 2 of ${callbacks} waits for grace-period number ${cookie + 400}, the last given out is ${cookie}`,
    ],
  },
  {
    what: 'segments that do not wait in the order of their numbers',
    word: list(CALLBACK_LIST.sequences + 1),
    value: cookie - 8,
    problems: [
      `segment 2 of ${callbacks} waits for number ${cookie - 8}, the one before it for ${cookie - 4}`,
    ],
  },
  {
    what: 'a wrong number of orphans',
    word: HEADER.orphanObjects,
    value: 0,
    problems: ['the header counts 0 orphan objects, there are 3'],
  },
  {
    what: 'an orphan that was lost',
    word: orphanHead + RCU_HEAD.next,
    value: 0,
    problems: ['the header counts 3 orphan objects, there are 2'],
  },
  {
    what: 'an orphan sheaf that waits elsewhere as well',
    word: orphanSheaf + SHEAF.next,
    value: waitingLast,
    problems: [`an orphan sheaf is sheaf ${waitingLast}, which is ${waitingName} as well`],
  },
]);
