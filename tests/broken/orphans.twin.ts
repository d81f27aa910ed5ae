/** Orphans with one line wrong: one is lost, taken over twice, or freed too early. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/rcu/orphans.ts';
const TAKES = 'if (this._stopped || !this.hasNews() || !this._tryAcquire()) return;';

export const adoptsWithoutTheLock = twin({
  name: 'adopt() does not take the lock',
  claim: 'orphans/twoAdoptAtOnce',
  patch: { file: FILE, find: TAKES, replace: 'if (this._stopped || !this.hasNews()) return;' },
  caughtAs: 'race',
});

export const adoptsWithoutTheLockWhileAnotherLeaves = twin({
  name: 'adopt() does not take the lock, and another thread leaves meanwhile',
  claim: 'orphans/adoptsWhileAnotherLeaves',
  patch: { file: FILE, find: TAKES, replace: 'if (this._stopped || !this.hasNews()) return;' },
  caughtAs: 'race',
});

export const putsWithoutTheLock = twin({
  name: 'put() does not take the lock',
  claim: 'orphans/twoLeaveAtOnce',
  patch: { file: FILE, find: 'if (!this._acquireIf(maySpin)) return false;', replace: '' },
  caughtAs: 'race',
});

export const putsOnlyWhereTheLockIsFree = twin({
  name: 'put() leaves nothing where the lock is taken',
  claim: 'orphans/twoLeaveAtOnce',
  patch: {
    file: FILE,
    find: 'if (!this._acquireIf(maySpin)) return false;',
    replace: 'if (!this._tryAcquire()) return true;',
  },
  caughtAs: 'assertion',
});

export const emptiesTheCountAfterTheRelease = twin({
  name: 'adopt() takes the count to 0 when others may have put something there already',
  claim: 'orphans/adoptsWhileAnotherLeaves',
  patch: [
    { file: FILE, find: 'if (objects !== 0) words.store(HEADER.orphanObjects, 0);', replace: '' },
    {
      file: FILE,
      find: 'this._seen = words.loadPlain(HEADER.migrations); this._lock.release();',
      replace:
        'this._seen = words.loadPlain(HEADER.migrations); this._lock.release(); ' +
        'if (objects !== 0) words.store(HEADER.orphanObjects, 0);',
    },
  ],
  caughtAs: 'assertion',
});

export const leavesTheHeads = twin({
  name: 'adopt() leaves the list of heads as it was, for the next to take over as well',
  claim: 'orphans/adoptedHeadWaits',
  patch: { file: FILE, find: 'words.storePlain(HEADER.orphanHeads, 0);', replace: '' },
  caughtAs: 'assertion',
});

export const forgetsWhatWasThere = twin({
  name: 'put() replaces what other threads have left',
  claim: 'orphans/twoLeaveAtOnce',
  patch: { file: FILE, find: 'words.storePlain(lastNext, words.loadPlain(headWord));', replace: '' },
  caughtAs: 'assertion',
});

export const countsOnlyItsOwn = twin({
  name: 'put() replaces the number of what other threads have left',
  claim: 'orphans/twoLeaveAtOnce',
  patch: { file: FILE, find: 'words.loadPlain(HEADER.orphanObjects) + objects', replace: 'objects' },
  caughtAs: 'assertion',
});

export const adoptedSheafIsDone = twin({
  name: 'a sheaf that is taken over waits for no grace period',
  claim: 'orphans/adoptedSheafWaits',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'adoptSheaf(sheaf) { this._waiting.append(sheaf);',
    replace:
      'adoptSheaf(sheaf) { this._waiting.append(sheaf); this._words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.sequence() & ~3);',
  },
  caughtAs: 'race',
});

export const adoptedHeadIsDone = twin({
  name: 'heads that are taken over count as done',
  claim: 'orphans/adoptedHeadWaits',
  patch: {
    file: 'src/rcu/callback-list.ts',
    find: 'this._append(first, last, count);',
    replace: 'this._append(first, last, count); for (let s = DONE; s < NEXT; s++) this._setTail(s, last);',
  },
  caughtAs: 'race',
});

export const adoptedHeadJoinsWait = twin({
  name: 'heads that are taken over join those that wait, with the number that stands there',
  claim: 'orphans/adoptedHeadWaits',
  patch: {
    file: 'src/rcu/callback-list.ts',
    find: 'this._append(first, last, count);',
    replace: 'this._append(first, last, count); this._setTail(WAIT, last); this._setTail(NEXT_READY, last);',
  },
  caughtAs: 'race',
});

export const adoptedSheafCountsOnTheRunningGracePeriod = twin({
  name: 'a sheaf that is taken over counts on the grace period that runs',
  claim: 'orphans/adoptedSheafWaits',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'adoptSheaf(sheaf) { this._waiting.append(sheaf);',
    replace:
      'adoptSheaf(sheaf) { this._waiting.append(sheaf); this._words.storePlain(sheaf + SHEAF.cookie, (this._gracePeriod.sequence() | 3) + 1);',
  },
  caughtAs: 'race',
});

export const adoptedHeadCountsOnTheRunningGracePeriod = twin({
  name: 'heads are numbered with the end of the grace period that runs, whoever queued them',
  claim: 'orphans/adoptedHeadWaits',
  patch: {
    file: 'src/rcu/rcu-driver.ts',
    find: 'const cookie = gracePeriod.snap();',
    replace: 'const cookie = (gracePeriod.sequence() | 3) + 1;',
  },
  caughtAs: 'race',
});

export const adoptedSheafIsDoneAtOnce = twin({
  name: 'a sheaf that is taken over at the moment waits for no grace period',
  claim: 'orphans/sheafOfALeaverWaits',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'adoptSheaf(sheaf) { this._waiting.append(sheaf);',
    replace:
      'adoptSheaf(sheaf) { this._waiting.append(sheaf); this._words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.sequence() & ~3);',
  },
  caughtAs: 'race',
});

export const adoptedHeadIsDoneAtOnce = twin({
  name: 'heads that are taken over at the moment count as done',
  claim: 'orphans/headOfALeaverWaits',
  patch: {
    file: 'src/rcu/callback-list.ts',
    find: 'this._append(first, last, count);',
    replace: 'this._append(first, last, count); for (let s = DONE; s < NEXT; s++) this._setTail(s, last);',
  },
  caughtAs: 'race',
});

export const leavesWhatIsInHand = twin({
  name: 'a thread leaves without sealing what it has in hand',
  claim: 'orphans/adoptsWhileAnotherLeaves',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'for (let id = SHEAF_CACHE; id < this._caches.used(); id++) this._sealSheaf(id);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const abandonsWithoutTheHeads = twin({
  name: 'a thread leaves its heads behind',
  claim: 'orphans/headOfALeaverWaits',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'this._orphans.put(this._waiting.first(), this._heads.first(), objects, maySpin, this)',
    replace: 'this._orphans.put(this._waiting.first(), 0, objects, maySpin, this)',
  },
  caughtAs: 'assertion',
});
