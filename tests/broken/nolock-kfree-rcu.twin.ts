/** Deferred frees of a thread that may neither wait nor spin, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const GRACE_PERIOD_FILE = 'src/rcu/grace-period.ts';
const WAITING_FILE = 'src/slab/waiting-sheaves.ts';
const RESERVE_FILE = 'src/slab/sheaf-reserve.ts';

export const waitsForNoReader = twin({
  name: 'a grace period ends though a turn is open that was open when it began',
  claim: 'nolock-kfree-rcu/waitsForReaders',
  patch: {
    file: GRACE_PERIOD_FILE,
    find: 'if (this._turnOf(slot) === noted && !this._isDead(slot)) {',
    replace: 'if (this._turnOf(slot) === 0) {',
  },
  caughtAs: 'race',
});

export const freesAsIfItMightSpin = twin({
  name: 'a thread that may not spin frees what is done as one that may',
  claim: 'nolock-kfree-rcu/waitsForReaders',
  patch: {
    file: 'src/slab/done-frees.ts',
    find: 'const { rights, orphans } = this._parts; const maySpin = allowSpinning(rights.most());',
    replace: 'const { orphans } = this._parts; const maySpin = true;',
  },
  caughtAs: 'assertion',
});

export const waitsToDrive = twin({
  name: 'whoever drives a grace period waits for the other that does',
  claim: 'nolock-kfree-rcu/drivesBesideAnother',
  patch: {
    file: GRACE_PERIOD_FILE,
    find: 'if (!this._lock.tryAcquire() && !this._takeOver()) return false;',
    replace: 'this._lock.acquire();',
  },
  caughtAs: 'assertion',
});

export const drivesTogether = twin({
  name: 'two drive a grace period at once',
  claim: 'nolock-kfree-rcu/drivesBesideAnother',
  patch: {
    file: GRACE_PERIOD_FILE,
    find: 'if (!this._lock.tryAcquire() && !this._takeOver()) return false;',
    replace: 'this._lock.tryAcquire();',
  },
  caughtAs: 'race',
});

export const forgetsTheHeads = twin({
  name: 'what waits through its own head is not freed where nothing may spin',
  claim: 'nolock-kfree-rcu/goesByItsHead',
  patch: {
    file: 'src/slab/done-frees.ts',
    find: 'this._freeHeads(most * MAX_SHEAF_CAPACITY);',
    replace: 'if (maySpin) this._freeHeads(most * MAX_SHEAF_CAPACITY);',
  },
  caughtAs: 'assertion',
});

export const freesTheHead = twin({
  name: 'the address of the head is freed, not that of the object',
  claim: 'nolock-kfree-rcu/goesByItsHead',
  patch: {
    file: 'src/slab/done-frees.ts',
    find: 'this._count(SLOT.waitingWords, -this._sizes.of(p)); kmalloc.free(p);',
    replace: 'kmalloc.free(head);',
  },
  caughtAs: 'error',
});

export const countsNoCarvedSlab = twin({
  name: 'a slab of sheaves that was made without a lock is counted nowhere',
  claim: 'nolock-kfree-rcu/carvesItsSheaves',
  patch: {
    file: 'src/slab/slab-list.ts',
    find: 'if (listed === LISTED.carved) this._count(CACHE.slabs, 1);',
    replace: '',
  },
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

export const countsWhatItHasLeft = twin({
  name: 'a thread that leaves its backlog to others counts it all the same',
  claim: 'nolock-kfree-rcu/leavesItsBacklog',
  patch: { file: WAITING_FILE, find: 'words.storePlain(this._slot + SLOT.waitingObjects, 0);', replace: '' },
  caughtAs: 'assertion',
});

export const losesWhatNobodyTakes = twin({
  name: 'a thread that cannot leave its backlog to others has it no more',
  claim: 'nolock-kfree-rcu/leavesItsBacklog',
  patch: {
    file: WAITING_FILE,
    find: 'return orphans.put(this.first(), 0, this.objects(), false, this);',
    replace: 'if (!orphans.put(this.first(), 0, this.objects(), false, this)) this.leaves(); return true;',
  },
  caughtAs: 'assertion',
});

export const spinsToLeaveIt = twin({
  name: 'a thread that leaves its backlog to others waits for the lock of the orphans',
  claim: 'nolock-kfree-rcu/leavesItsBacklog',
  patch: {
    file: WAITING_FILE,
    find: 'return orphans.put(this.first(), 0, this.objects(), false, this);',
    replace: 'return orphans.put(this.first(), 0, this.objects(), true, this);',
  },
  caughtAs: 'assertion',
});
