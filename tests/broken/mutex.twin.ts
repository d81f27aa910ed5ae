/** The mutex with one line wrong: in the mutex itself, its owner word, its queue, or in how it is waited for. */
import { twin } from '../../tools/checker/twin.js';

const mutex = 'src/locks/mutex.ts';
const owner = 'src/locks/robust-owner.ts';
const queue = 'src/locks/wait-queue.ts';
const waiters = 'src/locks/waiters.ts';

export const takesAfterALook = twin({
  name: 'a free mutex is looked at and then taken',
  claim: 'mutex/keepsTwoApart',
  patch: {
    file: owner,
    find: 'return this._words.compareExchange(this._word, 0, this._tag) === 0;',
    replace: 'return this._words.load(this._word) === 0 && (this._words.store(this._word, this._tag), true);',
  },
  caughtAs: 'race',
});

export const waiterTakesAfterALook = twin({
  name: 'a waiter that finds the mutex free stores its tag',
  claim: 'mutex/letsEveryWaiterIn',
  patch: {
    file: owner,
    find: 'if (words.compareExchange(this._word, found, tag | found) === found) return true; continue;',
    replace: 'words.store(this._word, tag | found); return true;',
  },
  caughtAs: 'race',
});

export const releaseForgetsWhoWaits = twin({
  name: 'release() does not look for waiters',
  claim: 'mutex/letsEveryWaiterIn',
  patch: {
    file: owner,
    find: 'words.store(this._word, WAITERS); this.wakeNext();',
    replace: 'words.store(this._word, 0);',
  },
  caughtAs: 'deadlock',
});

export const releaseWakesBeforeItLetsGo = twin({
  name: 'release() wakes the first waiter, and then lets go',
  claim: 'mutex/letsEveryWaiterIn',
  patch: {
    file: owner,
    find: 'words.store(this._word, WAITERS); this.wakeNext();',
    replace: 'this.wakeNext(); words.store(this._word, WAITERS);',
  },
  caughtAs: 'assertion',
});

export const waiterSaysNothing = twin({
  name: 'a waiter goes to sleep without a sign in the owner word',
  claim: 'mutex/keepsTwoApart',
  patch: {
    file: owner,
    find: 'if (!mustBeWoken || (found & WAITERS) !== 0) return false;',
    replace: 'return false;',
  },
  caughtAs: 'deadlock',
});

export const waiterTakesTheSignAway = twin({
  name: 'a waiter that gets the mutex leaves no sign for those behind it',
  claim: 'mutex/wakesOneForARelease',
  patch: [
    {
      file: owner,
      find: 'this._takeAs(this._tag | WAITERS, true)',
      replace: 'this._takeAs(this._tag, true)',
    },
    {
      file: owner,
      find: 'compareExchange(this._word, found, tag | found)',
      replace: 'compareExchange(this._word, found, tag)',
    },
  ],
  caughtAs: 'deadlock',
});

export const releaseWakesEverybody = twin({
  name: 'release() wakes all who wait',
  claim: 'mutex/wakesOneForARelease',
  patch: { file: owner, find: 'if (this._queue.wakeFirst()) return;', replace: 'this._queue.wakeAll();' },
  caughtAs: 'assertion',
});

export const nobodyIsNext = twin({
  name: 'who comes in passing does not care whose turn it is',
  claim: 'mutex/isNextWhenWokenInVain',
  patch: {
    file: queue,
    find: 'return next === 0 || next === this._ticket;',
    replace: 'return next === next;',
  },
  caughtAs: 'assertion',
});

export const waiterNeverInsists = twin({
  name: 'a waiter that was woken in vain does not ask to be next',
  claim: 'mutex/isNextWhenWokenInVain',
  patch: {
    file: queue,
    find: 'if (this._isFirst()) this._words.store(this._record + LOCK.handoff, this._ticket);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const armsAfterTheLook = twin({
  name: 'a waiter looks at the mutex before it says that it will sleep again',
  claim: 'mutex/triesWithoutWaiting',
  patch: [
    { file: waiters, find: 'this._queue.rearm(); } }', replace: '} }' },
    {
      file: waiters,
      find: 'const result = this._queue.sleep',
      replace: 'this._queue.rearm(); const result = this._queue.sleep',
    },
  ],
  caughtAs: 'deadlock',
});

export const goesWithTheWakeUp = twin({
  name: 'who gives up does not pass the wake-up on',
  claim: 'mutex/givesUpWithoutHarm',
  patch: {
    file: waiters,
    find: 'if (isShared || queue.leave() || !isTaken) this._lock.passOn();',
    replace: 'queue.leave();',
  },
  caughtAs: 'assertion',
});

export const staysNext = twin({
  name: 'who leaves the queue goes on being next',
  claim: 'mutex/keepsTwoApart',
  patch: { file: queue, find: 'this._waiveHandoff(); this._ticket = 0;', replace: 'this._ticket = 0;' },
  caughtAs: 'assertion',
});

export const waivesTooLate = twin({
  name: 'who leaves the queue goes on being next for a moment, in which it may die',
  claim: 'mutex/tellsAgainWhereTheRepairerDies',
  patch: {
    file: queue,
    find: `this._waiveHandoff(); this._ticket = 0;
    // P1: from here on nobody counts on this thread. It learns whether somebody did.
    return (this._words.exchange(this._place, 0) & WOKEN) !== 0;`,
    replace:
      'const place = this._words.exchange(this._place, 0); this._waiveHandoff(); this._ticket = 0; return (place & WOKEN) !== 0;',
  },
  caughtAs: 'assertion',
});

export const waitsForTheDead = twin({
  name: 'a waiter does not look whether the owner is dead',
  claim: 'mutex/outlivesAKilledThread',
  patch: {
    file: owner,
    find: `if (isDead(words, this._thread.geometry, owner)) {
        // P3`,
    replace: `if (owner === 0) {
        // P3`,
  },
  caughtAs: 'deadlock',
});

export const saysNothingOfTheDead = twin({
  name: 'who takes the mutex from a dead owner is not told',
  claim: 'mutex/outlivesAKilledThread',
  patch: {
    file: owner,
    find: 'this.setConsistency(CONSISTENCY.ownerDied); return true;',
    replace: 'this.consistency(); return true;',
  },
  caughtAs: 'assertion',
});

export const noOneFollowsTheDead = twin({
  name: 'forgetDead() lets nobody go on',
  claim: 'mutex/outlivesAKilledThread',
  patch: {
    file: mutex,
    find: 'this._queue.forgetDead(slot); this._owner.passOn();',
    replace: 'this._queue.forgetDead(slot);',
  },
  caughtAs: 'deadlock',
});

export const leavesTheFreeAlone = twin({
  name: 'forgetDead() thinks that nobody waits for a mutex that is free',
  claim: 'mutex/outlivesAKilledBarger',
  patch: {
    file: owner,
    find: 'if (owner === 0) { this.wakeNext(); return; }',
    replace: 'if (owner === 0) return;',
  },
  caughtAs: 'deadlock',
});

export const theDeadStayInTheQueue = twin({
  name: 'forgetDead() leaves the dead in the queue',
  claim: 'mutex/outlivesWhoGivesUp',
  patch: { file: mutex, find: 'this._queue.forgetDead(slot);', replace: '' },
  caughtAs: 'assertion',
});

export const wakesOnlyWhereFree = twin({
  name: 'forgetDead() looks only at a mutex that has no owner',
  claim: 'mutex/outlivesAKilledThread',
  patch: {
    file: owner,
    find: 'this._queue.wakeFirst(); return; }',
    replace: 'return; }',
  },
  caughtAs: 'deadlock',
});

export const believesInTheFirstWake = twin({
  name: 'a waiter that was told to look is not woken again, though who told it may have died before waking it',
  claim: 'mutex/outlivesAKilledOwner',
  patch: {
    file: queue,
    find: 'if ((place & WOKEN) === 0 && words.compareExchange(word, place, place | WOKEN) !== place) return false;',
    replace:
      'if ((place & WOKEN) !== 0) return true; if (words.compareExchange(word, place, place | WOKEN) !== place) return false;',
  },
  caughtAs: 'deadlock',
});

export const sleepsForEver = twin({
  name: 'a waiter sleeps without looking now and then',
  claim: 'mutex/findsADeadOwnerByItself',
  patch: {
    file: waiters,
    find: 'this._queue.sleep(Math.min(left, SLICE_MILLIS))',
    replace: 'this._queue.sleep(left)',
  },
  caughtAs: 'deadlock',
});

export const repairIsNotNoted = twin({
  name: 'markConsistent() changes nothing that others see',
  claim: 'mutex/isRepairedOnce',
  patch: {
    file: mutex,
    find: 'if (guard.ownerDied) this._owner.setConsistency(CONSISTENCY.consistent);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const repairedAsSoonAsTaken = twin({
  name: 'who is told of the death has it noted as repaired at once',
  claim: 'mutex/isLostWhereNobodyRepairs',
  patch: {
    file: mutex,
    find: 'this._mutex = mutex; this._ownerDied = ownerDied; this._isConsistent = !ownerDied;',
    replace: 'this._mutex = mutex; this._ownerDied = ownerDied; this._isConsistent = true;',
  },
  caughtAs: 'assertion',
});

export const refusesAndKeeps = twin({
  name: 'who is refused keeps the mutex',
  claim: 'mutex/isLostWhereNobodyRepairs',
  patch: {
    file: mutex,
    find: 'finally { this._owner.release(); }',
    replace: 'finally { this._owner.owner(); }',
  },
  caughtAs: 'deadlock',
});

export const tellsBeforeItTakes = twin({
  name: 'the death of the owner is noted before the mutex is taken',
  claim: 'mutex/isRepairedOnce',
  patch: {
    file: owner,
    find: '// P3: observes what the dead owner wrote.',
    replace: 'this.setConsistency(CONSISTENCY.ownerDied);',
  },
  caughtAs: 'race',
});
