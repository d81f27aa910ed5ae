/** Ways to get trySet() and tryDelete() wrong, each of which a claim of map-try.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const WRITER = 'src/collections/map-writer.ts';
const LOCKS = 'src/collections/bucket-locks.ts';
const GROWTH = 'src/collections/map-growth.ts';
/** What follows in tryPut(). */
const AFTER_TRY =
  '} finally { this._intents.close(frame); } if (found === 0) this._growth.tryAfterInsert(number);';
const TRY = 'return this._lock(number).tryAcquire();';

export const triesInVain = twin({
  name: 'trySet() goes on without the lock that it did not get',
  claim: 'map-try/insertsBesideSet',
  patch: { file: LOCKS, find: TRY, replace: 'this._lock(number).tryAcquire(); return true;' },
  caughtAs: 'race',
});

export const keepsRefusedEntry = twin({
  name: 'an entry for which trySet() did not get the lock is not freed',
  claim: 'map-try/insertsBesideSet',
  patch: { file: WRITER, find: 'this._giveBack(entry, frame); return false;', replace: 'return false;' },
  caughtAs: 'assertion',
});

export const saysDoneWhenRefused = twin({
  name: 'trySet() says that it is done though it did not get the lock',
  claim: 'map-try/insertsBesideSet',
  patch: {
    file: WRITER,
    find: 'this._giveBack(entry, frame); return false;',
    replace: 'this._giveBack(entry, frame); return true;',
  },
  caughtAs: 'assertion',
});

export const freesAtOnce = twin({
  name: 'trySet() frees what it replaces at once, under the eyes of readers',
  claim: 'map-try/replacesUnderReader',
  patch: {
    file: WRITER,
    find: `if (found !== 0) this._freeRcu(found, frame); ${AFTER_TRY}`,
    replace: `if (found !== 0) this._memory.freeNolock(found); ${AFTER_TRY}`,
  },
  caughtAs: 'race',
});

export const neverFreed = twin({
  name: 'trySet() does not free what it replaces',
  claim: 'map-try/replacesUnderReader',
  patch: {
    file: WRITER,
    find: `if (found !== 0) this._freeRcu(found, frame); ${AFTER_TRY}`,
    replace: AFTER_TRY,
  },
  caughtAs: 'assertion',
});

export const deleteSaysDoneWhenRefused = twin({
  name: 'tryDelete() says that the key is gone though it did not get the lock',
  claim: 'map-try/deletesBesideSet',
  patch: {
    file: WRITER,
    find: 'if (!this._locks.tryAcquire(number)) return false;',
    replace: 'if (!this._locks.tryAcquire(number)) return true;',
  },
  caughtAs: 'assertion',
});

export const spinsForTheLock = twin({
  name: 'trySet() spins for the lock',
  claim: 'map-try/killedWriterHoldsNobodyUp',
  patch: { file: LOCKS, find: TRY, replace: 'this._lock(number).acquire(); return true;' },
  caughtAs: 'error',
});

export const publishesLevelFirst = twin({
  name: 'a tried doubling publishes the level before the words of its buckets are zeroed',
  claim: 'map-try/findsThroughTriedGrowth',
  patch: [
    { file: GROWTH, find: 'words.fillPlain(segment, segment + count, 0);', replace: '' },
    {
      file: GROWTH,
      find: 'return level + 1;',
      replace: 'words.fillPlain(segment, segment + count, 0); return level + 1;',
    },
  ],
  caughtAs: 'race',
});

export const saysDoneWithoutMemory = twin({
  name: 'trySet() says that it is done though it had no memory for the entry',
  claim: 'map-try/failsWhole',
  patch: {
    file: WRITER,
    find: 'if (entry === 0) return false;',
    replace: 'if (entry === 0) return true;',
  },
  caughtAs: 'assertion',
});

export const writesWithoutMemory = twin({
  name: 'an entry for which there was no memory is written, to address 0',
  claim: 'map-try/failsWhole',
  patch: { file: WRITER, find: 'if (entry === 0) return false;', replace: '' },
  caughtAs: 'error',
});
