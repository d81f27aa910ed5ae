import { AuditedHeap, BUSY } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { HEADER } from '../layout/heap-header.js';
import { CACHE_SLOT, CALLBACK_LIST, SLOT, SLOT_STATE, TURN_OPEN } from '../layout/thread-slot.js';

const heap = new AuditedHeap();
const GAMMA = 2;
const NEVER = 3;
const turn = heap.at(heap.slot(GAMMA, SLOT.turn));
const head = heap.heads[0];

testCorruptions(heap, [
  {
    what: 'more claimed slots than there are',
    word: HEADER.slotsClaimed,
    value: 5,
    problems: ['the header counts 5 claimed slots, there are 4'],
  },
  {
    what: 'a claimed slot that nobody has joined',
    word: HEADER.slotsClaimed,
    value: 4,
    problems: ['slot 3 was never joined, and the header counts 4 claimed slots'],
  },
  {
    what: 'a joined slot that is not among the claimed',
    word: HEADER.slotsClaimed,
    value: 2,
    problems: ['slot 2 was joined 1 times, and the header counts 2 claimed slots'],
  },
  {
    what: 'a slot in a state that there is not',
    word: heap.slot(NEVER, SLOT.state),
    value: 7,
    problems: [
      'slot 3 has state 7, states are 0 to 5',
      'slot 3 has 0 for a main or rcu sheaf of 65 caches from 1 on, not the bootstrap sheaf',
    ],
  },
  {
    what: 'a thread with a name longer than a slot has room for',
    word: heap.slot(1, SLOT.nameBytes),
    value: 65,
    problems: ['slot 1 has a name of 65 bytes, it has room for 0 to 64'],
  },
  {
    what: 'an open turn of a free slot',
    word: heap.slot(GAMMA, SLOT.turn),
    value: turn | TURN_OPEN,
    problems: [`slot 2 is free and its turn word is ${turn | TURN_OPEN}: in a turn, or borrowed`],
  },
  {
    what: 'a thread that is neither isolated nor not',
    word: heap.slot(1, SLOT.isolated),
    value: 3,
    problems: ['slot 1 says 3 for whether it is isolated, which is 0 to 2'],
  },
  {
    what: 'pages counted on the lists of a free slot (thread-slot:I2)',
    word: heap.slot(GAMMA, SLOT.listPages),
    value: 3,
    problems: ['slot 2 is free and keeps pages', 'slot 2 counts 3 pages on its lists, they hold 0'],
  },
  {
    what: 'an RcuHead of a free slot that another slot has as well',
    word: heap.slot(GAMMA, SLOT.heads + CALLBACK_LIST.head),
    value: head,
    problems: [
      `slot 2 is free and has RcuHead ${head} waiting`,
      `the RcuHead at ${head} on the RcuHead list of slot 2 names address ${head}, which is an allocated block of order 0 that waits for a grace period`,
    ],
  },
  {
    what: 'a callback of a free slot that another slot has as well',
    word: heap.slot(GAMMA, SLOT.callbacks + CALLBACK_LIST.head),
    value: heap.callbacks[0],
    problems: [
      `slot 2 is free and has a callback waiting at RcuHead ${heap.callbacks[0]}`,
      `the callback list of slot 2 leads to the RcuHead at ${heap.callbacks[0]}, which is on the callback list of slot 0 as well`,
    ],
  },
  {
    what: 'everything of a thread whose slot has become free',
    word: heap.slot(1, SLOT.state),
    value: SLOT_STATE.free,
    problems: [
      'slot 1 is free and keeps pages',
      `slot 1 has sheaves ${heap.at(heap.sheafPlace(1, CACHE_SLOT.main))}, 0, ${HEADER.bootstrapSheaf} and 0 for cache ${BUSY}, and is free`,
    ],
  },
]);
