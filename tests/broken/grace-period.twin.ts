/** Grace periods with one line wrong: what goes amiss when several threads drive. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/rcu/grace-period.ts';
const sequence = 'src/rcu/sequence.ts';

const NOBODY_ELSE = 'if (!this._lock.tryAcquire()) return false;';

export const drivesWithoutTheLock = twin({
  name: 'drive() goes on though another thread is driving',
  claim: 'grace-period/servesTwoUpdaters',
  patch: { file, find: NOBODY_ELSE, replace: 'this._lock.tryAcquire();' },
  caughtAs: 'race',
});

export const keepsTheLock = twin({
  name: 'who drives and finds an open turn keeps the lock',
  claim: 'grace-period/servesTwoUpdaters',
  patch: {
    file,
    find: 'this._lock.release(); if (!ended) return false;',
    replace: 'if (!ended) return false; this._lock.release();',
  },
  caughtAs: 'livelock',
});

export const leavesTheTurnsNoted = twin({
  name: 'a turn that has ended stays noted after the grace period',
  claim: 'grace-period/needsAWholeGracePeriod',
  patch: { file, find: 'else words.storePlain(snapshots + slot, 0);', replace: '' },
  caughtAs: 'assertion',
});

export const startsOneThatRuns = twin({
  name: 'who finds a grace period running starts it again',
  claim: 'grace-period/servesTwoUpdaters',
  patch: { file, find: 'if (!isRunning(sequence)) this._start();', replace: 'this._start();' },
  caughtAs: 'assertion',
});

export const comparesNumbersAsTheyAre = twin({
  name: 'numbers are compared as they are, not by their difference',
  claim: 'grace-period/servesTwoUpdatersAcrossTheWrap',
  patch: {
    file: sequence,
    find: 'return ((sequence - cookie) | 0) >= 0;',
    replace: 'return sequence >= cookie;',
  },
  caughtAs: 'race',
});

export const differenceIsNotAWord = twin({
  name: 'the difference of two numbers is not cut to a word',
  claim: 'grace-period/servesTwoUpdatersAcrossTheWrap',
  patch: { file: sequence, find: '((sequence - cookie) | 0) >= 0', replace: '(sequence - cookie) >= 0' },
  caughtAs: 'race',
});

export const isDoneOnlyOnce = twin({
  name: 'a cookie is done when the number has just reached it, and not when it has gone on',
  claim: 'grace-period/staysDone',
  patch: {
    file: sequence,
    find: '((sequence - cookie) | 0) >= 0',
    replace: '((sequence - cookie) | 0) === 0',
  },
  caughtAs: 'assertion',
});

export const goesBackAtTheEnd = twin({
  name: 'the end of a grace period has the number of its beginning',
  claim: 'grace-period/staysDone',
  patch: { file: sequence, find: '((sequence | PHASE_MASK) + 1) | 0', replace: 'sequence & ~PHASE_MASK' },
  caughtAs: 'assertion',
});

export const cookieIsOnePeriodEarly = twin({
  name: 'the cookie of a wait that starts in a grace period is the end of that one',
  claim: 'grace-period/needsAWholeGracePeriod',
  patch: { file: sequence, find: 'sequence + 2 * PHASE_MASK + 1', replace: 'sequence + PHASE_MASK + 1' },
  caughtAs: 'race',
});

export const notesAgainWhatRuns = twin({
  name: 'a grace period that runs is taken for idle where its number is even',
  claim: 'grace-period/needsAWholeGracePeriod',
  patch: {
    file: sequence,
    find: 'return (sequence & PHASE_MASK) !== 0;',
    replace: 'return (sequence & 2) !== 0;',
  },
  caughtAs: 'assertion',
});

export const synchronizesWithoutDriving = twin({
  name: 'synchronizeSync() returns when the number has moved at all',
  claim: 'grace-period/synchronizesBesideAReader',
  patch: {
    file: 'src/rcu/rcu.ts',
    find: 'this._words.wait(HEADER.gracePeriodSequence, sequence, this._pollMillis);',
    replace:
      "if (this._words.wait(HEADER.gracePeriodSequence, sequence, this._pollMillis) !== 'timed-out') return true;",
  },
  caughtAs: 'race',
});

export const snapsBeforeItNeeds = twin({
  name: 'synchronizeSync() waits for the grace period that runs',
  claim: 'grace-period/synchronizesTwoThreads',
  patch: {
    file: 'src/rcu/rcu.ts',
    find: 'leaveAll(this._host); const cookie = this._gracePeriod.snap();',
    replace: 'leaveAll(this._host); const cookie = (this._gracePeriod.sequence() + 3) & ~3;',
  },
  caughtAs: 'race',
});

export const synchronizesInItsTurn = twin({
  name: 'synchronizeSync() stays in the turn of its caller',
  claim: 'grace-period/leavesItsTurnToSynchronize',
  patch: { file: 'src/rcu/rcu.ts', find: 'leaveAll(this._host);', replace: '' },
  caughtAs: 'livelock',
});

export const secondDriverEndsIt = twin({
  name: 'who finds another driving ends the grace period itself',
  claim: 'grace-period/servesTwoDriversAndAReader',
  patch: { file, find: NOBODY_ELSE, replace: 'if (!this._lock.tryAcquire()) return true;' },
  caughtAs: 'race',
});

export const secondDriverStartsItAgain = twin({
  name: 'a second driver steps in without the lock',
  claim: 'grace-period/servesTwoDriversAndAReader',
  patch: { file, find: NOBODY_ELSE, replace: 'this._lock.tryAcquire();' },
  caughtAs: 'race',
});

export const stepsOverADeadDriver = twin({
  name: 'who finds the lock taken takes the number for its own',
  claim: 'grace-period/outlivesAKilledDriver',
  patch: {
    file,
    find: NOBODY_ELSE,
    replace: 'if (!this._lock.tryAcquire()) return !isRunning(this.sequence());',
  },
  caughtAs: 'race',
});

export const drivesPastADeadDriver = twin({
  name: 'a driver goes on in the lock of a dead one, and trusts what it had noted so far',
  claim: 'grace-period/outlivesAKilledDriver',
  patch: { file, find: NOBODY_ELSE, replace: 'this._lock.tryAcquire();' },
  caughtAs: 'race',
});

export const takesOneGracePeriodACall = twin({
  name: 'drive() ends the grace period that it finds running, and leaves the one that the cookie needs',
  claim: 'grace-period/endsInOneCallWhenAllAreIdle',
  patch: { file, find: 'period < 2', replace: 'period < 1' },
  caughtAs: 'assertion',
});

export const readsTheNumberPlainly = twin({
  name: 'the number is read plainly under the lock, though who snaps it writes it back without',
  claim: 'grace-period/servesTwoUpdaters',
  patch: {
    file,
    find: 'const sequence = this._words.load(HEADER.gracePeriodSequence);',
    replace: 'const sequence = this._words.loadPlain(HEADER.gracePeriodSequence);',
  },
  caughtAs: 'race',
});

export const limitIsTakenForTheEnd = twin({
  name: 'synchronizeSync() says that a grace period has passed when its limit is over',
  claim: 'grace-period/saysWhenItsLimitIsOver',
  patch: {
    file: 'src/rcu/rcu.ts',
    find: 'if (this._host.nowMillis() >= deadline) return false;',
    replace: 'if (this._host.nowMillis() >= deadline) return true;',
  },
  caughtAs: 'race',
});
