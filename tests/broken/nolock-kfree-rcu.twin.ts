/** Deferred frees of a thread that may neither wait nor spin, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const KFREE_RCU_FILE = 'src/slab/kfree-rcu.ts';
const GRACE_PERIOD_FILE = 'src/rcu/grace-period.ts';
const RESERVE_FILE = 'src/slab/sheaf-reserve.ts';

export const waitsForNoReader = twin({
  name: 'a grace period ends though a turn is open that was open when it began',
  claim: 'nolock-kfree-rcu/waitsForReaders',
  patch: {
    file: GRACE_PERIOD_FILE,
    find: 'if (this._turnOf(slot) === noted) quiescent = false; else',
    replace: '',
  },
  caughtAs: 'race',
});

export const freesAsIfItMightSpin = twin({
  name: 'a thread that may not spin frees what is done as one that may',
  claim: 'nolock-kfree-rcu/waitsForReaders',
  patch: {
    file: KFREE_RCU_FILE,
    find: 'const maySpin = allowSpinning(this._rights.most()); const most',
    replace: 'const maySpin = true; const most',
  },
  caughtAs: 'assertion',
});

export const waitsToDrive = twin({
  name: 'whoever drives a grace period waits for the other that does',
  claim: 'nolock-kfree-rcu/drivesBesideAnother',
  patch: {
    file: GRACE_PERIOD_FILE,
    find: 'if (!this._lock.tryAcquire()) return false;',
    replace: 'this._lock.acquire();',
  },
  caughtAs: 'assertion',
});

export const drivesTogether = twin({
  name: 'two drive a grace period at once',
  claim: 'nolock-kfree-rcu/drivesBesideAnother',
  patch: {
    file: GRACE_PERIOD_FILE,
    find: 'if (!this._lock.tryAcquire()) return false;',
    replace: 'this._lock.tryAcquire();',
  },
  caughtAs: 'race',
});

export const forgetsTheHeads = twin({
  name: 'what waits through its own head is not freed where nothing may spin',
  claim: 'nolock-kfree-rcu/goesByItsHead',
  patch: {
    file: KFREE_RCU_FILE,
    find: 'heads < most * MAX_SHEAF_CAPACITY;',
    replace: 'maySpin && heads < most * MAX_SHEAF_CAPACITY;',
  },
  caughtAs: 'assertion',
});

export const freesTheHead = twin({
  name: 'the address of the head is freed, not that of the object',
  claim: 'nolock-kfree-rcu/goesByItsHead',
  patch: {
    file: KFREE_RCU_FILE,
    find: 'this._kmalloc.free(head - words.loadPlain(head + RCU_HEAD.func));',
    replace: 'this._kmalloc.free(head);',
  },
  caughtAs: 'error',
});

export const countsNoCarvedSlab = twin({
  name: 'a slab of sheaves that was made without a lock is counted nowhere',
  claim: 'nolock-kfree-rcu/carvesItsSheaves',
  patch: { file: RESERVE_FILE, find: 'this._add(SLOT.carvedSlabs, 1);', replace: '' },
  caughtAs: 'assertion',
});

export const leavesTheFirstSheaf = twin({
  name: 'a sheaf that is taken out of those set aside is set aside still',
  claim: 'nolock-kfree-rcu/carvesItsSheaves',
  patch: {
    file: RESERVE_FILE,
    find: 'words.storePlain(this._slot + SLOT.reservedHead, words.loadPlain(sheaf + SHEAF.next));',
    replace: '',
  },
  caughtAs: 'assertion',
});
