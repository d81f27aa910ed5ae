/** The reader-writer lock with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/shared-owner.ts';
const lockFile = 'src/locks/rw-lock.ts';

export const readerLooksFirst = twin({
  name: 'a reader looks for an owner before it counts itself',
  claim: 'rw-lock/readsWhileNobodyWrites',
  patch: {
    file,
    find: `this._count();
      // P1: looked at after the count is stored.
      if (this._owner.isIdle()) return true;`,
    replace: 'if (this._owner.isIdle()) { this._count(); return true; } this._count();',
  },
  caughtAs: 'race',
});

export const readerDoesNotLook = twin({
  name: 'a reader does not look for an owner at all',
  claim: 'rw-lock/keepsAWriterAlone',
  patch: { file, find: 'if (this._owner.isIdle()) return true;', replace: 'return true;' },
  caughtAs: 'race',
});

export const countIsPlain = twin({
  name: 'a reader leaves with a plain store, which publishes nothing',
  claim: 'rw-lock/readsWhileNobodyWrites',
  patch: {
    file,
    find: `this._words.store(this._readers + this._thread.slot, this._reads);
      if (this._reads === 0)`,
    replace: `this._words.storePlain(this._readers + this._thread.slot, this._reads);
      if (this._reads === 0)`,
  },
  caughtAs: 'race',
});

export const writerDoesNotWait = twin({
  name: 'a writer does not wait for readers',
  claim: 'rw-lock/readsWhileNobodyWrites',
  patch: { file, find: 'if (!this._isDraining || !this._isEmpty())', replace: 'if (!this._isDraining)' },
  caughtAs: 'race',
});

export const writerCountsSlotsBelow = twin({
  name: 'a writer waits for the readers of lower slots only',
  claim: 'rw-lock/keepsAWriterAlone',
  patch: { file, find: 'slot < claimed;', replace: 'slot < this._thread.slot;' },
  caughtAs: 'race',
});

export const spinningReaderIsNotCounted = twin({
  name: 'a reader that finds the lock idle while it spins goes in uncounted',
  claim: 'rw-lock/goesInWhileItSpins',
  patch: { file, find: 'this._owner.isIdle() && this.readIdle()', replace: 'this._owner.isIdle()' },
  caughtAs: 'error',
});

export const spinningWriterDoesNotWait = twin({
  name: 'a writer that gets the owner word while it spins goes in past readers',
  claim: 'rw-lock/goesInWhileItSpins',
  patch: {
    file,
    find: 'this._isDraining = this._owner.tryTake(); return this._isDrained();',
    replace: 'if (this._owner.tryTake()) return true; return this._isDrained();',
  },
  caughtAs: 'race',
});

export const consistencyComesLate = twin({
  name: 'a writer says that all is whole after it has let go',
  claim: 'rw-lock/keepsAWriterAlone',
  patch: [
    {
      file: lockFile,
      find: 'this._write = undefined; this._owner.setConsistency(isConsistent',
      replace: 'this._write = undefined; this._owner.end(1); this._owner.setConsistency(isConsistent',
    },
    {
      file: lockFile,
      find: 'CONSISTENCY.notRecoverable); this._owner.end(WRITE);',
      replace: 'CONSISTENCY.notRecoverable);',
    },
  ],
  caughtAs: 'race',
});

export const queuedReaderKeepsTheWord = twin({
  name: 'a reader from the queue keeps the owner word',
  claim: 'rw-lock/letsReadersMeet',
  patch: {
    file,
    find: 'this._count(); this.stopDraining(); return true;',
    replace: 'this._count(); return true;',
  },
  caughtAs: 'livelock',
});

export const firstReaderWakesNobody = twin({
  name: 'a reader that was woken does not wake the next',
  claim: 'rw-lock/letsReadersMeet',
  patch: { file, find: 'else this._owner.passOn();', replace: '' },
  caughtAs: 'assertion',
});

export const queuedReaderCountsLate = twin({
  name: 'a reader from the queue lets the owner word go before it has counted itself',
  claim: 'rw-lock/letsEveryWaiterIn',
  patch: {
    file,
    find: 'this._count(); this.stopDraining(); return true;',
    replace: 'this.stopDraining(); this._count(); return true;',
  },
  caughtAs: 'race',
});

export const lastReaderWakesNobody = twin({
  name: 'the last reader does not wake the writer that waits for it',
  claim: 'rw-lock/waitsForReaders',
  patch: { file, find: 'if (this._reads === 0) this._wakeOwner();', replace: '' },
  caughtAs: 'deadlock',
});

export const readerWakesBeforeItLeaves = twin({
  name: 'a reader looks for a writer to wake before it has left',
  claim: 'rw-lock/waitsForReaders',
  patch: {
    file,
    find: `this._words.store(this._readers + this._thread.slot, this._reads);
      if (this._reads === 0) this._wakeOwner();`,
    replace: `if (this._reads === 0) this._wakeOwner();
      this._words.store(this._readers + this._thread.slot, this._reads);`,
  },
  caughtAs: 'deadlock',
});

export const readerStepsBackInSilence = twin({
  name: 'a reader that steps back from an owner does not wake it',
  claim: 'rw-lock/waitsForReaders',
  patch: {
    file,
    find: 'if (this._owner.isIdle()) return true; this.endReading();',
    replace:
      'if (this._owner.isIdle()) return true; this._reads--; this._words.store(this._readers + this._thread.slot, this._reads);',
  },
  caughtAs: 'deadlock',
});

export const readsInLine = twin({
  name: 'a thread that reads queues behind the writer that waits for it',
  claim: 'rw-lock/readsAgainPastAWriter',
  patch: { file: lockFile, find: '!this._owner.readAgain() && ', replace: '' },
  caughtAs: 'deadlock',
});

export const triesPastReaders = twin({
  name: 'tryWrite() does not look for readers',
  claim: 'rw-lock/triesWithoutWaiting',
  patch: { file, find: 'if (this._isEmpty()) return true;', replace: 'return true;' },
  caughtAs: 'race',
});

export const triesAndKeepsTheWord = twin({
  name: 'tryWrite() keeps the owner word though readers are inside',
  claim: 'rw-lock/triesWithoutWaiting',
  patch: {
    file,
    find: 'if (this._isEmpty()) return true; this._owner.release();',
    replace: 'if (this._isEmpty()) return true;',
  },
  caughtAs: 'assertion',
});

export const givesUpWithTheWord = twin({
  name: 'a writer that gives up keeps the owner word',
  claim: 'rw-lock/givesUpWritingWithoutHarm',
  patch: {
    file,
    find: 'this._isDraining = false; this._owner.release();',
    replace: 'this._isDraining = false;',
  },
  caughtAs: 'assertion',
});

export const givesUpInSilence = twin({
  name: 'who gives up, woken or not, wakes nobody else',
  claim: 'rw-lock/givesUpReadingWithoutHarm',
  patch: { file, find: 'else this._owner.passOn();', replace: '' },
  caughtAs: 'assertion',
});

export const deathIsNotTold = twin({
  name: 'a writer does not leave word that it is inside',
  claim: 'rw-lock/outlivesAKilledWriter',
  patch: { file: lockFile, find: 'this._owner.setConsistency(CONSISTENCY.ownerDied);', replace: '' },
  caughtAs: 'assertion',
});

export const deadOwnerWakesNobody = twin({
  name: 'forgetDead() lets nobody take what the dead had',
  claim: 'rw-lock/outlivesAKilledWriter',
  patch: { file, find: 'this._wakeOwner(); this._owner.passOn();', replace: 'this._wakeOwner();' },
  caughtAs: 'deadlock',
});

export const everyDeathIsTold = twin({
  name: 'a reader that dies on its way in is taken for a writer that died inside',
  claim: 'rw-lock/outlivesAKilledReader',
  patch: {
    file,
    find: 'new RobustOwner(thread, record, queue, false)',
    replace: 'new RobustOwner(thread, record, queue)',
  },
  caughtAs: 'assertion',
});

export const deadReaderStays = twin({
  name: 'forgetDead() leaves the count of a dead reader',
  claim: 'rw-lock/outlivesAKilledReader',
  patch: { file, find: 'this._words.store(this._readers + slot, 0);', replace: '' },
  caughtAs: 'assertion',
});

export const deadReaderWakesNobody = twin({
  name: 'forgetDead() does not wake the writer that waits for the dead',
  claim: 'rw-lock/outlivesAReaderInside',
  patch: { file, find: 'this._wakeOwner(); this._owner.passOn();', replace: 'this._owner.passOn();' },
  caughtAs: 'deadlock',
});

export const waitsForTheDead = twin({
  name: 'a writer does not look whether the reader that it waits for is dead',
  claim: 'rw-lock/findsDeathByItself',
  patch: {
    file,
    find: 'if ((state & SLOT_STATE_MASK) < SLOT_STATE.dead) return false;',
    replace: 'return false;',
  },
  caughtAs: 'livelock',
});

export const deadWaiterWakesNobody = twin({
  name: 'forgetDead() lets nobody go on where a writer died that waited for readers',
  claim: 'rw-lock/outlivesAWriterThatWaits',
  patch: { file, find: 'this._wakeOwner(); this._owner.passOn();', replace: 'this._wakeOwner();' },
  caughtAs: 'deadlock',
});

export const readersAreNotTold = twin({
  name: 'readers are not told that a writer died',
  claim: 'rw-lock/tellsReadersUntilRepaired',
  patch: {
    file: lockFile,
    find: 'return consistency === CONSISTENCY.ownerDied;',
    replace: 'return mode === WRITE && consistency === CONSISTENCY.ownerDied;',
  },
  caughtAs: 'assertion',
});

export const repairIsForgotten = twin({
  name: 'a repaired lock is taken for one that nobody has repaired',
  claim: 'rw-lock/tellsReadersUntilRepaired',
  patch: { file: lockFile, find: 'this._isConsistent = true;', replace: '' },
  caughtAs: 'assertion',
});

export const unrepairedIsWhole = twin({
  name: 'a lock that a writer releases unrepaired is taken for whole',
  claim: 'rw-lock/isLostWhereNobodyRepairs',
  patch: {
    file: lockFile,
    find: 'isConsistent ? CONSISTENCY.consistent : CONSISTENCY.notRecoverable',
    replace: 'CONSISTENCY.consistent',
  },
  caughtAs: 'assertion',
});
