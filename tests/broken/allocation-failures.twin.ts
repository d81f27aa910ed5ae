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
    find: 'return this._slabs.fill(main, gfp) === 0 ? 0 : this._pop(main);',
    replace: 'this._slabs.fill(main, gfp); return this._pop(main);',
  },
  caughtAs: 'error',
});

export const givesUpWithTheLock = twin({
  name: 'who gets no page for a new slab goes away with the lock',
  claim: 'allocation-failures/kmallocFails',
  patch: {
    file: LIST_FILE,
    find: 'if (start === 0) return false;',
    replace: 'if (start === 0) { this._lock.acquire(); return false; }',
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
  patch: { file: LIST_FILE, find: 'this._release(page, false); return false;', replace: 'return false;' },
  caughtAs: 'assertion',
});

export const needsASheaf = twin({
  name: 'without a sheaf there is no object',
  claim: 'allocation-failures/kmallocNeedsNoSheaf',
  patch: {
    file: CACHE_FILE,
    find: 'if (main === 0) return this._slabs.takeOne(gfp);',
    replace: 'if (main === 0) return 0;',
  },
  caughtAs: 'assertion',
});

export const usesTheSheafThatIsNot = twin({
  name: 'the sheaf that could not be made becomes main',
  claim: 'allocation-failures/kmallocNeedsNoSheaf',
  patch: {
    file: CACHE_FILE,
    find: 'if (fresh !== 0) this._words.storePlain(this._slot + CACHE_SLOT.main, fresh);',
    replace: 'this._words.storePlain(this._slot + CACHE_SLOT.main, fresh);',
  },
  caughtAs: 'assertion',
});

export const initsNoSheaf = twin({
  name: 'a sheaf that could not be had is written all the same',
  claim: 'allocation-failures/kmallocNeedsNoSheaf',
  patch: { file: 'src/slab/sheaf-source.ts', find: 'if (sheaf === 0) return 0;', replace: '' },
  caughtAs: 'assertion',
});

export const dropsTheObject = twin({
  name: 'an object that is freed by a thread without a sheaf is let go of',
  claim: 'allocation-failures/kfreeNeedsNoMemory',
  patch: { file: CACHE_FILE, find: 'this._slabs.putOne(object); return;', replace: 'return;' },
  caughtAs: 'assertion',
});

export const givesMainForNothing = twin({
  name: 'main goes to the barn though there is no empty sheaf to be main',
  claim: 'allocation-failures/kfreeNeedsNoMemory',
  patch: {
    file: CACHE_FILE,
    find: 'else if (empty === 0 || !this._barn.putFull(main, true)) {',
    replace: 'else if (!this._barn.putFull(main, true)) {',
  },
  caughtAs: 'error',
});

export const flushesIntoTheOldMain = twin({
  name: 'main is flushed, and the object that did not fit is let go of',
  claim: 'allocation-failures/kfreeNeedsNoMemory',
  patch: { file: CACHE_FILE, find: 'this._push(main, object); return;', replace: 'return;' },
  caughtAs: 'assertion',
});

export const waitsInNoSheaf = twin({
  name: 'an object waits in a sheaf that could not be had',
  claim: 'allocation-failures/kfreeRcuNeedsNoMemory',
  patch: { file: KFREE_RCU_FILE, find: 'if (empty !== 0) {', replace: '{' },
  caughtAs: 'assertion',
});

export const forgetsTheOffset = twin({
  name: 'a head does not say where in its object it lies',
  claim: 'allocation-failures/kfreeRcuNeedsNoMemory',
  patch: {
    file: KFREE_RCU_FILE,
    find: 'this._callbacks.enqueue(p + headOffset, headOffset);',
    replace: 'this._callbacks.enqueue(p + headOffset, 0);',
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
  patch: { file: KFREE_RCU_FILE, find: 'this._callbacks.enqueue(p + headOffset, headOffset);', replace: '' },
  caughtAs: 'assertion',
});
