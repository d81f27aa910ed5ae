/** The semaphore with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/semaphore.ts';

export const looksThenStores = twin({
  name: 'a permit that is free is taken by a store',
  claim: 'semaphore/keepsTwoApart',
  patch: {
    file,
    find: 'if (words.compareExchange(permit, tag, this._thread.tag) === tag) return index;',
    replace: 'words.store(permit, this._thread.tag); return index;',
  },
  caughtAs: 'race',
});

export const releaseIsPlain = twin({
  name: 'release() stores plainly, which publishes nothing',
  claim: 'semaphore/keepsTwoApart',
  patch: {
    file,
    find: 'this._words.store(this._permits + index, 0);',
    replace: 'this._words.storePlain(this._permits + index, 0);',
  },
  caughtAs: 'race',
});

export const looksBeforeItFrees = twin({
  name: 'release() looks for waiters before the permit is free',
  claim: 'semaphore/keepsTwoApart',
  patch: {
    file,
    find: `this._words.store(this._permits + index, 0);
    if (this._words.load(this._record + LOCK.owner) !== 0) this._wakeNext();`,
    replace: `const owner = this._words.load(this._record + LOCK.owner);
    this._words.store(this._permits + index, 0);
    if (owner !== 0) this._wakeNext();`,
  },
  caughtAs: 'deadlock',
});

export const looksBeforeItSays = twin({
  name: 'a waiter looks at the permits before it sets WAITERS',
  claim: 'semaphore/keepsTwoApart',
  patch: {
    file,
    find: `if (this._words.load(owner) !== WAITERS) this._words.store(owner, WAITERS);
    this._taken = this._queue.mayGo() ? this._take() : NONE;`,
    replace: `this._taken = this._queue.mayGo() ? this._take() : NONE;
    if (this._words.load(owner) !== WAITERS) this._words.store(owner, WAITERS);`,
  },
  caughtAs: 'deadlock',
});

export const givesOutOneTooMany = twin({
  name: 'one permit too many is given out: the word behind the last is taken for one',
  claim: 'semaphore/givesOutItsPermits',
  patch: {
    file,
    find: 'for (let tried = 0; tried < size; tried++) { const index = (this._hint + tried) % size;',
    replace: 'for (let tried = 0; tried <= size; tried++) { const index = (this._hint + tried) % (size + 1);',
  },
  caughtAs: 'assertion',
});

export const wakesTheFirstAgain = twin({
  name: 'each release wakes the first waiter, and who was in the queue passes nothing on',
  claim: 'semaphore/wakesWhoWaitsForTheNext',
  patch: [
    {
      file,
      find: 'this._queue.wakeAnother() || this._queue.wakeFirst()',
      replace: 'this._queue.wakeFirst()',
    },
    {
      file,
      find: 'if (this._words.load(this._record + LOCK.owner) === WAITERS && this._hasFree()) this._wakeNext();',
      replace: '',
    },
  ],
  caughtAs: 'deadlock',
});

export const passesNothingOn = twin({
  name: 'who was to be next does not look whether it has kept another waiting',
  claim: 'semaphore/wakesWhoWaitsForTheNext',
  patch: { file, find: '// I2: also where it was not woken.\n    this.passOn();', replace: '' },
  caughtAs: 'deadlock',
});

export const clearsWithoutLookingAgain = twin({
  name: 'WAITERS is cleared without another look',
  claim: 'semaphore/wakesOneForEachRelease',
  patch: { file, find: 'if (this._queue.wakeAnother()) this._words.store(owner, WAITERS);', replace: '' },
  caughtAs: 'deadlock',
});

export const tryExchanges = twin({
  name: 'tryAcquire() takes the permit of a thread that is alive',
  claim: 'semaphore/triesWithoutWaiting',
  patch: {
    file,
    find: 'if (tag !== 0 && !isDead(words, this._thread.geometry, tag)) continue;',
    replace: '',
  },
  caughtAs: 'race',
});

export const passesWaitersBy = twin({
  name: 'who comes in passing takes no heed of a waiter that is to be next',
  claim: 'semaphore/letsAWaiterGoNext',
  patch: {
    file,
    find: 'if (this._words.load(this._record + LOCK.owner) !== 0 && !this._queue.mayGo()) return NONE;',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsTheDeadsPermit = twin({
  name: 'nobody takes the permit of a dead thread, and forgetDead() leaves it',
  claim: 'semaphore/outlivesItsOwner',
  patch: [
    {
      file,
      find: 'if (tag !== 0 && !isDead(words, this._thread.geometry, tag)) continue;',
      replace: 'if (tag !== 0) continue;',
    },
    { file, find: 'words.compareExchange(permit, tag, 0);', replace: '' },
  ],
  caughtAs: 'deadlock',
});

export const deathWakesOne = twin({
  name: 'forgetDead() wakes one waiter that sleeps, and not one that the dead was about to notify',
  claim: 'semaphore/outlivesItsOwner',
  patch: {
    file,
    find: 'this._queue.wakeAll();',
    replace: 'this._queue.wake(slot); this._queue.wakeAnother();',
  },
  caughtAs: 'deadlock',
});

export const deathWakesNobody = twin({
  name: 'forgetDead() wakes nobody, though the dead may have been woken last',
  claim: 'semaphore/outlivesAWaiter',
  patch: { file, find: 'this._queue.wakeAll();', replace: '' },
  caughtAs: 'deadlock',
});

export const freesWhatWasTakenOver = twin({
  name: 'forgetDead() stores 0 over a permit that was taken over meanwhile',
  claim: 'semaphore/takesFromTheDeadOnce',
  patch: {
    file,
    find: 'words.compareExchange(permit, tag, 0);',
    replace: 'words.store(permit, 0);',
  },
  caughtAs: 'race',
});

export const givesUpWithTheWakeUp = twin({
  name: 'a waiter that gives up keeps the wake-up to itself',
  claim: 'semaphore/givesUpCleanly',
  patch: {
    file,
    find: 'if (this._words.load(this._record + LOCK.owner) === WAITERS && this._hasFree()) this._wakeNext();',
    replace: '',
  },
  caughtAs: 'deadlock',
});
