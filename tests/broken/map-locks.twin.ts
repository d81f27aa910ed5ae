/** Ways to get the locks of buckets wrong, each of which a claim of map-locks.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const WRITER = 'src/collections/map-writer.ts';
const LOCKS = 'src/collections/bucket-locks.ts';
const TABLE = 'src/collections/map-table.ts';
const GROWTH = 'src/collections/map-growth.ts';
const SHARED_MAP = 'src/collections/shared-map.ts';

/** Of put(). */
const LOCK_AND_LOCATE =
  'this._locks.acquire(number); try { found = this._table.locate(draft); changes = expected === ANY';
const LINK = 'if (changes) this._link(entry, found, number, frame);';
const COUNT = 'if (found === 0) this._locks.addEntries(number, 1); else this._tell(found, frame);';
const TELL = 'if (found !== 0) this._tell(found, frame);';
const PUBLISH = 'words.store(before, entry);';

export const lockOfAnotherBucket = twin({
  name: 'the lock is chosen by the low bits of the hash, which do not choose the bucket',
  claim: 'map-locks/insertsIntoOneBucket',
  patch: { file: LOCKS, find: '(order ^ FLIP) >>> (32 - this.firstLevel())', replace: '(order ^ FLIP) & 1' },
  caughtAs: 'race',
});

export const noLock = twin({
  name: 'an insert takes no lock',
  claim: 'map-locks/insertsIntoOneBucket',
  patch: {
    file: WRITER,
    find: LOCK_AND_LOCATE,
    replace: 'try { found = this._table.locate(draft); changes = expected === ANY',
  },
  caughtAs: 'race',
});

export const locatesBeforeLock = twin({
  name: 'an insert finds its place before it has the lock, and another insert is lost',
  claim: 'map-locks/insertsIntoOneBucket',
  patch: {
    file: WRITER,
    find: LOCK_AND_LOCATE,
    replace:
      'found = this._table.locate(draft); this._locks.acquire(number); try { changes = expected === ANY',
  },
  caughtAs: 'assertion',
  bounds: { races: 'explored' },
});

export const linksAfterRelease = twin({
  name: 'the lock is released before the link is stored',
  claim: 'map-locks/insertsIntoOneBucket',
  patch: { file: WRITER, find: LINK, replace: `this._locks.release(number); ${LINK}` },
  caughtAs: 'race',
});

export const countsAfterRelease = twin({
  name: 'an insert is counted when the lock is released',
  claim: 'map-locks/countsOfOneLock',
  patch: [
    { file: WRITER, find: COUNT, replace: TELL },
    {
      file: WRITER,
      find: 'if (changes && found === 0) this._growth.afterInsert(number);',
      replace:
        'if (changes && found === 0) { this._locks.addEntries(number, 1); this._growth.afterInsert(number); }',
    },
  ],
  caughtAs: 'assertion',
});

export const countsReplacements = twin({
  name: 'a replacement is counted as an entry more',
  claim: 'map-locks/countsOfOneLock',
  patch: {
    file: WRITER,
    find: COUNT,
    replace: `this._locks.addEntries(number, 1); ${TELL}`,
  },
  caughtAs: 'assertion',
});

export const publishedPlainly = twin({
  name: 'the store that links a new entry is a plain one',
  claim: 'map-locks/insertIsSeenWholeOrNot',
  patch: { file: WRITER, find: PUBLISH, replace: 'words.storePlain(before, entry);' },
  caughtAs: 'race',
});

export const publishedPlainlyOvertakes = twin({
  name: 'the store that links a new entry is a plain one, and overtakes the one that gave it its own link',
  claim: 'map-locks/insertIsSeenWholeOrNot',
  patch: { file: WRITER, find: PUBLISH, replace: 'words.storePlain(before, entry);' },
  caughtAs: 'error',
  bounds: { storeBuffers: true, races: 'explored' },
});

export const writtenAfterLinking = twin({
  name: 'an entry is written when it is on the list',
  claim: 'map-locks/insertIsSeenWholeOrNot',
  patch: [
    {
      file: WRITER,
      find: 'this._intents.take(frame, entry); draft.writeTo(this._words, entry);',
      replace: 'this._intents.take(frame, entry);',
    },
    { file: WRITER, find: LINK, replace: `${LINK} draft.writeTo(this._words, entry);` },
  ],
  caughtAs: 'race',
});

export const linkWrittenAfterLinking = twin({
  name: 'an entry gets its own link when it is on the list',
  claim: 'map-locks/insertIsSeenWholeOrNot',
  patch: [
    {
      file: WRITER,
      find: 'words.storePlain(entry, words.loadPlain(found === 0 ? before : found));',
      replace: 'const next = words.loadPlain(found === 0 ? before : found);',
    },
    { file: WRITER, find: PUBLISH, replace: `${PUBLISH} words.store(entry, next);` },
  ],
  caughtAs: 'error',
});

export const comparesHashesAlone = twin({
  name: 'a writer takes an entry of the same hash for that of its key',
  claim: 'map-locks/insertsOfOneHash',
  patch: {
    file: TABLE,
    find: 'if (this._hasKey(link, draft)) { this.before = before; return link; }',
    replace: 'this.before = before; return link;',
  },
  caughtAs: 'assertion',
});

export const readerComparesHashesAlone = twin({
  name: 'a reader takes the first entry of the same hash for that of its key',
  claim: 'map-locks/insertsOfOneHash',
  patch: {
    file: TABLE,
    find: 'if (found === order && link > 0 && this._hasKey(link, draft)) return link;',
    replace: 'if (found === order && link > 0) return link;',
  },
  caughtAs: 'assertion',
});

export const readerStopsAtFirstOfEqual = twin({
  name: 'a reader looks at the first entry of a hash alone',
  claim: 'map-locks/insertsOfOneHash',
  patch: {
    file: TABLE,
    find: 'return found > order ? 0 : this._findOn(draft, level, link);',
    replace: 'return link > 0 ? 0 : this._findOn(draft, level, link);',
  },
  caughtAs: 'assertion',
});

export const readerTakesLock = twin({
  name: 'get() takes the lock of the bucket',
  claim: 'map-locks/killedWriterHoldsUpNoReader',
  patch: {
    file: SHARED_MAP,
    find: 'this._turn.spend(); const keys = this._keys; keys.encode(key); const entry = this._table.find(keys.draft);',
    replace:
      'this._turn.spend(); const keys = this._keys; keys.encode(key); const number = this._locks.numberOf(keys.draft.words[1]); ' +
      'this._locks.acquire(number); const entry = this._table.find(keys.draft); this._locks.release(number);',
  },
  caughtAs: 'error',
});

export const growsHalfway = twin({
  name: 'the new buckets are put on the list word by word, and lead on only when all are there',
  claim: 'map-locks/killedWriterHoldsUpNoReader',
  patch: [
    { file: TABLE, find: 'words.store(word, link);', replace: '' },
    {
      file: TABLE,
      find: 'words.store(before, word | LINK);',
      replace: 'words.store(before, word | LINK); words.store(word, link);',
    },
  ],
  caughtAs: 'error',
});

export const oneLockForAll = twin({
  name: 'all buckets have one lock',
  claim: 'map-locks/killedWriterHoldsUpOneLock',
  patch: [
    { file: LOCKS, find: 'this._lock(number).acquire();', replace: 'this._lock(0).acquire();' },
    { file: LOCKS, find: 'this._lock(number).release();', replace: 'this._lock(0).release();' },
  ],
  caughtAs: 'error',
});

export const replacesBeforeLock = twin({
  name: 'the new value is linked before the lock is to be had',
  claim: 'map-locks/killedWriterHoldsUpOneLock',
  patch: {
    file: WRITER,
    find: LOCK_AND_LOCATE,
    replace:
      'found = this._table.locate(draft); if (found !== 0) this._words.store(found + 7, draft.words[7]); ' +
      'this._locks.acquire(number); try { found = this._table.locate(draft); changes = expected === ANY',
  },
  caughtAs: 'assertion',
  bounds: { races: 'explored' },
});

export const growthWaitsForGrower = twin({
  name: 'an insert that finds the table full waits for who is doubling it',
  claim: 'map-locks/insertsAreMadeWhileOneGrows',
  patch: {
    file: GROWTH,
    find: 'if (!this._growLock.tryAcquire()) return 0;',
    replace: 'this._growLock.acquire();',
  },
  caughtAs: 'assertion',
});

export const deletesWithoutLockAmongThree = twin({
  name: 'delete() takes no lock, among three writers',
  claim: 'map-locks/threeWritersOfOneBucket',
  patch: {
    file: WRITER,
    find: 'this._locks.acquire(number); try { found = this._table.locate(draft); changes = found !== 0',
    replace: 'try { found = this._table.locate(draft); changes = found !== 0',
  },
  caughtAs: 'race',
});
