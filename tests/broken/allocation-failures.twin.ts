/** What is done where a page is not to be had, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const LIST_FILE = 'src/slab/slab-list.ts';
const CACHE_FILE = 'src/slab/slab-cache.ts';
const KFREE_RCU_FILE = 'src/slab/kfree-rcu.ts';

export const fillsFromNothing = twin({
  name: 'a sheaf is filled as if a slab had been made, with no slab and without the lock',
  claim: 'allocation-failures/kmallocFails',
  patch: {
    file: LIST_FILE,
    find: 'if (count !== 0 || !this._growAndLock(gfp)) return count;',
    replace: 'if (count !== 0) return count; this._growAndLock(gfp);',
  },
  caughtAs: 'race',
});

export const popsFromNothing = twin({
  name: 'an object is taken out of a sheaf that could not be filled',
  claim: 'allocation-failures/kmallocFails',
  patch: {
    file: CACHE_FILE,
    find: 'if (this.slabs.fill(main, gfp) === 0) return 0;',
    replace: 'this.slabs.fill(main, gfp);',
  },
  caughtAs: 'error',
});

export const givesUpWithTheLock = twin({
  name: 'who gets no page for a new slab goes away with the lock',
  claim: 'allocation-failures/kmallocFails',
  patch: {
    file: LIST_FILE,
    find: 'if (page === 0) return false;',
    replace: 'if (page === 0) { this._lock.acquire(); return false; }',
  },
  caughtAs: 'error',
});

export const takesFromNoSlab = twin({
  name: 'one object is taken as if a slab had been made',
  claim: 'allocation-failures/kmallocNeedsNoSheaf',
  patch: {
    file: LIST_FILE,
    find: 'if (object !== 0 || !this._growAndLock(gfp)) return object;',
    replace: 'if (object !== 0) return object; this._growAndLock(gfp);',
  },
  caughtAs: 'assertion',
});

export const dropsTheFreshSlab = twin({
  name: 'a fresh slab is let go of, where the lock is busy and nothing may spin',
  claim: 'allocation-failures/kmallocNolockFails',
  patch: {
    file: LIST_FILE,
    find: 'if (!isMine) this._slabPages.release(page, false);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const needsASheaf = twin({
  name: 'without a sheaf there is no object',
  claim: 'allocation-failures/kmallocNeedsNoSheaf',
  patch: {
    file: CACHE_FILE,
    find: 'this._beginSheaf(gfp);',
    replace:
      'this._beginSheaf(gfp); if (this._words.loadPlain(this._slot + CACHE_SLOT.inHand) === HEADER.bootstrapSheaf) return 0;',
  },
  caughtAs: 'assertion',
});

export const usesTheSheafThatIsNot = twin({
  name: 'the sheaf that could not be made becomes main',
  claim: 'allocation-failures/kmallocNeedsNoSheaf',
  patch: {
    file: CACHE_FILE,
    find: 'if (sheaf === 0) return;',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const initsNoSheaf = twin({
  name: 'a sheaf that could not be had is written all the same',
  claim: 'allocation-failures/kmallocNeedsNoSheaf',
  patch: {
    file: 'src/slab/sheaf-source.ts',
    find: 'if (sheaf !== 0) this.dedicate(',
    replace: 'this.dedicate(',
  },
  caughtAs: 'assertion',
});

export const dropsTheObject = twin({
  name: 'an object that is freed by a thread without a sheaf is let go of',
  claim: 'allocation-failures/kfreeNeedsNoMemory',
  patch: {
    file: CACHE_FILE,
    find: 'else if (!this.slabs.putOne(object, maySpin)) {',
    replace: 'else if (false) {',
  },
  caughtAs: 'assertion',
});

export const givesMainForNothing = twin({
  name: 'main goes to the barn though there is no empty sheaf to be main',
  claim: 'allocation-failures/kfreeNeedsNoMemory',
  patch: {
    file: CACHE_FILE,
    find: 'if (empty !== 0 && this._replaceFull(',
    replace: 'if (this._replaceFull(',
  },
  caughtAs: 'error',
});

export const flushesIntoTheOldMain = twin({
  name: 'main is flushed, and the object that did not fit is let go of',
  claim: 'allocation-failures/kfreeNeedsNoMemory',
  patch: {
    file: CACHE_FILE,
    find: 'this._flushSheaf(main, true); putObject(words, main, object);',
    replace: 'this._flushSheaf(main, true);',
  },
  caughtAs: 'assertion',
});

export const waitsInNoSheaf = twin({
  name: 'an object waits in a sheaf that could not be had',
  claim: 'allocation-failures/kfreeRcuNeedsNoMemory',
  patch: { file: KFREE_RCU_FILE, find: 'if (empty === 0) return false;', replace: '' },
  caughtAs: 'assertion',
});

export const forgetsTheOffset = twin({
  name: 'a head does not say where in its object it lies',
  claim: 'allocation-failures/kfreeRcuNeedsNoMemory',
  patch: {
    file: KFREE_RCU_FILE,
    find: 'this._heads.enqueue(p + headOffset, headOffset);',
    replace: 'this._heads.enqueue(p + headOffset, 0);',
  },
  caughtAs: 'error',
});

export const replacesTheFullSheaf = twin({
  name: 'a full sheaf of waiting objects is replaced before it is sealed',
  claim: 'allocation-failures/kfreeRcuNeedsNoMemory',
  patch: { file: KFREE_RCU_FILE, find: 'this._sealSheaf(id); const empty', replace: 'const empty' },
  caughtAs: 'assertion',
});

export const queuesNothing = twin({
  name: 'an object for which there is no sheaf is let go of',
  claim: 'allocation-failures/kfreeRcuNeedsNoMemory',
  patch: { file: KFREE_RCU_FILE, find: 'this._heads.enqueue(p + headOffset, headOffset);', replace: '' },
  caughtAs: 'assertion',
});

export const triesItsOwnTwice = twin({
  name: 'an object of the next larger class is written off where it was had',
  claim: 'allocation-failures/kmallocNolockTriesTwice',
  patch: {
    file: 'src/slab/kmalloc.ts',
    find: 'object = this.allocFrom(id + 1, gfp);',
    replace: 'this.allocFrom(id + 1, gfp);',
  },
  caughtAs: 'assertion',
});

export const forgetsTheSlab = twin({
  name: 'a slab that could not be listed, where nothing may spin, is let go of',
  claim: 'allocation-failures/kmallocNolockTriesTwice',
  patch: {
    file: LIST_FILE,
    find: 'if (!isMine) this._slabPages.release(page, false);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsTheCharge = twin({
  name: 'what was charged for an object that is not to be had stays charged',
  claim: 'allocation-failures/chargesNothing',
  patch: {
    file: 'src/slab/accounted-objects.ts',
    find: 'if (inHand !== 0) charges.uncharge(frame, record, inHand);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsTheChargeOfPages = twin({
  name: 'what was charged for pages that are not to be had stays charged',
  claim: 'allocation-failures/chargesNothing',
  patch: {
    file: 'src/pages/page-allocator.ts',
    find: 'if (inHand !== 0) charges.uncharge(frame, record, inHand);',
    replace: '',
  },
  caughtAs: 'assertion',
});
