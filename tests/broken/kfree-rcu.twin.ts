/** kfreeRcu through sheaves with one line wrong: each frees under a reader. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/slab/kfree-rcu.ts';
const SNAP = 'return ((sequence + 2 * PHASE_MASK + 1) & ~PHASE_MASK) | 0;';

export const countsOnTheRunningGracePeriod = twin({
  name: 'a cookie counts on the grace period that runs already',
  claim: 'kfree-rcu/keepsWhatAReaderFinds',
  patch: { file: 'src/rcu/sequence.ts', find: SNAP, replace: 'return endOf(sequence);' },
  caughtAs: 'race',
});

export const countsOnTheRunningGracePeriodOfAnother = twin({
  name: 'a cookie counts on the grace period that a third thread has started already',
  claim: 'kfree-rcu/othersDrive',
  patch: { file: 'src/rcu/sequence.ts', find: SNAP, replace: 'return endOf(sequence);' },
  caughtAs: 'race',
});

export const takesStartedForDone = twin({
  name: 'a cookie is done when its grace period has started',
  claim: 'kfree-rcu/keepsWhatAReaderFindsAtAnyTime',
  patch: {
    file: 'src/rcu/sequence.ts',
    find: 'return ((sequence - cookie) | 0) >= 0;',
    replace: 'return ((sequence - cookie) | 0) >= -PHASE_MASK;',
  },
  caughtAs: 'race',
});

export const freesWithoutAsking = twin({
  name: 'a sealed sheaf is freed at the next opportunity, whether its grace period is over or not',
  claim: 'kfree-rcu/keepsWhatAReaderFindsAtAnyTime',
  patch: {
    file: 'src/slab/waiting-sheaves.ts',
    find: 'if (sheaf === 0 || !this._gracePeriod.done(this._words.loadPlain(sheaf + SHEAF.cookie))) return 0;',
    replace: 'if (sheaf === 0) return 0;',
  },
  caughtAs: 'race',
});

export const freesAllWhenTheFirstIsDone = twin({
  name: 'all sealed sheaves are freed when the grace period of the first is over',
  claim: 'kfree-rcu/sealedSheafTakesNoMore',
  patch: {
    file: 'src/slab/done-frees.ts',
    find: 'const sheaf = this._waiting.firstDone();',
    replace: 'const sheaf = this._waiting.first();',
  },
  caughtAs: 'race',
});

export const addsToASealedSheaf = twin({
  name: 'a sealed sheaf stays in its place and takes more objects',
  claim: 'kfree-rcu/sealedSheafTakesNoMore',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'this._waiting.append(sheaf); words.storePlain(place, HEADER.bootstrapSheaf);',
    replace: 'this._waiting.append(sheaf);',
  },
  caughtAs: 'assertion',
});

export const takesTheCookieWhenASheafIsBegun = twin({
  name: 'the cookie of a sheaf is taken before its first object, not after its last',
  claim: 'kfree-rcu/cookieComesAfterTheLastObject',
  patch: [
    {
      file: 'src/slab/kfree-rcu.ts',
      find: 'this._words.storePlain(empty, 1);',
      replace:
        'this._words.storePlain(empty, 1); this._words.storePlain(empty + SHEAF.cookie, this._gracePeriod.snap());',
    },
    {
      file: 'src/slab/waiting-sheaves.ts',
      find: 'words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.snap());',
      replace: '',
    },
  ],
  caughtAs: 'race',
});

export const unlinksAfterPosting = twin({
  name: 'the caller unlinks an object after it has posted it',
  claim: 'kfree-rcu/keepsWhatAReaderFinds',
  patch: {
    file: 'tests/interleavings/support/retired-objects.ts',
    find: 'this.kfreeRcu(this.unlink(n), HEAD);',
    replace: 'this.kfreeRcu(this.words.load(rootOf(n)), HEAD); this.drain(); this.unlink(n);',
  },
  caughtAs: 'race',
});

export const freesAtOnceForOthers = twin({
  name: 'a sealed sheaf goes to the barn at the next opportunity, where another thread finds it',
  claim: 'kfree-rcu/othersUseTheMemory',
  patch: {
    file: 'src/slab/waiting-sheaves.ts',
    find: 'if (sheaf === 0 || !this._gracePeriod.done(this._words.loadPlain(sheaf + SHEAF.cookie))) return 0;',
    replace: 'if (sheaf === 0) return 0;',
  },
  caughtAs: 'race',
});

export const drivesWithoutTheLock = twin({
  name: 'two threads drive a grace period at once',
  claim: 'kfree-rcu/postersDriveAtOnce',
  patch: {
    file: 'src/rcu/grace-period.ts',
    find: 'if (!this._lock.tryAcquire() && !this._takeOver()) return false;',
    replace: 'this._lock.tryAcquire();',
  },
  caughtAs: 'race',
});

export const barnTakesBeforeItIsPublished = twin({
  name: 'a sheaf goes to the barn without the lock of the barn',
  claim: 'kfree-rcu/othersUseTheMemory',
  patch: {
    file: 'src/slab/barn.ts',
    find: 'if (words.loadPlain(count) >= this._maxSheaves || !this._lock.acquireToGive(maySpin)) return false;',
    replace: 'if (words.loadPlain(count) >= this._maxSheaves) return false;',
  },
  caughtAs: 'race',
});

export const drivesTwoSheavesWithoutTheLock = twin({
  name: 'two threads drive a grace period at once, for what waits already',
  claim: 'kfree-rcu/driversMeet',
  patch: {
    file: 'src/rcu/grace-period.ts',
    find: 'if (!this._lock.tryAcquire() && !this._takeOver()) return false;',
    replace: 'this._lock.tryAcquire();',
  },
  caughtAs: 'race',
});

export const drivesForItsFirstCookie = twin({
  name: 'the driver drives for the cookie of its first step',
  claim: 'kfree-rcu/sealedSheafTakesNoMore',
  patch: {
    file: 'src/rcu/rcu-driver.ts',
    find: 'const cookie = gracePeriod.snap();',
    replace: 'const cookie = (this._firstCookie ??= gracePeriod.snap());',
  },
  caughtAs: 'assertion',
});

export const replacesAFullSheaf = twin({
  name: 'a full sheaf is replaced and not sealed',
  claim: 'kfree-rcu/fullSheafWaits',
  patch: { file: FILE, find: 'this._sealSheaf(id); const empty', replace: 'const empty' },
  caughtAs: 'assertion',
});

export const fullSheafCountsOnTheRunningGracePeriod = twin({
  name: 'the cookie of a sheaf is taken before its first object, and the sheaf is filled',
  claim: 'kfree-rcu/fullSheafWaits',
  patch: [
    {
      file: 'src/slab/kfree-rcu.ts',
      find: 'this._words.storePlain(empty, 1);',
      replace:
        'this._words.storePlain(empty, 1); this._words.storePlain(empty + SHEAF.cookie, this._gracePeriod.snap());',
    },
    {
      file: 'src/slab/waiting-sheaves.ts',
      find: 'words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.snap());',
      replace: '',
    },
  ],
  caughtAs: 'race',
});

export const blocksCountOnTheRunningGracePeriod = twin({
  name: 'a cookie of blocks counts on the grace period that runs already',
  claim: 'kfree-rcu/keepsABlockThatAReaderFinds',
  patch: {
    file: 'src/rcu/sequence.ts',
    find: 'return ((sequence + 2 * PHASE_MASK + 1) & ~PHASE_MASK) | 0;',
    replace: 'return endOf(sequence);',
  },
  caughtAs: 'race',
});

export const takesTheCookieWhenASheafOfBlocksIsBegun = twin({
  name: 'the cookie of a sheaf of blocks is taken before its first block, not after its last',
  claim: 'kfree-rcu/blocksWaitForTheLast',
  patch: [
    {
      file: FILE,
      find: 'this._words.storePlain(empty, 1);',
      replace:
        'this._words.storePlain(empty, 1); this._words.storePlain(empty + SHEAF.cookie, this._gracePeriod.snap());',
    },
    {
      file: 'src/slab/waiting-sheaves.ts',
      find: 'words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.snap());',
      replace: '',
    },
  ],
  caughtAs: 'race',
});
