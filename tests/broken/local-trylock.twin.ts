/** The local lock with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/local-trylock.ts';

export const entersUnmarked = twin({
  name: 'tryAcquire() does not mark the lock as taken',
  claim: 'local-trylock/sendsAHookAnotherWay',
  patch: { file, find: 'this._words.storePlain(this._word, 1);', replace: '' },
  caughtAs: 'assertion',
});

export const opensForTheNext = twin({
  name: 'tryAcquire() opens the lock that it found taken',
  claim: 'local-trylock/sendsAHookAnotherWay',
  patch: {
    file,
    find: 'if (this._words.loadPlain(this._word) !== 0) return false;',
    replace: 'if (this._words.loadPlain(this._word) !== 0) { this.release(); return false; }',
  },
  caughtAs: 'assertion',
});

export const staysTaken = twin({
  name: 'release() leaves the lock taken',
  claim: 'local-trylock/sendsAHookAnotherWay',
  patch: {
    file,
    find: 'this._words.storePlain(this._word, 0);',
    replace: 'this._words.storePlain(this._word, 1);',
  },
  caughtAs: 'assertion',
});

export const sharesOneWord = twin({
  name: 'all threads take the same word',
  claim: 'local-trylock/sendsAHookAnotherWay',
  patch: { file, find: 'this._word = word;', replace: 'this._word = 8;' },
  caughtAs: 'race',
});

export const entersTwice = twin({
  name: 'acquire() does not look whether it got in',
  claim: 'local-trylock/refusesASecondAcquire',
  patch: { file, find: 'if (!this.tryAcquire()) {', replace: 'this.tryAcquire(); if (false) {' },
  caughtAs: 'assertion',
});

export const opensAsItRefuses = twin({
  name: 'acquire() opens the lock before it throws',
  claim: 'local-trylock/refusesASecondAcquire',
  patch: { file, find: 'throw new Error(', replace: 'this.release(); throw new Error(' },
  caughtAs: 'assertion',
});

export const sharesTheDeadThreadsWord = twin({
  name: 'a thread takes the word of one that was killed',
  claim: 'local-trylock/standsApartFromADeadThread',
  patch: { file, find: 'this._word = word;', replace: 'this._word = 8;' },
  caughtAs: 'race',
});
