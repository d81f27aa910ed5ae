/** The barn, and the ways of a cache through it, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const BARN_FILE = 'src/slab/barn.ts';
const CACHE_FILE = 'src/slab/slab-cache.ts';
const LIST_FILE = 'src/slab/slab-list.ts';

export const takesByItsFirstLook = twin({
  name: 'the sheaf that was seen before the lock is the one that is taken',
  claim: 'barn/sheavesChangeHands',
  patch: [
    {
      file: BARN_FILE,
      find: 'if (words.loadPlain(head) === 0 || !this._lock.acquireIf(maySpin)) return 0;',
      replace:
        'const sheaf = words.loadPlain(head); if (sheaf === 0 || !this._lock.acquireIf(maySpin)) return 0;',
    },
    {
      file: BARN_FILE,
      find: 'const sheaf = words.loadPlain(head); if (sheaf !== 0) {',
      replace: 'if (sheaf !== 0) {',
    },
  ],
  caughtAs: 'assertion',
});

export const takesWithoutTheLock = twin({
  name: 'a sheaf is taken without the lock',
  claim: 'barn/sheavesChangeHands',
  patch: {
    file: BARN_FILE,
    find: 'if (words.loadPlain(head) === 0 || !this._lock.acquireIf(maySpin)) return 0;',
    replace: 'this._lock.acquireIf(false);',
  },
  caughtAs: 'race',
});

export const linksAfterTheRelease = twin({
  name: 'a sheaf that is put in is linked when the lock is released already',
  claim: 'barn/sheavesChangeHands',
  patch: {
    file: BARN_FILE,
    find: 'const room = words.loadPlain(count) < this._maxSheaves;',
    replace: 'const room = words.loadPlain(count) < this._maxSheaves; this._lock.release();',
  },
  caughtAs: 'race',
});

export const takesTheWholeList = twin({
  name: 'a sheaf that is taken takes those behind it with it',
  claim: 'barn/sheavesChangeHands',
  patch: {
    file: BARN_FILE,
    find: 'words.storePlain(head, words.loadPlain(sheaf + SHEAF.next));',
    replace: 'words.storePlain(head, 0);',
  },
  caughtAs: 'assertion',
});

export const trustsItsFirstLook = twin({
  name: 'whether there is room is not looked at again under the lock',
  claim: 'barn/fillsUpOnce',
  patch: {
    file: BARN_FILE,
    find: 'const room = words.loadPlain(count) < this._maxSheaves;',
    replace: 'const room = true;',
  },
  caughtAs: 'assertion',
});

export const oneTooMany = twin({
  name: 'the barn has room for one sheaf more than it is given',
  claim: 'barn/fillsUpOnce',
  patch: [
    {
      file: BARN_FILE,
      find: 'words.loadPlain(count) >= this._maxSheaves',
      replace: 'words.loadPlain(count) > this._maxSheaves',
    },
    {
      file: BARN_FILE,
      find: 'words.loadPlain(count) < this._maxSheaves',
      replace: 'words.loadPlain(count) <= this._maxSheaves',
    },
  ],
  caughtAs: 'assertion',
});

export const saysItIsIn = twin({
  name: 'a sheaf for which there is no room any more is said to be in the barn',
  claim: 'barn/fillsUpOnce',
  patch: {
    file: BARN_FILE,
    find: 'this._lock.release(); return room;',
    replace: 'this._lock.release(); return true;',
  },
  caughtAs: 'assertion',
});

export const staysLocked = twin({
  name: 'who finds no room under the lock goes away with it',
  claim: 'barn/fillsUpOnce',
  patch: { file: BARN_FILE, find: 'if (room) {', replace: 'if (!room) return false; {' },
  caughtAs: 'error',
});

export const takesWhatIsNotThere = twin({
  name: 'whether a sheaf is there is not looked at again under the lock',
  claim: 'barn/lastFullSheaf',
  patch: { file: BARN_FILE, find: 'if (sheaf !== 0) {', replace: '{' },
  caughtAs: 'assertion',
});

export const goesInWhereItIsBusy = twin({
  name: 'who may not spin goes on where the lock was busy',
  claim: 'barn/lastFullSheaf',
  patch: {
    file: 'src/locks/raw-spin-lock.ts',
    find: 'if (!maySpin) return this.tryAcquire();',
    replace: 'if (!maySpin) return this.tryAcquire() || true;',
  },
  caughtAs: 'race',
});

export const keepsWhatItGaveAway = twin({
  name: 'main goes to the barn and stays main',
  claim: 'barn/objectsThroughTheBarn',
  patch: {
    file: CACHE_FILE,
    find: 'words.storePlain(this._slot + CACHE_SLOT.inHand, empty); return true;',
    replace: 'return true;',
  },
  caughtAs: 'assertion',
});

export const fillsBehindTheBarn = twin({
  name: 'the object that did not fit is put into the sheaf that the barn has by then',
  claim: 'barn/objectsThroughTheBarn',
  patch: {
    file: CACHE_FILE,
    find: 'if (empty !== 0 && this._replaceFull(empty, spare, maySpin)) { putObject(words, empty, object);',
    replace:
      'const before = words.loadPlain(this._slot + CACHE_SLOT.inHand); if (empty !== 0 && this._replaceFull(empty, spare, maySpin)) { putObject(words, before, object);',
  },
  caughtAs: 'assertion',
});

export const dropsTheEmptySheaf = twin({
  name: 'the empty sheaf that was to be main is let go of, where the barn has no room for main',
  claim: 'barn/flushesAgainstAllocation',
  patch: { file: CACHE_FILE, find: 'if (empty !== 0) this.putEmptySheaf(empty, maySpin);', replace: '' },
  caughtAs: 'assertion',
});

export const fillsWithoutTheLock = twin({
  name: 'a sheaf is filled from the slabs without their lock',
  claim: 'barn/noObjectTwice',
  patch: {
    file: LIST_FILE,
    find: 'if (this._lock.acquireIf(maySpin)) { const discarded = maySpin ? this._drainDeferred() : 0; const wanted',
    replace: '{ const discarded = 0; const wanted',
  },
  caughtAs: 'race',
});

export const leavesTheFreelist = twin({
  name: 'objects that go into a sheaf stay on the freelist of their slab',
  claim: 'barn/noObjectTwice',
  patch: {
    file: LIST_FILE,
    find: 'words.storePlain(descriptor + DESCRIPTOR.freelist, object); words.storePlain(descriptor + DESCRIPTOR.inUse, ++inUse);',
    replace: 'words.storePlain(descriptor + DESCRIPTOR.inUse, ++inUse);',
  },
  caughtAs: 'assertion',
});

export const listsBeforeItLocks = twin({
  name: 'a new slab is listed before the lock is had',
  claim: 'barn/noObjectTwice',
  patch: [
    {
      file: LIST_FILE,
      find: 'if (page === 0) return false;',
      replace: 'if (page === 0) return false; this._list(page);',
    },
    {
      file: LIST_FILE,
      find: 'this._list(page); return true;',
      replace: 'return true;',
    },
  ],
  caughtAs: 'race',
});

export const discardsWhatIsListed = twin({
  name: 'a slab that is given back stays on the partial list',
  claim: 'barn/slabGoesAgainstAllocation',
  patch: {
    file: LIST_FILE,
    find: 'this._unlist(page); this._count(CACHE.emptySlabs, -1); this._count(CACHE.slabs, -1);',
    replace: 'this._count(CACHE.emptySlabs, -1); this._count(CACHE.slabs, -1);',
  },
  caughtAs: 'race',
});

export const discardsUnderTheListAlone = twin({
  name: 'a slab is taken off the list when the lock is released already',
  claim: 'barn/slabGoesAgainstAllocation',
  patch: {
    file: LIST_FILE,
    find: 'for (let left = count; left > 0; left--) { discarded',
    replace: 'this._lock.release(); for (let left = count; left > 0; left--) { discarded',
  },
  caughtAs: 'race',
});

export const flushesWithoutTheLock = twin({
  name: 'a sheaf is flushed to its slabs without their lock',
  claim: 'barn/flushesAgainstAllocation',
  patch: {
    file: LIST_FILE,
    find: 'if (!this._lock.acquireToGive(maySpin)) return this._deferred.pushAllOf(sheaf);',
    replace: '',
  },
  caughtAs: 'race',
});

export const flushesAndKeeps = twin({
  name: 'objects that are flushed stay in the sheaf',
  claim: 'barn/flushesAgainstAllocation',
  patch: {
    file: LIST_FILE,
    find: 'left - 1), discarded); words.storePlain(sheaf + SHEAF.count, left - 1);',
    replace: 'left - 1), discarded);',
  },
  caughtAs: 'assertion',
});

export const takesTheEmptyByItsFirstLook = twin({
  name: 'the empty sheaf that was seen before the lock is the one that is taken',
  claim: 'barn/lastEmptySheaf',
  patch: [
    {
      file: BARN_FILE,
      find: 'if (words.loadPlain(head) === 0 || !this._lock.acquireIf(maySpin)) return 0; const sheaf = words.loadPlain(head);',
      replace:
        'const sheaf = words.loadPlain(head); if (sheaf === 0 || !this._lock.acquireIf(maySpin)) return 0;',
    },
  ],
  caughtAs: 'assertion',
});

export const countsDown = twin({
  name: 'a sheaf that is taken is still counted',
  claim: 'barn/lastEmptySheaf',
  patch: {
    file: BARN_FILE,
    find: 'words.storePlain(this._record + countWord, words.loadPlain(this._record + countWord) - 1);',
    replace: '',
  },
  caughtAs: 'assertion',
});
