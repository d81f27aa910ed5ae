/** The lists of pages that threads keep, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const LISTS_FILE = 'src/pages/thread-page-lists.ts';
const ZONE_FILE = 'src/pages/zone.ts';
const TRYLOCK_FILE = 'src/locks/local-trylock.ts';

export const countsWhatItAskedFor = twin({
  name: 'a refill counts the blocks that it asked for, not those that it got',
  claim: 'thread-page-lists/refillsAndTrims',
  patch: {
    file: LISTS_FILE,
    find: 'this._addPages(taken << order);',
    replace: 'this._addPages(Math.max(1, this._geometry.pageListBatch >> order) << order);',
  },
  caughtAs: 'assertion',
});

export const keepsTheFirstAlone = twin({
  name: 'a block that is taken off its list takes the rest of the list with it',
  claim: 'thread-page-lists/refillsAndTrims',
  patch: {
    file: LISTS_FILE,
    find: 'words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next), ); words.storePlain(list + PAGE_LIST.blocks',
    replace: '0); words.storePlain(list + PAGE_LIST.blocks',
  },
  caughtAs: 'assertion',
});

export const refillsWithoutTheLock = twin({
  name: 'a refill takes its batch without the lock of the zone',
  claim: 'thread-page-lists/refillsAndTrims',
  patch: {
    file: ZONE_FILE,
    find: 'if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const mark',
    replace: 'this._drainFor(flags); const mark',
  },
  caughtAs: 'race',
});

export const releasesBeforeTheBatch = twin({
  name: 'a refill holds the lock of the zone for the deferred blocks alone',
  claim: 'thread-page-lists/drainsAgainstRefill',
  patch: {
    file: ZONE_FILE,
    find: 'this._drainFor(flags); const mark',
    replace: 'this._drainFor(flags); this._lock.release(); const mark',
  },
  caughtAs: 'race',
});

export const drainsSinglePages = twin({
  name: 'blocks of every order go back as single pages',
  claim: 'thread-page-lists/refillsAndTrims',
  patch: {
    file: LISTS_FILE,
    find: 'if (!zone.putChain(first, order, blocks)) return 0;',
    replace: 'zone.putChain(first, 0, blocks);',
  },
  caughtAs: 'assertion',
});

export const drainsWhatItKeeps = twin({
  name: 'a drain gives a page back and leaves it on the list',
  claim: 'thread-page-lists/drainsAgainstRefill',
  patch: {
    file: LISTS_FILE,
    find: 'if (!zone.putChain(first, order, blocks)) return 0; words.storePlain(list + PAGE_LIST.head, page);',
    replace: 'zone.putChain(first, order, blocks);',
  },
  caughtAs: 'assertion',
});

export const drainsWhileOthersRefill = twin({
  name: 'a drain puts pages into the zone without its lock',
  claim: 'thread-page-lists/drainsAgainstRefill',
  patch: {
    file: ZONE_FILE,
    find: 'this._drainDeferred(); let page = first;',
    replace: 'this._drainDeferred(); this._lock.release(); let page = first;',
  },
  caughtAs: 'race',
});

export const leavesAPageBehind = twin({
  name: 'a drain stops before the last page',
  claim: 'thread-page-lists/drainsAgainstRefill',
  patch: [
    {
      file: LISTS_FILE,
      find: 'this.giveBack(this.pages(), zoneOf);',
      replace: 'this.giveBack(this.pages() - 1, zoneOf);',
    },
    {
      file: LISTS_FILE,
      find: 'for (let page = this._pop(order); page !== 0; page = this._pop(order)) {',
      replace: 'for (let page = 0; page !== 0; ) {',
    },
  ],
  caughtAs: 'assertion',
});

export const readsNextAfterTheRelease = twin({
  name: 'where a chain of slabs goes on is read after its first slab has gone back to the pages',
  claim: 'thread-page-lists/shrinksAgainstRefill',
  patch: {
    file: 'src/slab/slab-pages.ts',
    find: 'const next = this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next); if (this._link === 0) this.release(page, maySpin); else this._retire(page);',
    replace:
      'if (this._link === 0) this.release(page, maySpin); else this._retire(page); const next = this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);',
  },
  caughtAs: 'assertion',
});

export const entersTwice = twin({
  name: 'the trylock of the lists lets its own thread in again',
  claim: 'thread-page-lists/reentersDuringRefill',
  patch: {
    file: TRYLOCK_FILE,
    find: 'if (this._words.loadPlain(this._word) !== 0) return false;',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const freesWhileRefilling = twin({
  name: 'a free goes on the list though its thread is in the middle of a refill',
  claim: 'thread-page-lists/reentersDuringRefill',
  patch: {
    file: LISTS_FILE,
    find: 'if (!this._lock.tryAcquire()) return false; this._push',
    replace: 'this._lock.tryAcquire(); this._push',
  },
  caughtAs: 'assertion',
});

export const staysInside = twin({
  name: 'a thread that has taken a page does not leave its lists',
  claim: 'thread-page-lists/reentersDuringRefill',
  patch: {
    file: LISTS_FILE,
    find: 'page = this._pop(order); } finally { this._lock.release(); } return page;',
    replace: 'page = this._pop(order); } finally { } return page;',
  },
  caughtAs: 'assertion',
});

export const spinsUnderItsOwnLock = twin({
  name: 'a batch for who may not spin is waited for, by a hook that runs under the lock of the zone',
  claim: 'thread-page-lists/reentersDuringRefill',
  patch: {
    file: 'src/locks/raw-spin-lock.ts',
    find: 'if (!maySpin) return this.tryAcquire();',
    replace: '',
  },
  caughtAs: 'error',
});

export const losesWhatTheHookFrees = twin({
  name: 'what is freed inside the lists of its own thread is taken to be on them',
  claim: 'thread-page-lists/reentersDuringTrim',
  patch: {
    file: LISTS_FILE,
    find: 'if (!this._lock.tryAcquire()) return false; this._push',
    replace: 'if (!this._lock.tryAcquire()) return true; this._push',
  },
  caughtAs: 'assertion',
});

export const forgetsTheDeferred = twin({
  name: 'a block that finds the lock busy, where nothing may spin, is let go of',
  claim: 'thread-page-lists/reentersDuringTrim',
  patch: { file: ZONE_FILE, find: 'this._defer(page, order); return;', replace: 'return;' },
  caughtAs: 'assertion',
});

export const dropsWhatWasLeft = twin({
  name: 'a refill takes the place of the blocks that the floor has left on the list',
  claim: 'thread-page-lists/refillsAboveTheFloor',
  patch: {
    file: LISTS_FILE,
    find: 'words.storePlain(last, words.loadPlain(list + PAGE_LIST.head));',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const takesTheFloor = twin({
  name: 'who may not spin takes the last block of a list',
  claim: 'thread-page-lists/refillsAboveTheFloor',
  patch: {
    file: LISTS_FILE,
    find: 'PAGE_LIST.blocks) <= floor) return 0;',
    replace: 'PAGE_LIST.blocks) < floor) return 0;',
  },
  caughtAs: 'assertion',
});
