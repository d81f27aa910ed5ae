/** Orphans with one line wrong: one is lost, taken over twice, or freed too early. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/slab/orphans.ts';
const TAKES = 'if (this.objects() === 0 || !this._lock.tryAcquire()) return;';

export const adoptsWithoutTheLock = twin({
  name: 'adopt() does not take the lock',
  claim: 'orphans/twoAdoptAtOnce',
  patch: { file: FILE, find: TAKES, replace: 'if (this.objects() === 0) return;' },
  caughtAs: 'race',
});

export const adoptsWithoutTheLockWhileAnotherLeaves = twin({
  name: 'adopt() does not take the lock, and another thread leaves meanwhile',
  claim: 'orphans/adoptsWhileAnotherLeaves',
  patch: { file: FILE, find: TAKES, replace: 'if (this.objects() === 0) return;' },
  caughtAs: 'race',
});

export const putsWithoutTheLock = twin({
  name: 'put() does not take the lock',
  claim: 'orphans/twoLeaveAtOnce',
  patch: { file: FILE, find: 'if (!this._lock.acquireIf(maySpin)) return false;', replace: '' },
  caughtAs: 'race',
});

export const putsOnlyWhereTheLockIsFree = twin({
  name: 'put() leaves nothing where the lock is taken',
  claim: 'orphans/twoLeaveAtOnce',
  patch: {
    file: FILE,
    find: 'if (!this._lock.acquireIf(maySpin)) return false;',
    replace: 'if (!this._lock.tryAcquire()) return true;',
  },
  caughtAs: 'assertion',
});

export const emptiesTheCountAfterTheRelease = twin({
  name: 'adopt() takes the count to 0 when others may have put something there already',
  claim: 'orphans/adoptsWhileAnotherLeaves',
  patch: {
    file: FILE,
    find: 'words.storePlain(HEADER.orphanObjects, 0);\n    this._lock.release();',
    replace: 'this._lock.release();\n    words.storePlain(HEADER.orphanObjects, 0);',
  },
  caughtAs: 'assertion',
});

export const emptiesTheListAfterTheRelease = twin({
  name: 'adopt() empties the list of sheaves after it has released the lock',
  claim: 'orphans/twoAdoptAtOnce',
  patch: [
    { file: FILE, find: 'words.storePlain(HEADER.orphanSheaves, 0);', replace: '' },
    {
      file: FILE,
      find: 'while (sheaf !== 0) {',
      replace: 'words.storePlain(HEADER.orphanSheaves, 0); while (sheaf !== 0) {',
    },
  ],
  caughtAs: 'race',
});

export const forgetsWhatWasThere = twin({
  name: 'put() replaces what other threads have left',
  claim: 'orphans/twoLeaveAtOnce',
  patch: { file: FILE, find: 'words.storePlain(last + nextWord, words.loadPlain(headWord));', replace: '' },
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
    find: 'adoptSheaf(sheaf) { this._append(sheaf);',
    replace:
      'adoptSheaf(sheaf) { this._append(sheaf); this._words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.sequence() & ~3);',
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
    find: 'adoptSheaf(sheaf) { this._append(sheaf);',
    replace:
      'adoptSheaf(sheaf) { this._append(sheaf); this._words.storePlain(sheaf + SHEAF.cookie, (this._gracePeriod.sequence() | 3) + 1);',
  },
  caughtAs: 'race',
});

export const adoptedHeadCountsOnTheRunningGracePeriod = twin({
  name: 'heads are numbered with the end of the grace period that runs, whoever queued them',
  claim: 'orphans/adoptedHeadWaits',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'const cookie = this._gracePeriod.snap();',
    replace: 'const cookie = (this._gracePeriod.sequence() | 3) + 1;',
  },
  caughtAs: 'race',
});

export const adoptedSheafIsDoneAtOnce = twin({
  name: 'a sheaf that is taken over at the moment waits for no grace period',
  claim: 'orphans/sheafOfALeaverWaits',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'adoptSheaf(sheaf) { this._append(sheaf);',
    replace:
      'adoptSheaf(sheaf) { this._append(sheaf); this._words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.sequence() & ~3);',
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
    find: 'this._sealSheaf(id); this._orphans',
    replace: 'this._orphans',
  },
  caughtAs: 'assertion',
});

export const abandonsWithoutTheHeads = twin({
  name: 'a thread leaves its heads behind',
  claim: 'orphans/adoptsWhileAnotherLeaves',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'this._orphans.put(sheaves, this._callbacks.first(), objects + heads, maySpin)',
    replace: 'this._orphans.put(sheaves, 0, objects, maySpin)',
  },
  caughtAs: 'assertion',
});
