/** Pages that are taken and freed by who may not spin, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const ALLOCATOR_FILE = 'src/pages/page-allocator.ts';
const FLAGS_FILE = 'src/pages/alloc-flags.ts';
const IDLE_FILE = 'src/pages/idle-page-lists.ts';
const LISTS_FILE = 'src/pages/thread-page-lists.ts';
const ZONE_FILE = 'src/pages/zone.ts';

export const spinsForABatch = twin({
  name: 'a refill of who may not spin waits for the zone',
  claim: 'nolock-pages/besideOrdinaryCalls',
  patch: {
    file: ZONE_FILE,
    find: 'if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const mark',
    replace: 'this._enter(true); this._drainFor(flags); const mark',
  },
  caughtAs: 'assertion',
});

export const trimsWithoutTheRight = twin({
  name: 'a free that may not spin trims the lists, for which it waits for the zone',
  claim: 'nolock-pages/besideOrdinaryCalls',
  patch: {
    file: ALLOCATOR_FILE,
    find: 'if (isKept && maySpin) this._trim(zone);',
    replace: 'if (isKept) this._trim(zone);',
  },
  caughtAs: 'assertion',
});

export const takesAndLeavesThem = twin({
  name: 'the lists of an idle thread are taken off, and left to it too',
  claim: 'nolock-pages/besideIdleDrain',
  patch: {
    file: 'src/pages/take-page-lists.ts',
    find: 'words.storePlain(listAt(start, order) + PAGE_LIST.head, 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const takesWithoutBorrowing = twin({
  name: 'the lists of a thread are taken off whether it is idle or not',
  claim: 'nolock-pages/besideIdleDrain',
  patch: {
    file: IDLE_FILE,
    find: 'if (!borrow(this._words, start, this._tag)) return 0;',
    replace: 'borrow(this._words, start, this._tag);',
  },
  caughtAs: 'race',
});

export const goesBelowTheMark = twin({
  name: 'who may not spin has what is below the mark too',
  claim: 'nolock-pages/keepsTheMarks',
  patch: {
    file: FLAGS_FILE,
    find: 'if (!allowSpinning(gfp)) return ALLOC_TRYLOCK;',
    replace: 'if (!allowSpinning(gfp)) return ALLOC_TRYLOCK | ALLOC_HIGH;',
  },
  caughtAs: 'assertion',
});

export const forgetsTheOrder = twin({
  name: 'of a block one page alone is held against the mark',
  claim: 'nolock-pages/keepsTheMarks',
  patch: { file: ZONE_FILE, find: '- ((1 << order) - 1) <= mark', replace: '<= mark' },
  caughtAs: 'assertion',
});

export const floodsTheList = twin({
  name: 'calls that may not spin take the floor of a list too',
  claim: 'nolock-pages/leavesTheFloorToOthers',
  patch: {
    file: LISTS_FILE,
    find: 'const floor = maySpinFor(flags) ? 0 : this._geometry.pageListFloor;',
    replace: 'const floor = 0;',
  },
  caughtAs: 'assertion',
});

export const keepsTheFloorFromAll = twin({
  name: 'an ordinary call leaves the floor of its list as well',
  claim: 'nolock-pages/leavesTheFloorToOthers',
  patch: {
    file: LISTS_FILE,
    find: 'const floor = maySpinFor(flags) ? 0 : this._geometry.pageListFloor;',
    replace: 'const floor = this._geometry.pageListFloor;',
  },
  caughtAs: 'assertion',
});

export const popsWhatItLost = twin({
  name: 'the deferred block that was seen is taken, though another has come before it meanwhile',
  claim: 'nolock-pages/takesAlongWhatIsDeferred',
  patch: {
    file: ZONE_FILE,
    find: 'if (words.compareExchange(deferred, page, next) === page) return page;',
    replace: 'words.compareExchange(deferred, page, next); return page;',
  },
  caughtAs: 'race',
});

export const popsOverAPush = twin({
  name: 'a deferred block is taken off by a store, over whatever has come before it meanwhile',
  claim: 'nolock-pages/takesAlongWhatIsDeferred',
  patch: {
    file: ZONE_FILE,
    find: 'if (words.compareExchange(deferred, page, next) === page) return page;',
    replace: 'words.store(deferred, next); return page;',
  },
  caughtAs: 'assertion',
});
