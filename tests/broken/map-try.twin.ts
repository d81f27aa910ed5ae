/** Ways to get trySet() and tryDelete() wrong, each of which a claim of map-try.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const WRITER = 'src/collections/map-writer.ts';
const LOCKS = 'src/collections/bucket-locks.ts';
const GROWTH = 'src/collections/map-growth.ts';
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
  patch: { file: WRITER, find: 'this._memory.freeNolock(entry); return false;', replace: 'return false;' },
  caughtAs: 'assertion',
});

export const saysDoneWhenRefused = twin({
  name: 'trySet() says that it is done though it did not get the lock',
  claim: 'map-try/insertsBesideSet',
  patch: {
    file: WRITER,
    find: 'this._memory.freeNolock(entry); return false;',
    replace: 'this._memory.freeNolock(entry); return true;',
  },
  caughtAs: 'assertion',
});

export const freesAtOnce = twin({
  name: 'trySet() frees what it replaces at once, under the eyes of readers',
  claim: 'map-try/replacesUnderReader',
  patch: {
    file: WRITER,
    find: 'else this._memory.freeRcu(found, RCU_HEAD); return true;',
    replace: 'else this._memory.freeNolock(found); return true;',
  },
  caughtAs: 'race',
});

export const neverFreed = twin({
  name: 'trySet() does not free what it replaces',
  claim: 'map-try/replacesUnderReader',
  patch: {
    file: WRITER,
    find: 'else this._memory.freeRcu(found, RCU_HEAD); return true;',
    replace: 'return true;',
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
    file: 'src/collections/shared-map.ts',
    find: 'return entry !== 0 && this._writer.tryPut(draft, entry);',
    replace: 'return entry === 0 || this._writer.tryPut(draft, entry);',
  },
  caughtAs: 'assertion',
});

export const writesWithoutMemory = twin({
  name: 'an entry for which there was no memory is written, to address 0',
  claim: 'map-try/failsWhole',
  patch: { file: WRITER, find: 'if (entry !== 0) draft.writeTo(', replace: 'draft.writeTo(' },
  caughtAs: 'assertion',
});
