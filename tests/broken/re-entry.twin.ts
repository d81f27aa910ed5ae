/** What a hook finds that comes back into the allocator, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const CACHE_FILE = 'src/slab/slab-cache.ts';
const LIST_FILE = 'src/slab/slab-list.ts';
const KFREE_RCU_FILE = 'src/slab/kfree-rcu.ts';
const TAKE_IN_HAND = 'words.storePlain(this._slot + CACHE_SLOT.main, HEADER.bootstrapSheaf);';
const IS_INSIDE = 'if (words.loadPlain(this._slot + CACHE_SLOT.inHand) !== 0)';

export const leavesTheMain = twin({
  name: 'a slow path leaves the main sheaf where it was, and the hook takes out of it',
  claim: 're-entry/duringFlush',
  patch: { file: CACHE_FILE, find: TAKE_IN_HAND, replace: '' },
  caughtAs: 'assertion',
});

export const doesNotDefer = twin({
  name: 'a free that finds a sheaf in hand lets go of its object',
  claim: 're-entry/duringFlush',
  patch: { file: CACHE_FILE, find: 'this.slabs.defer(object); this._count(', replace: 'this._count(' },
  caughtAs: 'assertion',
});

export const allocatesInside = twin({
  name: 'an allocation that finds a sheaf in hand takes the slow path all the same',
  claim: 're-entry/duringFill',
  patch: { file: CACHE_FILE, find: `${IS_INSIDE} return 0; // No lock`, replace: '// No lock' },
  caughtAs: 'error',
});

export const freesInside = twin({
  name: 'a free that finds a sheaf in hand takes the slow path all the same',
  claim: 're-entry/duringFill',
  patch: {
    file: CACHE_FILE,
    find: `${IS_INSIDE} { this.slabs.defer(object); this._count(SLOT.objectsDeferred, 1); return; }`,
    replace: '',
  },
  caughtAs: 'error',
});

export const keepsTheOldMain = twin({
  name: 'what a slow path has put in hand does not become main',
  claim: 're-entry/duringBarnTake',
  patch: {
    file: CACHE_FILE,
    find: 'words.storePlain(this._slot + CACHE_SLOT.main, words.loadPlain(this._slot + CACHE_SLOT.inHand));',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const leavesTheMainForTheBarn = twin({
  name: 'a slow path leaves the main sheaf where it was while it takes another from the barn',
  claim: 're-entry/duringBarnTake',
  patch: { file: CACHE_FILE, find: TAKE_IN_HAND, replace: '' },
  caughtAs: 'assertion',
});

export const fillsWhatIsInHand = twin({
  name: 'a free that finds a sheaf in hand puts its object there',
  claim: 're-entry/duringBarnPut',
  patch: {
    file: CACHE_FILE,
    find: 'this.slabs.defer(object); this._count(',
    replace: 'putObject(words, words.loadPlain(this._slot + CACHE_SLOT.inHand), object); this._count(',
  },
  caughtAs: 'assertion',
});

export const putsMainInTheBarn = twin({
  name: 'a slow path leaves the main sheaf where it was while it puts it into the barn',
  claim: 're-entry/duringBarnPut',
  patch: { file: CACHE_FILE, find: TAKE_IN_HAND, replace: '' },
  caughtAs: 'error',
});

export const spinsUnderItsOwnLock = twin({
  name: 'a hook waits for the lock of the zone, which its own thread has',
  claim: 're-entry/duringNewSlab',
  patch: { file: 'src/locks/raw-spin-lock.ts', find: 'if (!maySpin) return this.tryAcquire();', replace: '' },
  caughtAs: 'error',
});

export const makesASlabInside = twin({
  name: 'an allocation that finds a sheaf in hand fills another, where its thread is about to fill that one',
  claim: 're-entry/duringNewSlab',
  patch: { file: CACHE_FILE, find: `${IS_INSIDE} return 0; // No lock`, replace: '// No lock' },
  caughtAs: 'error',
});

export const mustHaveASheaf = twin({
  name: 'an object is handed out with a sheaf for the next, whether that sheaf was to be had or not',
  claim: 're-entry/duringNewSheaf',
  patch: { file: CACHE_FILE, find: 'if (sheaf === 0) return; this', replace: 'this' },
  caughtAs: 'error',
});

export const spinsForASheaf = twin({
  name: 'a hook waits for the slabs of sheaves, which its own thread has locked',
  claim: 're-entry/duringNewSheaf',
  patch: {
    file: LIST_FILE,
    find: 'const maySpin = allowSpinning(gfp); if (!this._lock.acquireIf(maySpin)) return 0;',
    replace: 'const maySpin = allowSpinning(gfp); this._lock.acquire();',
  },
  caughtAs: 'error',
});

export const postsInside = twin({
  name: 'a hook that defers a free gets a sheaf of its own, though its thread is about to install one',
  claim: 're-entry/duringPost',
  patch: { file: KFREE_RCU_FILE, find: 'if (!this._lock.tryAcquire()) return false; try', replace: 'try' },
  caughtAs: 'assertion',
});

export const losesWhatIsPostedInside = twin({
  name: 'what a hook frees after a grace period, and no sheaf takes, is let go of',
  claim: 're-entry/duringPost',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'if (!this._beginSheaf(p, id)) {',
    replace: 'if (!(this._beginSheaf(p, id) || true)) {',
  },
  caughtAs: 'assertion',
});
