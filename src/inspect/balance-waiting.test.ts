import { AuditedHeap, BUSY } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { HEADER } from '../layout/heap-header.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageOwner } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CALLBACK_LIST, RCU_HEAD, SLOT } from '../layout/thread-slot.js';

const heap = new AuditedHeap();
const waiting = heap.at(heap.slot(0, SLOT.waitingHead));
const waitingLast = heap.at(heap.slot(0, SLOT.waitingTail));
const main = heap.at(heap.sheafPlace(0, CACHE_SLOT.main));
const cookie = heap.at(waiting + SHEAF.cookie);
const list = (at: number) => heap.slot(0, SLOT.heads + at);
const called = (at: number) => heap.slot(0, SLOT.callbacks + at);
const [wait, nextReady, next] = heap.heads;
const orphanSheaf = heap.at(HEADER.orphanSheaves);
const orphanHead = heap.at(HEADER.orphanHeads);
const waitingName = 'a waiting sheaf of slot 0';
const heads = 'the RcuHead list of slot 0';
const callbacks = 'the callback list of slot 0';
const [firstCallback, secondCallback] = heap.callbacks;
const { orphanCallback } = heap;
const object = firstCallback - 3;
const [freePage, freeOrder] = findFree();

/** What a sheaf holds. */
function heldBy(sheaf: number): number[] {
  const count = heap.at(sheaf + SHEAF.count);
  return Array.from({ length: count }, (_, i) => heap.at(sheaf + SHEAF.objects + i));
}

/** The second page of a free block, and the block's order. */
function findFree(): [address: number, order: number] {
  const { firstPage, totalPages } = heap.geometry;
  for (let page = firstPage; page < totalPages; page++) {
    const state = heap.at(heap.descriptor(page, DESCRIPTOR.state));
    if (pageKind(state) === PAGE_KIND.free && pageOrder(state) > 0)
      return [(page + 1) * 1024, pageOrder(state)];
  }
  throw new Error('the heap has no free block of two pages');
}

/** The cache that a slab at `address` is of. */
function cacheAt(address: number): number {
  return pageOwner(heap.at(heap.descriptor(address >>> 10, DESCRIPTOR.state)));
}

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
    value: freePage,
    problems: [
      `${waitingName} is address ${freePage}, which is inside a free block of order ${freeOrder} of zone 0`,
    ],
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
    what: 'a waiting sheaf of blocks of pages that holds objects',
    word: waiting + SHEAF.cache,
    value: 0,
    problems: heldBy(waiting).map(
      (address) =>
        `${waitingName} at ${waiting} holds address ${address}, which is an object of cache ${BUSY} in use`,
    ),
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
    what: 'a wrong length of a list of RcuHeads',
    word: list(CALLBACK_LIST.length),
    value: 2,
    problems: [`${heads} counts 2 RcuHeads, it holds 3`],
  },
  {
    what: 'a list of RcuHeads that leads out of the heap',
    word: list(CALLBACK_LIST.head),
    value: -3,
    problems: [`${heads} leads to address -3, which is no address`],
  },
  {
    what: "an RcuHead's func that is no offset in an object",
    word: nextReady + RCU_HEAD.func,
    value: 4096,
    problems: [`the RcuHead at ${nextReady} on ${heads} has func 4096, its place in its object is 0 to 4095`],
  },
  {
    what: "an RcuHead's func that leads to no object",
    word: nextReady + RCU_HEAD.func,
    value: 2,
    problems: [
      `the RcuHead at ${nextReady} on ${heads} names address ${nextReady - 2}, which is inside a slab of cache ${cacheAt(nextReady - 2)}, and not where an object starts`,
    ],
  },
  {
    what: 'a list of RcuHeads that is a circle',
    word: next + RCU_HEAD.next,
    value: wait,
    problems: [
      `the RcuHead at ${wait} on ${heads} names address ${wait}, which is an allocated block of order 0 that waits for a grace period`,
    ],
  },
  {
    what: 'a tail that is not on the list of RcuHeads',
    word: list(CALLBACK_LIST.tails + 1),
    value: orphanHead,
    problems: [`tail 1 of ${heads} is ${orphanHead}, which is not on it`],
  },
  {
    what: 'a tail before the tail of the segment before it (callback-list:I1)',
    word: list(CALLBACK_LIST.tails + 2),
    value: 0,
    problems: [`tail 2 of ${heads} stands before tail 1`],
  },
  {
    what: 'a last tail that is not the end of the list of RcuHeads',
    word: list(CALLBACK_LIST.tails + 3),
    value: nextReady,
    problems: [`the last tail of ${heads} is head 2 of 3`],
  },
  {
    what: 'a segment that waits for a number that has not been given out',
    word: list(CALLBACK_LIST.sequences + 1),
    value: cookie + 400,
    problems: [
      `segment 2 of ${heads} waits for grace-period number ${cookie + 400}, the last given out is ${cookie}`,
    ],
  },
  {
    what: 'segments that do not wait in the order of their numbers',
    word: list(CALLBACK_LIST.sequences + 1),
    value: cookie - 8,
    problems: [`segment 2 of ${heads} waits for number ${cookie - 8}, the one before it for ${cookie - 4}`],
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
  {
    what: 'a count of RcuHeads that does not go up with them (callback-list:I3)',
    word: list(CALLBACK_LIST.queued),
    value: heap.at(list(CALLBACK_LIST.queued)) + 1,
    problems: [`${heads} has 4 RcuHeads queued and not finished, it holds 3`],
  },
  {
    what: 'a wrong length of a callback list',
    word: called(CALLBACK_LIST.length),
    value: 3,
    problems: [`${callbacks} counts 3 RcuHeads, it holds 2`],
  },
  {
    what: 'a callback list that is a circle',
    word: secondCallback + RCU_HEAD.next,
    value: firstCallback,
    problems: [`${callbacks} leads to the RcuHead at ${firstCallback}, which is on ${callbacks} as well`],
  },
  {
    what: 'a callback list that leads to a free page',
    word: called(CALLBACK_LIST.head),
    value: freePage + 6,
    problems: [
      `${callbacks} leads to address ${freePage + 6}, which is inside a free block of order ${freeOrder} of zone 0`,
    ],
  },
  {
    what: 'a callback list that leads to the end of an object',
    word: called(CALLBACK_LIST.head),
    value: object + 31,
    problems: [`${callbacks} leads to word 31 of address ${object}, which is an object of cache 16 in use`],
  },
  {
    what: 'a callback list that leads to an object that is to be freed',
    word: called(CALLBACK_LIST.head),
    value: next,
    problems: [
      `${callbacks} leads to word 2 of address ${next - 2}, which is an allocated block of order 0 that waits for a grace period`,
    ],
  },
  {
    what: 'a callback that was not registered',
    word: secondCallback + RCU_HEAD.func,
    value: 4097,
    problems: [
      `the RcuHead at ${secondCallback} on ${callbacks} asks for callback 4097, which was not registered`,
    ],
  },
  {
    what: 'a callback of one list that is on another as well',
    word: orphanCallback + RCU_HEAD.next,
    value: firstCallback,
    problems: [
      `the list of orphan callbacks leads to the RcuHead at ${firstCallback}, which is on ${callbacks} as well`,
    ],
  },
  {
    what: 'a wrong number of orphan callbacks',
    word: HEADER.orphanCallbackCount,
    value: 0,
    problems: ['the header counts 0 orphan callbacks, there are 1'],
  },
]);
