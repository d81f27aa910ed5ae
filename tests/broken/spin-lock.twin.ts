/** The adaptive spin lock with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/spin-lock.ts';

export const acquireExchanges = twin({
  name: "acquire() exchanges, which overwrites an owner's tag",
  claim: 'spin-lock/keepsTwoApart',
  patch: {
    file,
    find: 'const found = this._words.compareExchange(this._word, 0, this._tag); if (found !== 0)',
    replace: 'const found = this._words.exchange(this._word, this._tag); if (found !== 0)',
  },
  caughtAs: 'assertion',
});

export const releaseIsPlain = twin({
  name: 'release() loads and stores plainly, which publishes nothing',
  claim: 'spin-lock/keepsTwoApart',
  patch: {
    file,
    find: 'const found = this._words.exchange(this._word, 0);',
    replace: 'const found = this._words.load(this._word); this._words.storePlain(this._word, 0);',
  },
  caughtAs: 'race',
});

export const wakesNobody = twin({
  name: 'release() wakes nobody',
  claim: 'spin-lock/keepsTwoApart',
  patch: { file, find: 'if ((found & WAITERS) !== 0) this._words.notify(this._word, 1);', replace: '' },
  caughtAs: 'deadlock',
});

export const looksThenFrees = twin({
  name: 'release() looks for WAITERS before it lets go',
  claim: 'spin-lock/keepsTwoApart',
  patch: {
    file,
    find: 'const found = this._words.exchange(this._word, 0);',
    replace: 'const found = this._words.load(this._word); this._words.store(this._word, 0);',
  },
  caughtAs: 'deadlock',
});

export const sleeperForgetsTheOthers = twin({
  name: 'one that has slept takes the lock without WAITERS, though others may sleep on',
  claim: 'spin-lock/wakesEverySleeper',
  patch: {
    file,
    find: 'if (words.compareExchange(this._word, 0, this._tag | WAITERS) === 0) return true; continue;',
    replace: 'if (words.compareExchange(this._word, 0, this._tag) === 0) return true; continue;',
  },
  caughtAs: 'deadlock',
});

export const sleepsUnannounced = twin({
  name: 'a sleeper does not set WAITERS',
  claim: 'spin-lock/wakesEverySleeper',
  patch: {
    file,
    find: 'words.compareExchange(this._word, found, found | WAITERS); continue;',
    replace: '',
  },
  caughtAs: 'deadlock',
});

export const sleepsInATurn = twin({
  name: 'acquire() sleeps wherever it is',
  claim: 'spin-lock/endsWhereNobodyReaps',
  patch: { file, find: 'const maySleep = this._thread.maySleep();', replace: 'const maySleep = true;' },
  caughtAs: 'deadlock',
});

export const lookerEntersUnasked = twin({
  name: 'one that sees the lock free does not look whether it got in',
  claim: 'spin-lock/passesNoSleeperBy',
  patch: {
    file,
    find: 'if (words.compareExchange(this._word, 0, this._tag) === 0) return true; }',
    replace: 'words.compareExchange(this._word, 0, this._tag); return true; }',
  },
  caughtAs: 'assertion',
});

export const tryTakesFromTheLiving = twin({
  name: 'tryAcquire() takes the lock from an owner that is alive',
  claim: 'spin-lock/triesWithoutWaiting',
  patch: {
    file,
    find: 'if (!isDead(this._words, this._geometry, found & ~WAITERS)) return false;',
    replace: '',
  },
  caughtAs: 'race',
});

export const deathIsNotTold = twin({
  name: 'one that takes the lock from a dead owner is not told',
  claim: 'spin-lock/outlivesItsOwner',
  patch: { file, find: 'this._ownerDied = true;', replace: '' },
  caughtAs: 'assertion',
});

export const toldOfAnOldDeath = twin({
  name: 'release() does not forget that the owner before had died',
  claim: 'spin-lock/outlivesItsOwner',
  patch: { file, find: 'this._ownerDied = false; // P1', replace: '// P1' },
  caughtAs: 'assertion',
});

export const sleepsOnADeadOwnersWord = twin({
  name: 'forgetDead() leaves the word as one that is about to sleep has seen it',
  claim: 'spin-lock/outlivesItsOwner',
  patch: { file, find: 'words.compareExchange(this._word, found, owner);', replace: '' },
  caughtAs: 'deadlock',
});

export const looksBeforeItSays = twin({
  name: 'a sleeper looks whether the owner is alive before it sets WAITERS',
  claim: 'spin-lock/outlivesItsOwner',
  patch: {
    file,
    find: `if ((found & WAITERS) === 0) {
        // P2: before it looks whether the owner is alive, and sleeps.
        words.compareExchange(this._word, found, found | WAITERS);
        continue;
      }
      if (this._takeOver(found, this._tag | WAITERS)) return true;
      if (words.wait(this._word, found, SLICE_MILLIS)`,
    replace: `if (this._takeOver(found, this._tag | WAITERS)) return true;
      words.compareExchange(this._word, found, found | WAITERS);
      if (words.wait(this._word, found | WAITERS, SLICE_MILLIS)`,
  },
  caughtAs: 'deadlock',
});

export const deathWakesNobody = twin({
  name: 'forgetDead() wakes nobody, though the dead may have been woken last',
  claim: 'spin-lock/outlivesAWaiter',
  patch: { file, find: '} words.notify(this._word, 1); }', replace: '} }' },
  caughtAs: 'deadlock',
});

export const bothTakeOver = twin({
  name: 'one that finds the owner dead stores its tag over whatever the word holds',
  claim: 'spin-lock/takesOverOnce',
  patch: {
    file,
    find: 'if (this._words.compareExchange(this._word, found, tag | (found & WAITERS)) !== found) return false;',
    replace: 'this._words.store(this._word, tag | (found & WAITERS));',
  },
  caughtAs: 'race',
});

export const sleepsForEver = twin({
  name: 'one that sleeps never gives up',
  claim: 'spin-lock/endsWhereNobodyReaps',
  patch: { file, find: "=== 'timed-out') slices++;", replace: "=== 'timed-out') continue;" },
  caughtAs: 'livelock',
});

export const timeOutIsAWakeUp = twin({
  name: 'a sleeper whose slice is over thinks that it has the lock',
  claim: 'spin-lock/survivesTimeOuts',
  patch: { file, find: "=== 'timed-out') slices++;", replace: "=== 'timed-out') return true;" },
  caughtAs: 'assertion',
});
