/** Cookies with one line wrong: done too early, not done any more, or never. */
import { twin } from '../../tools/checker/checker.js';

const SEQUENCE = 'src/rcu/sequence.ts';
const DRIVER = 'src/rcu/rcu-driver.ts';
const EXACT = 'return isDone(sequence, cookie) || ((sequence - cookie + GUARD) | 0) < 0;';
const DONE = 'return ((sequence - cookie) | 0) >= 0;';
const SNAP = 'return ((sequence + 2 * PHASE_MASK + 1) & ~PHASE_MASK) | 0;';

export const isDoneWhenItHasStarted = twin({
  name: 'a cookie is done when its grace period has started',
  claim: 'polling/isDoneWhenAllHaveEnded',
  patch: { file: SEQUENCE, find: DONE, replace: 'return ((sequence - cookie) | 0) >= -PHASE_MASK;' },
  caughtAs: 'race',
});

export const countsOnTheRunningOne = twin({
  name: 'a cookie counts on the grace period that runs already',
  claim: 'polling/isDoneWhenAllHaveEnded',
  patch: { file: SEQUENCE, find: SNAP, replace: 'return endOf(sequence);' },
  caughtAs: 'race',
});

export const comparesNumbersAsTheyAre = twin({
  name: 'numbers are compared as they are, not by their difference',
  claim: 'polling/isDoneAcrossTheWrap',
  patch: {
    file: SEQUENCE,
    find: EXACT,
    replace: 'return sequence >= cookie;',
  },
  caughtAs: 'race',
});

export const guardIsTooNarrow = twin({
  name: 'a cookie that is more than a grace period ahead counts as one of long ago',
  claim: 'polling/isDoneWhenAllHaveEnded',
  patch: {
    file: SEQUENCE,
    find: EXACT,
    replace: 'return isDone(sequence, cookie) || ((sequence - cookie + PHASE_MASK) | 0) < 0;',
  },
  caughtAs: 'race',
});

export const oldCookiesCountAsNew = twin({
  name: 'a cookie that was kept for more than half a round of the number is taken for one of the future',
  claim: 'polling/oldCookiesAreDone',
  patch: { file: SEQUENCE, find: EXACT, replace: 'return isDone(sequence, cookie);' },
  caughtAs: 'assertion',
});

export const newCookiesCountAsOld = twin({
  name: 'whatever is not done counts as a cookie of long ago',
  claim: 'polling/oldCookiesAreDone',
  patch: {
    file: SEQUENCE,
    find: EXACT,
    replace: 'return isDone(sequence, cookie) || sequence - cookie < 0;',
  },
  caughtAs: 'race',
});

export const waitsForTheNextOne = twin({
  name: 'condSynchronizeSync() waits for a number that was taken when it was called',
  claim: 'polling/waitsForACookie',
  patch: {
    file: 'src/rcu/rcu.ts',
    find: 'leaveAll(this._host); return this._gracePeriod.drive(cookie) || this._sleepUntilDone(cookie, limitMillis, manner);',
    replace:
      'leaveAll(this._host); return this._sleepUntilDone(this._gracePeriod.snap(), limitMillis, manner);',
  },
  caughtAs: 'assertion',
});

export const waitsForOneStep = twin({
  name: 'condSynchronizeSync() drives a step and returns',
  claim: 'polling/waitsForACookie',
  patch: {
    file: 'src/rcu/rcu.ts',
    find: 'leaveAll(this._host); return this._gracePeriod.drive(cookie) || this._sleepUntilDone(cookie, limitMillis, manner);',
    replace: 'leaveAll(this._host); this._gracePeriod.drive(cookie); return true;',
  },
  caughtAs: 'assertion',
});

export const startsNothing = twin({
  name: 'startPoll() wants nothing of the driver',
  claim: 'polling/startsWhatItPolls',
  patch: { file: 'src/heap/heap-rcu.ts', find: 'this._parts.driver.want(cookie);', replace: '' },
  caughtAs: 'assertion',
});

export const forgetsWhatIsWanted = twin({
  name: 'what is wanted does not count among what waits, so that no timer comes for it',
  claim: 'polling/startsWhatItPolls',
  patch: {
    file: DRIVER,
    find: 'return frees.isWaiting() || callbacks.isWaiting() || this._isWanted();',
    replace: 'return frees.isWaiting() || callbacks.isWaiting();',
  },
  caughtAs: 'assertion',
});
