/** Ways to get deleting wrong, each of which a claim of map-delete.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const WRITER = 'src/collections/map-writer.ts';
const CLEARING = 'src/collections/map-clearing.ts';
const SHARED_MAP = 'src/collections/shared-map.ts';
const TABLE = 'src/collections/map-table.ts';

/** Of remove(), not of put(). */
const LOCK_AND_LOCATE =
  'this._locks.acquire(number); try { found = this._table.locate(draft); changes = found !== 0';
const UNLINK = 'this._words.store(this._table.before, this._words.loadPlain(found));';

export const deletesWithoutLock = twin({
  name: 'delete() does not take the lock of the bucket',
  claim: 'map-delete/deleteAndReplaceOfOneKey',
  patch: {
    file: WRITER,
    find: LOCK_AND_LOCATE,
    replace: 'try { found = this._table.locate(draft); changes = found !== 0',
  },
  caughtAs: 'race',
});

export const deletedIsNotFreed = twin({
  name: 'delete() does not free the entry that it takes out',
  claim: 'map-delete/deleteAndReplaceOfOneKey',
  patch: {
    file: WRITER,
    find: 'if (changes) this._freeRcu(found, frame);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const replacesByStaleLook = twin({
  name: 'set() takes the entry that get() would find for the one that is on the list under the lock',
  claim: 'map-delete/deleteAndReplaceOfOneKey',
  patch: {
    file: WRITER,
    find: 'this._locks.acquire(number); try { found = this._table.locate(draft); changes = expected === ANY',
    replace:
      'const seen = this._table.find(draft); this._locks.acquire(number); ' +
      'try { found = this._table.locate(draft); if (seen !== 0) found = seen; changes = expected === ANY',
  },
  caughtAs: 'assertion',
});

export const locatesBeforeLock = twin({
  name: 'delete() looks for the entry before it has the lock, so two threads take out and free the same',
  claim: 'map-delete/oneOfTwoDeletesFindsIt',
  patch: {
    file: WRITER,
    find: LOCK_AND_LOCATE,
    replace: 'found = this._table.locate(draft); this._locks.acquire(number); try { changes = found !== 0',
  },
  caughtAs: 'assertion',
  bounds: { races: 'explored' },
});

export const unlinksAfterRelease = twin({
  name: 'delete() releases the lock before it has unlinked the entry',
  claim: 'map-delete/oneOfTwoDeletesFindsIt',
  patch: {
    file: WRITER,
    find: 'changes = found !== 0 && (expected === ANY || found === expected); if (changes)',
    replace:
      'changes = found !== 0 && (expected === ANY || found === expected); this._locks.release(number); if (changes)',
  },
  caughtAs: 'race',
});

export const takesOutWhateverIsThere = twin({
  name: 'update() to undefined takes out an entry that it was not shown',
  claim: 'map-delete/updateTakesOutWhatItHasSeen',
  patch: {
    file: WRITER,
    find: 'changes = found !== 0 && (expected === ANY || found === expected);',
    replace: 'changes = found !== 0;',
  },
  caughtAs: 'assertion',
});

export const removeDoesNotTryAgain = twin({
  name: 'update() to undefined does not try again when another write came first',
  claim: 'map-delete/updateTakesOutWhatItHasSeen',
  patch: {
    file: SHARED_MAP,
    find: 'return this._remove(key, expected) === expected;',
    replace: 'this._remove(key, expected); return true;',
  },
  caughtAs: 'assertion',
});

export const insertsBehindWhatIsGone = twin({
  name: 'set() uses a place that it found before it had the lock, behind an entry that is gone by then',
  claim: 'map-delete/deleteNextToInsert',
  patch: {
    file: WRITER,
    find: 'this._locks.acquire(number); try { found = this._table.locate(draft); changes = expected === ANY',
    replace:
      'found = this._table.locate(draft); this._locks.acquire(number); try { changes = expected === ANY',
  },
  caughtAs: 'assertion',
  bounds: { races: 'explored' },
});

export const unlinksByEntryBefore = twin({
  name: 'delete() unlinks by what it found before it had the lock, when that was itself unlinked',
  claim: 'map-delete/deletesOfNeighbours',
  patch: {
    file: WRITER,
    find: LOCK_AND_LOCATE,
    replace: 'found = this._table.locate(draft); this._locks.acquire(number); try { changes = found !== 0',
  },
  caughtAs: 'assertion',
  bounds: { races: 'explored' },
});

export const beforeIsOffByOne = twin({
  name: 'locate() does not move `before` along with the entries in front of the key',
  claim: 'map-delete/deletesOfNeighbours',
  patch: {
    file: TABLE,
    find: 'if (this._hasKey(link, draft)) { this.before = before; return link; }',
    replace: 'if (this._hasKey(link, draft)) { this.before = link; return link; }',
  },
  caughtAs: 'assertion',
});

export const deletedIsFreedAtOnce = twin({
  name: 'the entry that was deleted is freed without a grace period',
  claim: 'map-delete/readsPastWhatIsDeleted',
  patch: {
    file: WRITER,
    find: 'if (changes) this._freeRcu(found, frame);',
    replace: 'if (changes) this._memory.free(found);',
  },
  caughtAs: 'race',
});

export const deletedIsCutOff = twin({
  name: 'the entry that was deleted leads nowhere, under whoever stands on it',
  claim: 'map-delete/readsPastWhatIsDeleted',
  patch: { file: WRITER, find: UNLINK, replace: `${UNLINK} this._words.store(found, 0x80000000 | 0);` },
  caughtAs: 'assertion',
});

export const unlinkedPlainly = twin({
  name: 'the store that leads round a deleted entry is a plain one',
  claim: 'map-delete/readsPastWhatIsDeleted',
  patch: {
    file: WRITER,
    find: UNLINK,
    replace: 'this._words.storePlain(this._table.before, this._words.loadPlain(found));',
  },
  caughtAs: 'race',
});

export const clearedIsFreedAtOnce = twin({
  name: 'clear() frees what it takes out without a grace period',
  claim: 'map-delete/readsWhileAllIsCleared',
  patch: {
    file: CLEARING,
    find: 'this._memory.freeRcu(entry, ENTRY.rcuHead);',
    replace: 'this._memory.free(entry);',
  },
  caughtAs: 'race',
});

export const clearedPlainly = twin({
  name: 'clear() leads round the entries by a plain store',
  claim: 'map-delete/readsWhileAllIsCleared',
  patch: { file: CLEARING, find: 'words.store(word, link);', replace: 'words.storePlain(word, link);' },
  caughtAs: 'race',
});

export const clearsOneByOne = twin({
  name: 'clear() cuts each entry off from the list as it takes it out',
  claim: 'map-delete/readsWhileAllIsCleared',
  patch: {
    file: CLEARING,
    find: 'for (; link > 0; link = words.loadPlain(link)) { words.storePlain(link + ENTRY_TAKER, ownerTag); count++; }',
    replace:
      'while (link > 0) { const next = words.loadPlain(link); words.store(link, 0x80000000 | 0); ' +
      'words.storePlain(link + ENTRY_TAKER, ownerTag); count++; link = next; }',
  },
  caughtAs: 'assertion',
});

export const plainAmongEquals = twin({
  name: 'among entries of one hash find() goes on by a plain read, which orders nothing',
  claim: 'map-delete/readsPastOthersOfItsHash',
  patch: {
    file: TABLE,
    find: 'link = this._words.dereference(link); } if (link > 0) return 0;',
    replace: 'link = this._words.loadPlain(link); } if (link > 0) return 0;',
  },
  caughtAs: 'race',
});

export const deletedAmongEqualsIsCutOff = twin({
  name: 'an entry that was deleted from among others of its hash leads nowhere',
  claim: 'map-delete/readsPastOthersOfItsHash',
  patch: { file: WRITER, find: UNLINK, replace: `${UNLINK} this._words.store(found, 0x80000000 | 0);` },
  caughtAs: 'assertion',
});

export const deleteSaysWhatWasThere = twin({
  name: 'delete() answers by a look of its own, not by what it found under the lock',
  claim: 'map-delete/historiesOfOneKey',
  patch: {
    file: SHARED_MAP,
    find: 'return this._remove(key, ANY) !== 0;',
    replace:
      'this._keys.encode(key); const was = this._table.find(this._keys.draft) !== 0; this._remove(key, ANY); return was;',
  },
  caughtAs: 'assertion',
});

export const replacesInTwoSteps = twin({
  name: 'set() takes the old entry out before it puts the new one in',
  claim: 'map-delete/historiesOfOneKey',
  patch: {
    file: WRITER,
    find: 'words.store(before, entry);',
    replace: 'if (found !== 0) words.store(before, words.loadPlain(found)); words.store(before, entry);',
  },
  caughtAs: 'assertion',
});
