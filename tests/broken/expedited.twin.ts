/** Expedited grace periods with one line wrong: they end too early, or who was asked does nothing. */
import { twin } from '../../tools/checker/checker.js';

const RCU = 'src/rcu/rcu.ts';
const DRIVER = 'src/rcu/rcu-driver.ts';
const GRACE_PERIOD = 'src/rcu/grace-period.ts';

export const askingIsEnough = twin({
  name: 'an expedited wait is over when those were asked that hold it up',
  claim: 'expedited/waitsForReaders',
  patch: {
    file: RCU,
    find: 'if (isExpedited && this._spin(cookie)) return true;',
    replace: 'if (isExpedited) { this._gracePeriod.drive(cookie, true); return true; }',
  },
  caughtAs: 'race',
});

export const countsOnTheRunningOne = twin({
  name: 'an expedited wait counts on the grace period that runs',
  claim: 'expedited/waitsForAWholeOne',
  patch: {
    file: RCU,
    find: 'leaveAll(this._host); const cookie = this._gracePeriod.snap();',
    replace: 'leaveAll(this._host); const cookie = (this._gracePeriod.sequence() | 3) + 1;',
  },
  caughtAs: 'race',
});

export const waitsInItsTurn = twin({
  name: 'an expedited wait stays in the turn of its caller',
  claim: 'expedited/twoWaitAtOnce',
  patch: [
    { file: RCU, find: 'leaveAll(this._host); const cookie', replace: 'const cookie' },
    { file: RCU, find: 'leaveAll(this._host); // Publishes nothing', replace: '// Publishes nothing' },
  ],
  caughtAs: 'livelock',
});

export const servesNothing = twin({
  name: 'a thread does not look at what others ask of it',
  claim: 'expedited/servesWhoAsks',
  patch: {
    file: DRIVER,
    find: 'const asked = this._words.and(this._slot + SLOT.requests, 0);',
    replace: 'const asked = 0;',
  },
  caughtAs: 'assertion',
});

export const drivesNothing = twin({
  name: 'a thread that was asked does not drive the grace period',
  claim: 'expedited/servesWhoAsks',
  patch: { file: DRIVER, find: 'if (isRunning(sequence)) gracePeriod.drive(endOf(sequence));', replace: '' },
  caughtAs: 'assertion',
});

export const asksNothing = twin({
  name: 'who asks leaves nothing to be served',
  claim: 'expedited/servesWhoAsks',
  patch: {
    file: GRACE_PERIOD,
    find: 'this._words.or(slotStart(this._geometry, slot) + SLOT.requests, REQUEST.quiescentState);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const looksWithoutTaking = twin({
  name: 'a thread looks at what is asked of it, and leaves it there',
  claim: 'expedited/mendsWhatIsMissed',
  patch: {
    file: DRIVER,
    find: 'const asked = this._words.and(this._slot + SLOT.requests, 0);',
    replace: 'const asked = this._words.load(this._slot + SLOT.requests);',
  },
  caughtAs: 'assertion',
});
