/** What a dead thread leaves of pages, told or repaired with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const repair = 'src/pages/zone-repair.ts';
const dead = 'src/pages/dead-pages.ts';
const zone = 'src/pages/zone.ts';
const allocator = 'src/pages/page-allocator.ts';
const lists = 'src/pages/take-page-lists.ts';
const borrows = 'src/threads/borrow-repair.ts';

export const repairsNothing = twin({
  name: 'the lock of a zone is taken from the dead, and the zone is left as it is',
  claim: 'dead-pages/takesOverAZone',
  patch: {
    file: repair,
    find: 'new ZoneRepair(words, geometry, zoneStart(geometry, zone)).run();',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsOldHeads = twin({
  name: 'the heads of lists that no block is on any more are left',
  claim: 'dead-pages/takesOverAZone',
  patch: { file: repair, find: 'this._emptyLists();', replace: '' },
  caughtAs: 'assertion',
});

export const keepsOldCounts = twin({
  name: 'the blocks of each order and the free pages are not counted anew',
  claim: 'dead-pages/takesOverAZone',
  patch: { file: repair, find: 'this._saveCounts();', replace: '' },
  caughtAs: 'assertion',
});

export const losesWhatNoBlockCovers = twin({
  name: 'pages that were split off and say nothing yet are not taken for free ones',
  claim: 'dead-pages/takesOverAZone',
  patch: {
    file: repair,
    find: 'return kind === PAGE_KIND.tail || kind === PAGE_KIND.free;',
    replace: 'return kind === PAGE_KIND.free;',
  },
  caughtAs: 'assertion',
});

export const leavesOldStarts = twin({
  name: 'pages inside a block that was merged anew still say that they are free',
  claim: 'dead-pages/finishesADrain',
  patch: { file: repair, find: 'this._setState(tail, PAGE_KIND.tail);', replace: ';' },
  caughtAs: 'assertion',
});

export const mergesNothing = twin({
  name: 'free pages are listed one by one',
  claim: 'dead-pages/takesOverAZone',
  patch: { file: repair, find: 'while (order < MAX_ORDER &&', replace: 'while (order < 0 &&' },
  caughtAs: 'assertion',
});

export const linksOneWay = twin({
  name: 'a free block does not lead to the one before it',
  claim: 'dead-pages/takesOverAZone',
  patch: {
    file: repair,
    find: 'words.storePlain(descriptor + DESCRIPTOR.previous, last);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const takesWhatIsInTransit = twin({
  name: 'blocks that live threads are moving are taken for free ones',
  claim: 'dead-pages/takesOverAZone',
  patch: {
    file: repair,
    find: 'return kind === PAGE_KIND.tail ||',
    replace: 'return kind === PAGE_KIND.threadList || kind === PAGE_KIND.tail ||',
  },
  caughtAs: 'race',
});

export const returnsNothing = twin({
  name: 'what the dead thread kept is not looked for',
  claim: 'dead-pages/takesOverAZone',
  patch: {
    file: dead,
    find: 'pages += sweep(words, geometry, zoneStart(geometry, zone), deadSlot, zones[zone]);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsTheLists = twin({
  name: 'the lists of the slot still name what has gone back to the zones',
  claim: 'dead-pages/takesOverAZone',
  patch: {
    file: dead,
    find: 'words.fillPlain(start + SLOT.pageLists, start + SLOT.listHigh, 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const finishesNoDrain = twin({
  name: 'what was taken off the deferred list and is not in the buddy is forgotten',
  claim: 'dead-pages/finishesADrain',
  patch: { file: repair, find: 'this._finishDrain();', replace: '' },
  caughtAs: 'assertion',
});

export const notesNoDrain = twin({
  name: 'the deferred list is taken without a note of it',
  claim: 'dead-pages/finishesADrain',
  patch: { file: 'src/words/llist.ts', find: 'words.storePlain(note, first);', replace: '' },
  caughtAs: 'assertion',
});

export const notesTheRestAlone = twin({
  name: 'of the blocks that are drained the one in hand is not noted',
  claim: 'dead-pages/finishesADrain',
  patch: {
    file: zone,
    find: 'words.storePlain(this._record + ZONE.drained, page); words.storePlain(this._record + ZONE.draining, next);',
    replace: 'words.storePlain(this._record + ZONE.draining, next);',
  },
  caughtAs: 'assertion',
});

export const notesTheOneTooLate = twin({
  name: 'the rest of what is drained is noted before the one in hand',
  claim: 'dead-pages/finishesADrain',
  patch: {
    file: zone,
    find: 'words.storePlain(this._record + ZONE.drained, page); words.storePlain(this._record + ZONE.draining, next);',
    replace:
      'words.storePlain(this._record + ZONE.draining, next); words.storePlain(this._record + ZONE.drained, page);',
  },
  caughtAs: 'assertion',
});

export const freesWhatWasNotTaken = twin({
  name: 'what is noted is free, though the dead thread had not taken it off the list yet',
  claim: 'dead-pages/finishesADrain',
  patch: { file: repair, find: 'draining !== 0 && !this._isDeferred(draining)', replace: 'draining !== 0' },
  caughtAs: 'assertion',
});

export const keepsTheNote = twin({
  name: 'the note of a drain outlives its repair',
  claim: 'dead-pages/finishesADrain',
  patch: { file: repair, find: 'this._store(ZONE.drained, 0);', replace: '' },
  caughtAs: 'assertion',
});

export const popsWithoutANote = twin({
  name: 'one deferred block is taken without a note of it',
  claim: 'dead-pages/finishesAPop',
  patch: {
    file: zone,
    find: 'const page = words.load(deferred); const next = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next); words.storePlain(this._record + ZONE.drained, page);',
    replace:
      'const page = words.load(deferred); const next = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);',
  },
  caughtAs: 'assertion',
});

export const freesWhatWasNotPopped = twin({
  name: 'the block that is noted is free, though it is on the deferred list still',
  claim: 'dead-pages/finishesAPop',
  patch: { file: repair, find: 'drained !== 0 && !this._isDeferred(drained)', replace: 'drained !== 0' },
  caughtAs: 'assertion',
});

export const takesForItsUser = twin({
  name: 'a large block leaves its zone in the state that it has in its user’s hands',
  claim: 'dead-pages/finishesAPop',
  patch: {
    file: allocator,
    find: 'const state = pageState(PAGE_KIND.threadList, order, this._slotNumber); for',
    replace: 'const state = pageState(PAGE_KIND.allocated, order, 0); for',
  },
  caughtAs: 'assertion',
});

export const saysTooLateWhatItHandsOut = twin({
  name: 'a block is its user’s before the slot says which was handed out',
  claim: 'dead-pages/finishesAPop',
  patch: [
    { file: allocator, find: 'words.storePlain(this._slot + SLOT.inHand, start);', replace: '' },
    {
      file: allocator,
      find: 'this._count(SLOT.pagesAllocated, 1 << order);',
      replace:
        'words.storePlain(this._slot + SLOT.inHand, start); this._count(SLOT.pagesAllocated, 1 << order);',
    },
  ],
  caughtAs: 'assertion',
});

export const returnsWhatIsDeferred = twin({
  name: 'what the dead thread has deferred is returned once more, beside the list that it is on',
  claim: 'dead-pages/finishesAPush',
  patch: { file: dead, find: "if (!zones[zone].drain(true)) throw notToBeHad('a zone');", replace: '' },
  caughtAs: 'assertion',
});

export const forgetsWhatWasNotPushed = twin({
  name: 'a block that says deferred is taken to be on the list',
  claim: 'dead-pages/finishesAPush',
  patch: {
    file: dead,
    find: '(kind === PAGE_KIND.threadList || kind === PAGE_KIND.deferred)',
    replace: 'kind === PAGE_KIND.threadList',
  },
  caughtAs: 'assertion',
});

export const defersForNobody = twin({
  name: 'a deferred block does not say who is deferring it',
  claim: 'dead-pages/finishesAPush',
  patch: {
    file: zone,
    find: 'pageState(PAGE_KIND.deferred, order, this._slotNumber)',
    replace: 'pageState(PAGE_KIND.deferred, order, 1)',
  },
  caughtAs: 'assertion',
});

export const leavesTheTakingUnfinished = twin({
  name: 'a borrowing is ended where it stands',
  claim: 'dead-pages/endsABorrowing',
  patch: {
    file: dead,
    find: 'takePageLists(words, geometry, slot, deadSlot);',
    replace: '',
  },
  caughtAs: 'race',
});

export const neverEndsIt = twin({
  name: 'the slot stays borrowed by the dead',
  claim: 'dead-pages/endsABorrowing',
  patch: { file: dead, find: 'endBorrowings(words, geometry, deadTag);', replace: '' },
  caughtAs: 'assertion',
});

export const endsItFirst = twin({
  name: 'a borrowing is ended before what was begun in it is finished',
  claim: 'dead-pages/endsABorrowing',
  patch: {
    file: dead,
    find: 'takePageLists(words, geometry, slot, deadSlot);',
    replace: 'endBorrowings(words, geometry, deadTag); takePageLists(words, geometry, slot, deadSlot);',
  },
  caughtAs: 'race',
});

export const finishesWhatIsOver = twin({
  name: 'lists are taken from a thread that the dead one had given its slot back to',
  claim: 'dead-pages/endsABorrowing',
  patch: {
    file: borrows,
    find: 'return (words.load(slot + SLOT.turn) & TURN_BORROWED) !== 0;',
    replace: 'return true;',
  },
  caughtAs: 'race',
});

export const takesInTheOwnersName = twin({
  name: 'what is taken off the lists of an idle thread still says that it is that thread’s',
  claim: 'dead-pages/endsABorrowing',
  patch: {
    file: lists,
    find: 'pageState(PAGE_KIND.threadList, order, taker)',
    replace: 'pageState(PAGE_KIND.threadList, order, slot)',
  },
  caughtAs: 'assertion',
});

export const forgetsTheListFirst = twin({
  name: 'the list is empty before the blocks on it say whose they are now',
  claim: 'dead-pages/endsABorrowing',
  patch: {
    file: lists,
    find: 'const head = words.loadPlain(listAt(start, order) + PAGE_LIST.head);',
    replace:
      'const head = words.loadPlain(listAt(start, order) + PAGE_LIST.head); words.storePlain(listAt(start, order) + PAGE_LIST.head, 0);',
  },
  caughtAs: 'assertion',
});

export const waitsForNoBorrower = twin({
  name: 'the pages of a dead thread are returned while another is taking them',
  claim: 'dead-pages/leavesALiveBorrowerWhatItHas',
  patch: {
    file: borrows,
    find: 'if ((turn & TURN_OPEN) !== 0) return true;',
    replace: 'return true;',
  },
  caughtAs: 'race',
});

export const letsOneInThatLooked = twin({
  name: 'who had seen the dead thread alive may still borrow its slot',
  claim: 'dead-pages/leavesALiveBorrowerWhatItHas',
  patch: {
    file: borrows,
    find: 'if (words.compareExchange(slot + SLOT.turn, turn, (turn + TURN_STEP) | 0) === turn) return true;',
    replace: 'return true;',
  },
  bounds: { preemptions: 2 },
  caughtAs: 'race',
});
