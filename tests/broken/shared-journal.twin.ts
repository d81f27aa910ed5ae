/** The lock journal with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/lockdep/shared-journal.ts';

const PUBLISH = 'this._words.store(JOURNAL.used, end);';

export const addsWithoutTheLock = twin({
  name: 'entries are added without the lock',
  claim: 'shared-journal/hasOneOrder',
  patch: { file, find: 'if (!this._acquire()) return false;', replace: '' },
  caughtAs: 'race',
});

export const readsBeforeTheLock = twin({
  name: 'what others have added is read before the lock is taken, so that an entry is overwritten',
  claim: 'shared-journal/hasOneOrder',
  patch: [
    {
      file,
      find: 'if (!this._acquire()) return false;',
      replace: 'if (!this._read(apply) || !this._acquire()) return false;',
    },
    { file, find: 'if (this._read(apply)) fn(', replace: 'fn(' },
  ],
  caughtAs: 'assertion',
});

export const forgetsItsOwn = twin({
  name: 'a thread does not move on behind the entry that it has added',
  claim: 'shared-journal/hasOneOrder',
  patch: { file, find: 'this._words.store(JOURNAL.used, end); this._position = end;', replace: PUBLISH },
  caughtAs: 'assertion',
});

export const keepsTheLock = twin({
  name: 'the lock is not released',
  claim: 'shared-journal/hasOneOrder',
  patch: { file, find: 'this._lock.release();', replace: '' },
  caughtAs: 'assertion',
});

export const publishesFirst = twin({
  name: 'an entry is published before it is written',
  claim: 'shared-journal/readsWholeEntries',
  patch: {
    file,
    find: 'this._words.storePlain(start, bytes.length);',
    replace: `${PUBLISH} this._words.storePlain(start, bytes.length);`,
  },
  caughtAs: 'race',
});

export const publishesPlainly = twin({
  name: 'entries are published by a plain store',
  claim: 'shared-journal/readsWholeEntries',
  patch: { file, find: PUBLISH, replace: 'this._words.storePlain(JOURNAL.used, end);' },
  caughtAs: 'race',
});

export const publishesTheLengthOnly = twin({
  name: 'the text of an entry is written after it is published',
  claim: 'shared-journal/readsWholeEntries',
  patch: [
    { file, find: 'this._words.writeBytesPlain(start + 1, bytes, bytes.length);', replace: '' },
    {
      file,
      find: 'this._position = end; }  /** The entry',
      replace:
        'this._words.writeBytesPlain(start + 1, bytes, bytes.length); this._position = end; }  /** The entry',
    },
  ],
  caughtAs: 'race',
});

export const throwsOverADeadHolder = twin({
  name: 'an owner that does not come back is an error in the middle of a lock call',
  claim: 'shared-journal/outlivesItsHolder',
  patch: { file, find: 'if (!(error instanceof LockTimeoutError)) throw error;', replace: 'throw error;' },
  caughtAs: 'error',
});

export const goesOnWithoutTheLock = twin({
  name: 'an owner that does not come back is waited for, and then entries are added without the lock',
  claim: 'shared-journal/outlivesItsHolder',
  patch: {
    file,
    find: "this._close('abandoned'); this._tellOfClosing(); return false;",
    replace: 'return true;',
  },
  caughtAs: 'race',
});

export const everyoneTells = twin({
  name: 'everyone who finds the owner gone says so',
  claim: 'shared-journal/outlivesItsHolder',
  patch: { file, find: 'if (before === 0) this._untold = reason;', replace: 'this._untold = reason;' },
  caughtAs: 'assertion',
});

export const writesOverTheEnd = twin({
  name: 'an entry is added though there is no room for it',
  claim: 'shared-journal/closesWhenFull',
  patch: { file, find: 'if (this.closedReason() !== undefined) return;', replace: '' },
  caughtAs: 'error',
});

export const saysThatThereWasRoom = twin({
  name: 'exclusively() returns true though the journal was closed meanwhile',
  claim: 'shared-journal/closesWhenFull',
  patch: { file, find: 'return this.closedReason() === undefined;', replace: 'return true;' },
  caughtAs: 'assertion',
});
