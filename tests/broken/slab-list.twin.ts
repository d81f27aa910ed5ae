/** The slabs of a cache with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const FILE = 'src/slab/slab-list.ts';

export const looksAtTheSlabBeforeTheLock = twin({
  name: 'the partial slab that is seen before the lock is the one that is taken from',
  claim: 'slab-list/lastFreeAgainstFirst',
  patch: [
    {
      file: FILE,
      find: 'if (!this._lock.acquireIf(maySpin)) return 0; const discarded = maySpin ? this._drainDeferred() : 0; const page = this._words.loadPlain(this._record + CACHE.partialHead);',
      replace:
        'const page = this._words.load(this._record + CACHE.partialHead); if (!this._lock.acquireIf(maySpin)) return 0; const discarded = maySpin ? this._drainDeferred() : 0;',
    },
  ],
  caughtAs: 'race',
});

export const freesWithoutTheLock = twin({
  name: 'an object is put on its slab without the lock',
  claim: 'slab-list/lastFreeAgainstFirst',
  patch: {
    file: FILE,
    find: 'if (!this._lock.acquireToGive(maySpin)) { this.defer(object); return false; } const discarded = this._putOn(object, maySpin ? this._drainDeferred() : 0); if (this._holdsSheaves) this._words.storePlain(object + SHEAF.holder, SHEAF_HOLDER.nobody); this._intents.settle(object); this._endAndUnlock();',
    replace: 'const discarded = this._putOn(object, 0);',
  },
  caughtAs: 'race',
});

export const discardsWhatIsListed = twin({
  name: 'a slab that goes back to the pages stays on the partial list',
  claim: 'slab-list/lastFreeAgainstFirst',
  patch: {
    file: FILE,
    find: 'this._unlist(page); this._count(CACHE.emptySlabs, -1); this._count(CACHE.slabs, -1);',
    replace: 'this._count(CACHE.emptySlabs, -1); this._count(CACHE.slabs, -1);',
  },
  caughtAs: 'race',
});

export const growsWithoutTheLock = twin({
  name: 'a fresh slab is listed, and the lock is let go before its maker takes from it',
  claim: 'slab-list/bothGrow',
  patch: {
    file: FILE,
    find: 'const taken = this._takeFrom(this._words.loadPlain(this._record + CACHE.partialHead)); this._endAndUnlock();',
    replace:
      'this._lock.release(); this._lock.acquire(); const taken = this._takeFrom(this._words.loadPlain(this._record + CACHE.partialHead)); this._endAndUnlock();',
  },
  bounds: { preemptions: 2 },
  caughtAs: 'assertion',
});

export const neverDiscards = twin({
  name: 'empty slabs are kept however many there are',
  claim: 'slab-list/keepsOneEmptySlab',
  patch: {
    file: FILE,
    find: 'kept > this._geometry.minPartialSlabs',
    replace: 'kept > this._geometry.minPartialSlabs + 1',
  },
  caughtAs: 'assertion',
});

export const keepsNone = twin({
  name: 'the last empty slab is given back too',
  claim: 'slab-list/keepsOneEmptySlab',
  patch: {
    file: FILE,
    find: 'kept > this._geometry.minPartialSlabs',
    replace: 'kept >= this._geometry.minPartialSlabs',
  },
  caughtAs: 'assertion',
});

export const forgetsThatItIsInUse = twin({
  name: 'a slab of which an object is taken again still counts as empty',
  claim: 'slab-list/keepsOneEmptySlab',
  patch: {
    file: FILE,
    find: 'if (inUse === 0) this._count(CACHE.emptySlabs, -1); if (next === 0) this._unlist(page);',
    replace: 'if (next === 0) this._unlist(page);',
  },
  caughtAs: 'assertion',
});

export const countsTheUnusedOutsideTheLock = twin({
  name: 'how many slabs are empty is decided on after the lock is released',
  claim: 'slab-list/keepsOneEmptySlab',
  patch: {
    file: FILE,
    find: 'this._intents.settle(object); this._endAndUnlock();',
    replace: 'this._intents.settle(object); this._endAndUnlock(); this._count(CACHE.emptySlabs, 0);',
  },
  caughtAs: 'race',
});

export const listsTwice = twin({
  name: 'each free of a slab lists it',
  claim: 'slab-list/fullSlabComesBack',
  patch: {
    file: FILE,
    find: 'if (listed !== LISTED.yes) this._list(page);',
    replace: 'this._list(page);',
  },
  caughtAs: 'assertion',
});

export const neverListsAgain = twin({
  name: 'a full slab is not listed by a free of it',
  claim: 'slab-list/fullSlabComesBack',
  patch: {
    file: FILE,
    find: 'if (listed !== LISTED.yes) this._list(page);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsTheFullListed = twin({
  name: 'a slab whose last object is taken stays on the partial list',
  claim: 'slab-list/fullSlabComesBack',
  patch: { file: FILE, find: 'if (next === 0) this._unlist(page);', replace: '' },
  caughtAs: 'assertion',
});

export const listsWhileBusy = twin({
  name: 'who may not spin lists its fresh slab although the lock is busy',
  claim: 'slab-list/bothGrow',
  patch: {
    file: FILE,
    find: 'if (!isMine) this._slabPages.release(page, false); } if (!isMine) return false;',
    replace: '}',
  },
  caughtAs: 'race',
});

export const forgetsTheFreshSlab = twin({
  name: 'a fresh slab that cannot be listed is let go of',
  claim: 'slab-list/bothGrow',
  patch: {
    file: FILE,
    find: 'if (!isMine) this._slabPages.release(page, false);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const linksTheFirstAlone = twin({
  name: 'a fresh slab is linked up one object short',
  claim: 'slab-list/bothGrow',
  patch: {
    file: 'src/slab/slab-pages.ts',
    find: 'for (let i = objects - 1; i >= 0; i--) {',
    replace: 'for (let i = objects - 2; i >= 0; i--) {',
  },
  caughtAs: 'assertion',
});

export const shrinksWhatIsInUse = twin({
  name: 'shrinking gives back every slab that is listed',
  claim: 'slab-list/shrinksAgainstAllocation',
  patch: {
    file: FILE,
    find: 'if (words.loadPlain(descriptor + DESCRIPTOR.inUse) === 0) discarded',
    replace: 'discarded',
  },
  caughtAs: 'assertion',
});

export const breaksTheChain = twin({
  name: 'of the slabs that shrinking takes off the list the last alone goes back',
  claim: 'slab-list/shrinksAgainstAllocation',
  patch: {
    file: FILE,
    find: 'this._words.storePlain(descriptor + DESCRIPTOR.next, discarded);',
    replace: 'this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next, 0);',
  },
  caughtAs: 'assertion',
});

export const walksTheChain = twin({
  name: 'where the partial list goes on is read after a slab is taken off it',
  claim: 'slab-list/shrinksAgainstAllocation',
  patch: [
    {
      file: FILE,
      find: 'const next = words.loadPlain(descriptor + DESCRIPTOR.next); if (words',
      replace: 'if (words',
    },
    {
      file: FILE,
      find: 'discarded = this._detach(page, discarded); page = next;',
      replace:
        'discarded = this._detach(page, discarded); page = words.loadPlain(descriptor + DESCRIPTOR.next);',
    },
  ],
  caughtAs: 'assertion',
});

export const discardsUnderTheLock = twin({
  name: 'slabs go back to the pages before they are off the list for good: the lock is released first',
  claim: 'slab-list/shrinksAgainstAllocation',
  patch: {
    file: FILE,
    find: 'if (!this._lock.acquireToGive(maySpin)) return; let discarded = this._drainDeferred(); let page = words.loadPlain(this._record + CACHE.partialHead);',
    replace:
      'let page = words.loadPlain(this._record + CACHE.partialHead); if (!this._lock.acquireToGive(maySpin)) return; let discarded = this._drainDeferred();',
  },
  caughtAs: 'race',
});

const LLIST_FILE = 'src/words/llist.ts';

export const defersOverAnother = twin({
  name: 'an object is put on the deferred list whatever was put there since the look at its head',
  claim: 'slab-list/deferredComeBack',
  patch: {
    file: LLIST_FILE,
    find: 'if (found === first) return;',
    replace: 'words.store(head, node); return;',
  },
  caughtAs: 'assertion',
});

export const linksToWhatItFirstSaw = twin({
  name: 'an object whose push was lost is pushed again with the link that it had',
  claim: 'slab-list/deferredComeBack',
  patch: [
    {
      file: LLIST_FILE,
      find: 'for (;;) { words.storePlain(link, first);',
      replace: 'words.storePlain(link, first); for (;;) {',
    },
  ],
  caughtAs: 'assertion',
});

export const emptiesTheDeferredLate = twin({
  name: 'the deferred list is read, and then emptied, in two steps',
  claim: 'slab-list/deferredComeBack',
  patch: {
    file: 'src/words/llist.ts',
    find: 'const found = words.compareExchange(head, first, 0);',
    replace: 'const found = first; words.store(head, 0);',
  },
  caughtAs: 'assertion',
});

export const drainsTheFirstAlone = twin({
  name: 'of the objects on the deferred list the first alone is put on its slab',
  claim: 'slab-list/deferredComeBack',
  patch: {
    file: FILE,
    find: 'object = this._deferred.takeNext()) { chain = this._putOn(object, chain);',
    replace: 'object = 0) { chain = this._putOn(object, chain);',
  },
  caughtAs: 'assertion',
});

export const forgetsWhatItCannotPut = twin({
  name: 'who may not spin and finds the slabs busy lets go of the object',
  claim: 'slab-list/deferredComeBack',
  patch: { file: FILE, find: 'this.defer(object); return false;', replace: 'return false;' },
  caughtAs: 'assertion',
});
