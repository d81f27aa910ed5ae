/** kfreeRcuBarrier() with one line wrong: it returns while what was given before it still waits. */
import { twin } from '../../tools/checker/checker.js';

const ROUND = 'src/rcu/barrier-round.ts';

export const asksNobody = twin({
  name: 'a barrier looks at what is sealed, and has nothing sealed',
  claim: 'kfree-rcu-barrier/waitsForAnIdleThread',
  patch: { file: ROUND, find: 'if (this._withFrees && !this._isSealed()) return false;', replace: '' },
  caughtAs: 'assertion',
});

export const takesTheIdleForEmptyHanded = twin({
  name: 'a thread that is between turns is taken to have nothing in hand',
  claim: 'kfree-rcu-barrier/waitsForAnIdleThread',
  patch: { file: ROUND, find: 'if (hasInHand(words, start)) return false;', replace: '' },
  caughtAs: 'assertion',
});

export const believesWhatItSeesInATurn = twin({
  name: 'a barrier believes what it sees of the sheaves in hand of a thread that is in a turn',
  claim: 'kfree-rcu-barrier/waitsForABusyThread',
  patch: [
    { file: ROUND, find: 'if (!isDead && (turn & TURN_OPEN) !== 0) return false;', replace: '' },
    { file: ROUND, find: 'if (hasInHand(words, start)) return false;', replace: '' },
  ],
  caughtAs: 'assertion',
});

export const countsNoSheaves = twin({
  name: 'a barrier counts heads and callbacks, and no sheaves',
  claim: 'kfree-rcu-barrier/waitsForABusyThread',
  patch: {
    file: ROUND,
    find: 'this._withFrees ? [CALLBACKS, HEADS, SHEAVES] : [CALLBACKS]',
    replace: 'this._withFrees ? [CALLBACKS, HEADS] : [CALLBACKS]',
  },
  caughtAs: 'assertion',
});

export const countsNoOrphans = twin({
  name: 'a barrier does not count what a thread that left has handed over',
  claim: 'kfree-rcu-barrier/waitsForWhoLeaves',
  patch: {
    file: ROUND,
    find: 'if (!this._isFinished() || this._orphans() > 0) return false;',
    replace: 'if (!this._isFinished()) return false;',
  },
  caughtAs: 'assertion',
});
