/** Deferred frees with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const ZONE_FILE = 'src/pages/zone.ts';
const LLIST_FILE = 'src/words/llist.ts';

export const forgetsTheBlock = twin({
  name: 'a block that finds the lock busy is let go of',
  claim: 'deferred-frees/deferredAgainstFree',
  patch: { file: ZONE_FILE, find: 'this._defer(page, order); return;', replace: 'return;' },
  caughtAs: 'assertion',
});

export const goesInAnyway = twin({
  name: 'a block that finds the lock busy goes into the buddy all the same',
  claim: 'deferred-frees/deferredAgainstFree',
  patch: { file: ZONE_FILE, find: 'this._defer(page, order); return;', replace: '' },
  caughtAs: 'race',
});

export const defersOnePage = twin({
  name: 'a deferred block is put down as a single page',
  claim: 'deferred-frees/deferredAgainstFree',
  patch: {
    file: ZONE_FILE,
    find: 'pageState(PAGE_KIND.deferred, order, this._slotNumber)',
    replace: 'pageState(PAGE_KIND.deferred, 0, this._slotNumber)',
  },
  caughtAs: 'assertion',
});

export const writesStateLate = twin({
  name: 'the state of a deferred block is written after others can take it',
  claim: 'deferred-frees/deferredAgainstFree',
  patch: [
    {
      file: ZONE_FILE,
      find: 'words.storePlain(descriptor + DESCRIPTOR.state, state);',
      replace: '',
    },
    {
      file: ZONE_FILE,
      find: 'page, descriptor + DESCRIPTOR.next);',
      replace: 'page, descriptor + DESCRIPTOR.next); words.storePlain(descriptor + DESCRIPTOR.state, state);',
    },
  ],
  caughtAs: 'assertion',
});

export const linksLate = twin({
  name: 'a deferred block is linked to those before it after others can take it',
  claim: 'deferred-frees/deferredAgainstAllocation',
  patch: [
    { file: LLIST_FILE, find: 'words.storePlain(link, first);', replace: '' },
    {
      file: LLIST_FILE,
      find: 'if (found === first) return;',
      replace: 'if (found === first) { words.storePlain(link, first); return; }',
    },
  ],
  caughtAs: 'race',
});

export const takesAndClearsApart = twin({
  name: 'the list is read and cleared by two accesses, and what comes between is lost',
  claim: 'deferred-frees/deferredAgainstAllocation',
  patch: {
    file: LLIST_FILE,
    find: 'const found = words.compareExchange(head, first, 0);',
    replace: 'const found = first; words.store(head, 0);',
  },
  caughtAs: 'assertion',
});

export const readsNextAfterItIsPut = twin({
  name: 'where the list goes on is read after the block is in the buddy',
  claim: 'deferred-frees/deferredAgainstAllocation',
  patch: {
    file: ZONE_FILE,
    find: 'this._putDrained(page); page = next;',
    replace:
      'this._putDrained(page); page = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);',
  },
  caughtAs: 'livelock',
});

export const pushesBlindly = twin({
  name: 'a block is pushed by a store, over what another thread has pushed since',
  claim: 'deferred-frees/twoDeferUnderAThird',
  patch: {
    file: LLIST_FILE,
    find: 'const found = words.compareExchange(head, first, node);',
    replace: 'const found = first; words.store(head, node);',
  },
  caughtAs: 'assertion',
});

export const keepsTheOldHead = twin({
  name: 'a push that lost against another leaves the block linked to the old head',
  claim: 'deferred-frees/twoDeferUnderAThird',
  patch: [
    {
      file: LLIST_FILE,
      find: 'let first = words.load(head); for (;;) { words.storePlain(link, first);',
      replace: 'let first = words.load(head); const old = first; for (;;) { words.storePlain(link, old);',
    },
  ],
  caughtAs: 'assertion',
});

export const givesUpThePush = twin({
  name: 'a push that lost against another is not tried again',
  claim: 'deferred-frees/deferredAgain',
  patch: { file: LLIST_FILE, find: 'if (found === first) return;', replace: 'return;' },
  caughtAs: 'assertion',
});

export const drainsWithoutTheLock = twin({
  name: 'deferred blocks are put into the buddy before the lock is had',
  claim: 'deferred-frees/deferredAgain',
  patch: {
    file: ZONE_FILE,
    find: 'if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const page',
    replace: 'this._drainFor(flags); if (!this._enter(maySpinFor(flags))) return 0; const page',
  },
  caughtAs: 'race',
});

export const drainsTheFirstAlone = twin({
  name: 'of the deferred blocks one goes into the buddy',
  claim: 'deferred-frees/twoDeferUnderAThird',
  patch: { file: ZONE_FILE, find: 'while (page !== 0) {', replace: 'if (page !== 0) {' },
  caughtAs: 'assertion',
});

export const pushesPlainly = twin({
  name: 'a block is pushed by a plain store after a plain look',
  claim: 'deferred-frees/twoDeferUnderAThird',
  patch: {
    file: LLIST_FILE,
    find: 'const found = words.compareExchange(head, first, node);',
    replace: 'const found = words.loadPlain(head); if (found === first) words.storePlain(head, node);',
  },
  bounds: { races: 'explored' },
  caughtAs: 'assertion',
});

export const popsBlindly = twin({
  name: 'who may not spin takes a deferred block by a store, over what another thread has pushed since',
  claim: 'deferred-frees/deferredAgain',
  patch: {
    file: ZONE_FILE,
    find: 'if (words.compareExchange(deferred, page, next) === page) return page;',
    replace: 'words.store(deferred, next); return page;',
  },
  caughtAs: 'assertion',
});

export const popsWithoutTheLock = twin({
  name: 'who may not spin takes deferred blocks before it has the lock',
  claim: 'deferred-frees/deferredAgain',
  patch: {
    file: ZONE_FILE,
    find: 'if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const page',
    replace: 'this._drainSome(); if (!this._enter(maySpinFor(flags))) return 0; const page',
  },
  caughtAs: 'race',
});
