/** The seqlock with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/seq-lock.ts';

export const staysEven = twin({
  name: 'a writer does not make the sequence odd',
  claim: 'seq-lock/readsWhatWasWritten',
  patch: { file, find: 'words.store(this._sequence, odd);', replace: '' },
  caughtAs: 'assertion',
});

export const evenTooEarly = twin({
  name: 'a writer makes the sequence even before its words are stored',
  claim: 'seq-lock/readsWhatWasWritten',
  patch: {
    file,
    find: 'words.store(this._sequence, odd);',
    replace: 'words.store(this._sequence, odd); words.store(this._sequence, (odd + 1) | 0);',
  },
  caughtAs: 'assertion',
});

export const storesPlainly = twin({
  name: 'a writer stores its words plainly',
  claim: 'seq-lock/readsWhatWasWritten',
  patch: { file, find: 'words.store(this._first + i,', replace: 'words.storePlain(this._first + i,' },
  caughtAs: 'race',
});

export const loadsPlainly = twin({
  name: 'a reader loads the words plainly, which may be done after its second look',
  claim: 'seq-lock/readsWhatWasWritten',
  patch: {
    file,
    find: 'into[i] = words.load(this._first + i); // P1: the second look.',
    replace: 'into[i] = words.loadPlain(this._first + i);',
  },
  caughtAs: 'race',
});

export const takesTheLivingForDead = twin({
  name: 'read() takes a writer that is inside for dead',
  claim: 'seq-lock/readsWhatWasWritten',
  patch: { file, find: ' || this._lock.hasLiveOwner()) return;', replace: ') return;' },
  caughtAs: 'assertion',
});

export const looksOnce = twin({
  name: 'a reader does not look at the sequence again',
  claim: 'seq-lock/triesToRead',
  patch: { file, find: 'return words.load(this._sequence) === sequence;', replace: 'return true;' },
  caughtAs: 'assertion',
});

export const readsAmongTheWriting = twin({
  name: 'a reader begins while the sequence is odd',
  claim: 'seq-lock/triesToRead',
  patch: { file, find: 'if ((sequence & 1) !== 0) return false;', replace: '' },
  caughtAs: 'assertion',
});

export const writesUnlocked = twin({
  name: 'write() goes on where another writer is inside',
  claim: 'seq-lock/keepsWritersApart',
  patch: { file, find: 'this._lock.acquire();', replace: 'this._lock.tryAcquire();' },
  caughtAs: 'assertion',
});

export const changesWhatIsOld = twin({
  name: 'write() reads what its callback changes before it has the lock',
  claim: 'seq-lock/keepsWritersApart',
  patch: {
    file,
    find: 'this._lock.acquire(); this._writeLocked(change);',
    replace:
      "const values = typeof change === 'function' ? this._changed(change, false) : change; this._lock.acquire(); this._writeLocked(values);",
  },
  caughtAs: 'assertion',
});

export const hangsOnTheDead = twin({
  name: 'read() does not ask whether the writer is alive',
  claim: 'seq-lock/tellsOfADeadWriter',
  patch: {
    file,
    find: 'if (this._words.load(this._sequence) === sequence) throw new OwnerDiedError(this._lock.name);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const repairsToOdd = twin({
  name: 'the writer after a dead one counts the sequence up, so that it is even while it writes',
  claim: 'seq-lock/isRepairedByTheNext',
  patch: { file, find: 'this._store(values, sequence | 1);', replace: 'this._store(values, sequence + 1);' },
  caughtAs: 'assertion',
});

export const deathIsNotTold = twin({
  name: 'a callback is not told that the last writer died among the words',
  claim: 'seq-lock/isRepairedByTheNext',
  patch: {
    file,
    find: 'this._changed(change, (sequence & 1) !== 0)',
    replace: 'this._changed(change, false)',
  },
  caughtAs: 'assertion',
});

export const readsForEver = twin({
  name: 'read() never gives up',
  claim: 'seq-lock/endsWhereNobodyReaps',
  patch: { file, find: 'round < rounds; round++', replace: 'rounds > 0; round++' },
  caughtAs: 'livelock',
});
