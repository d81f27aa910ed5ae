/** Grace periods with one line wrong: what goes amiss when several threads drive. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/rcu/grace-period.ts';
const sequence = 'src/rcu/sequence.ts';

const NOBODY_ELSE = 'if (!this._lock.tryAcquire() && !this._takeOver()) return false;';

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
    find: 'this._words.wait(HEADER.gracePeriodSequence, sequence, millis);',
    replace:
      "if (this._words.wait(HEADER.gracePeriodSequence, sequence, millis) !== 'timed-out') return true;",
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
  patch: [
    { file: 'src/rcu/rcu.ts', find: 'leaveAll(this._host); const cookie', replace: 'const cookie' },
    {
      file: 'src/rcu/rcu.ts',
      find: 'leaveAll(this._host); // Publishes nothing',
      replace: '// Publishes nothing',
    },
  ],
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
    find: 'if (left <= 0) return false;',
    replace: 'if (left <= 0) return true;',
  },
  caughtAs: 'race',
});

export const creditsTheLastOne = twin({
  name: 'a turn that the last grace period waited for stays noted, and passes for one that has ended in this one',
  claim: 'grace-period/creditsNothingOld',
  patch: [
    { file, find: 'else words.storePlain(snapshots + slot, 0);', replace: '' },
    {
      file,
      find: 'words.storePlain(snapshots + slot, (turn & TURN_OPEN) === 0 ? 0 : turn);',
      replace:
        'if (words.loadPlain(snapshots + slot) === 0) words.storePlain(snapshots + slot, (turn & TURN_OPEN) === 0 ? 0 : turn);',
    },
  ],
  caughtAs: 'race',
});

export const notesBeforeItStarts = twin({
  name: 'the turns are noted before the number goes up',
  claim: 'grace-period/servesTwoDriversAndAReader',
  patch: {
    file,
    find: 'this._words.add(HEADER.gracePeriodSequence, 1); this._noteTurns();',
    replace: 'this._noteTurns(); this._words.add(HEADER.gracePeriodSequence, 1);',
  },
  caughtAs: 'race',
});

export const nobodyTakesOver = twin({
  name: 'the lock of a dead driver stays taken',
  claim: 'grace-period/outlivesAKilledDriver',
  patch: { file, find: NOBODY_ELSE, replace: 'if (!this._lock.tryAcquire()) return false;' },
  caughtAs: 'livelock',
});

export const trustsTheNotesOfTheDead = twin({
  name: 'who takes over goes on with the turns that the dead driver had noted so far',
  claim: 'grace-period/startsAnewInTheNextTurn',
  patch: {
    file,
    find: 'if (isRunning(this._words.load(HEADER.gracePeriodSequence))) this._noteTurns();',
    replace: '',
  },
  caughtAs: 'race',
});

export const takesOverFromTheLiving = twin({
  name: 'the lock is taken from whoever has it',
  claim: 'grace-period/outlivesAKilledDriver',
  patch: {
    file: 'src/locks/raw-spin-lock.ts',
    find: 'return tag !== 0 && wasFoundDead(this._words, geometry, tag) ? found : 0;',
    replace: 'return tag !== 0 ? found : 0;',
  },
  caughtAs: 'race',
});

export const twoTakeOver = twin({
  name: 'whoever finds the driver dead takes the lock, also from another who has just done so',
  claim: 'grace-period/hasOneHeir',
  patch: {
    file: 'src/locks/raw-spin-lock.ts',
    find: 'return this._words.compareExchange(this._word, found, this._tag | (found & PENDING)) === found;',
    replace: 'this._words.store(this._word, this._tag); return true;',
  },
  caughtAs: 'race',
});

export const waitsForTheDead = twin({
  name: 'a grace period waits for the turn of a thread that is dead',
  claim: 'grace-period/hasOneHeir',
  patch: {
    file,
    find: 'if (this._turnOf(slot) === noted && !this._isDead(slot))',
    replace: 'if (this._turnOf(slot) === noted)',
  },
  caughtAs: 'livelock',
});
