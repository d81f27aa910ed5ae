/** The zone, its buddy and its lock with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const ZONE_FILE = 'src/pages/zone.ts';
const BUDDY_FILE = 'src/pages/buddy.ts';
const LOCK_FILE = 'src/locks/raw-spin-lock.ts';

export const takesWithoutTheLock = twin({
  name: 'a block is taken without the lock',
  claim: 'zone/noPageTwice',
  patch: {
    file: ZONE_FILE,
    find: 'if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const page',
    replace: 'this._drainFor(flags); const page',
  },
  caughtAs: 'race',
});

export const releasesBeforeItPuts = twin({
  name: 'the lock is released before the block is put back',
  claim: 'zone/noPageTwice',
  patch: {
    file: ZONE_FILE,
    find: 'if (maySpin) this._drainDeferred(); this._buddy.put(page, order);',
    replace: 'if (maySpin) this._drainDeferred(); this._lock.release(); this._buddy.put(page, order);',
  },
  caughtAs: 'race',
});

export const releasesPlainly = twin({
  name: 'the lock is released by a plain store, which publishes nothing',
  claim: 'zone/noPageTwice',
  patch: {
    file: LOCK_FILE,
    find: 'this._words.and(this._word, PENDING);',
    replace: 'this._words.storePlain(this._word, 0);',
  },
  caughtAs: 'race',
});

export const spinsWithoutTrying = twin({
  name: 'a waiter that has seen the lock free does not try for it, and goes in',
  claim: 'zone/noPageTwice',
  patch: {
    file: LOCK_FILE,
    find: 'if (this._takeFree(found, isNext)) return;',
    replace: 'return;',
  },
  caughtAs: 'race',
});

export const forgetsTheRest = twin({
  name: 'a split leaves out the smallest block that is over',
  claim: 'zone/noPageTwice',
  patch: { file: BUDDY_FILE, find: 'order >= to; order--', replace: 'order > to; order--' },
  caughtAs: 'assertion',
});

export const splitsOffTheLowerHalf = twin({
  name: 'a split lists the half that is handed out',
  claim: 'zone/noPageTwice',
  patch: {
    file: BUDDY_FILE,
    find: 'this._link(page + (1 << order), order);',
    replace: 'this._link(page, order);',
  },
  caughtAs: 'race',
});

export const mergesWithoutUnlinking = twin({
  name: 'a buddy that is merged stays on the list of its order',
  claim: 'zone/splitsAndMerges',
  patch: { file: BUDDY_FILE, find: 'this._unlink(buddy, merged);', replace: '' },
  caughtAs: 'assertion',
});

export const mergesOnce = twin({
  name: 'a block is merged with one buddy and no further',
  claim: 'zone/splitsAndMerges',
  patch: {
    file: BUDDY_FILE,
    find: 'first = Math.min(first, buddy); merged++;',
    replace: 'first = Math.min(first, buddy); merged++; break;',
  },
  caughtAs: 'assertion',
});

export const mergesWhatIsSplit = twin({
  name: 'a buddy is merged whatever the order of its free block',
  claim: 'zone/mergesEqualsAlone',
  patch: {
    file: BUDDY_FILE,
    find: 'return state === pageState(PAGE_KIND.free, order, 0);',
    replace: 'return (state & 0xf) === PAGE_KIND.free;',
  },
  caughtAs: 'assertion',
});

export const leavesTheUpperHalfFree = twin({
  name: 'the state of a block that is taken is not written: it still says free',
  claim: 'zone/splitsAndMerges',
  patch: {
    file: BUDDY_FILE,
    find: 'this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state, state);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const looksBeforeItLocks = twin({
  name: 'whether a block is left is looked at before the lock is taken',
  claim: 'zone/lastPage',
  patch: {
    file: ZONE_FILE,
    find: 'if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const page',
    replace:
      'if (this._buddy.freePages() === 0 || !this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const page',
  },
  caughtAs: 'race',
});

export const triesOnceThoughItMaySpin = twin({
  name: 'who may spin tries once, and finds nothing where the lock was busy',
  claim: 'zone/lastPage',
  patch: {
    file: LOCK_FILE,
    find: 'if (!maySpin) return this.tryAcquire();',
    replace: 'return this.tryAcquire();',
  },
  caughtAs: 'assertion',
});

export const unlinksTheHeadAlone = twin({
  name: 'a block in the middle of a list is unlinked as if it were the first',
  claim: 'zone/splitsAndMerges',
  patch: { file: BUDDY_FILE, find: 'if (previous === 0)', replace: 'if (page !== 0)' },
  caughtAs: 'assertion',
});

export const mergesBeyondTheHalf = twin({
  name: 'the buddy of a block is taken to be the next block, on whichever side of its pair it is',
  claim: 'zone/mergesEqualsAlone',
  patch: { file: BUDDY_FILE, find: 'first ^ (1 << merged)', replace: 'first + (1 << merged)' },
  caughtAs: 'assertion',
});

export const releasesBeforeItTakes = twin({
  name: 'the lock is released before the block is off its list',
  claim: 'zone/threeThreads',
  patch: {
    file: ZONE_FILE,
    find: 'this._drainFor(flags); const page = this._takeAbove(order, state, this._markFor(flags));',
    replace:
      'this._drainFor(flags); this._lock.release(); const page = this._takeAbove(order, state, this._markFor(flags));',
  },
  caughtAs: 'race',
});

export const takesTheLockFromItsOwner = twin({
  name: 'a waiter tries for the lock with what it found there, and so takes it from a waiter before it',
  claim: 'zone/noPageTwice',
  patch: {
    file: LOCK_FILE,
    find: 'if ((found & ~PENDING) === 0) {',
    replace: 'if (found !== this._tag) {',
  },
  caughtAs: 'race',
});

export const releasesBeforeItsStores = twin({
  name: 'the lock is released by a plain store, which reaches memory before what was written under it',
  claim: 'zone/lastPage',
  patch: {
    file: LOCK_FILE,
    find: 'this._words.and(this._word, PENDING);',
    replace: 'this._words.storePlain(this._word, 0);',
  },
  bounds: { storeBuffers: true, races: 'explored' },
  caughtAs: 'assertion',
});

export const looksAtTheMarkUnlocked = twin({
  name: 'whether a page is left above the mark is looked at before the lock is taken',
  claim: 'zone/keepsTheReserve',
  patch: {
    file: ZONE_FILE,
    find: 'if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const page = this._takeAbove(order, state, this._markFor(flags));',
    replace:
      'const isAbove = this._buddy.freePages() > this._markFor(flags); if (!this._enter(maySpinFor(flags))) return 0; this._drainFor(flags); const page = isAbove ? this._buddy.take(order, state) : 0;',
  },
  caughtAs: 'race',
});

export const takesWhatIsKept = twin({
  name: 'the last page above the mark is not looked at: one below it is handed out too',
  claim: 'zone/keepsTheReserve',
  patch: { file: ZONE_FILE, find: '- ((1 << order) - 1) <= mark', replace: '- ((1 << order) - 1) < mark' },
  caughtAs: 'assertion',
});
