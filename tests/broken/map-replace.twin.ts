/** Ways to get the replacing of a value wrong, each of which a claim of map-replace.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const WRITER = 'src/collections/map-writer.ts';
const SHARED_MAP = 'src/collections/shared-map.ts';

export const freedAtOnce = twin({
  name: 'the entry that was replaced is freed without a grace period',
  claim: 'map-replace/readsOneValueOrTheOther',
  patch: {
    file: WRITER,
    find: 'if (changes && found !== 0) this._freeRcu(found, frame);',
    replace: 'if (changes && found !== 0) this._memory.free(found);',
  },
  caughtAs: 'race',
});

export const readsOutsideOfTurn = twin({
  name: 'get() reads without a turn, so no grace period waits for it',
  claim: 'map-replace/readsOneValueOrTheOther',
  patch: {
    file: SHARED_MAP,
    find: 'this._turn.spend(); const keys = this._keys; keys.encode(key); const entry = this._table.find(keys.draft);',
    replace: 'const keys = this._keys; keys.encode(key); const entry = this._table.find(keys.draft);',
  },
  caughtAs: 'race',
});

export const publishedPlainly = twin({
  name: 'the store that links an entry is a plain one',
  claim: 'map-replace/readsOneValueOrTheOther',
  patch: { file: WRITER, find: 'words.store(before, entry);', replace: 'words.storePlain(before, entry);' },
  caughtAs: 'race',
});

export const hasOutsideOfTurn = twin({
  name: 'has() walks without a turn, so no grace period waits for it',
  claim: 'map-replace/passesThroughWhatIsReplaced',
  patch: {
    file: SHARED_MAP,
    find: 'this._turn.spend(); const keys = this._keys; keys.encode(key); return this._table.find(keys.draft) !== 0;',
    replace:
      'this._turn.leave(); const keys = this._keys; keys.encode(key); return this._table.find(keys.draft) !== 0;',
  },
  caughtAs: 'race',
});

export const oldEntryLosesItsLink = twin({
  name: 'the entry that is replaced is cut off from the list, under whoever stands on it',
  claim: 'map-replace/passesThroughWhatIsReplaced',
  patch: {
    file: WRITER,
    find: 'words.store(before, entry);',
    replace: 'words.store(before, entry); if (found !== 0) words.store(found, 0x80000000 | 0);',
  },
  caughtAs: 'assertion',
});

export const linkedBeforeItHasItsLink = twin({
  name: 'the new entry is linked before its own link is written',
  claim: 'map-replace/passesThroughWhatIsReplaced',
  patch: [
    {
      file: WRITER,
      find: 'words.storePlain(entry, words.loadPlain(found === 0 ? before : found));',
      replace: 'const next = words.loadPlain(found === 0 ? before : found);',
    },
    {
      file: WRITER,
      find: 'words.store(before, entry);',
      replace: 'words.store(before, entry); words.storePlain(entry, next);',
    },
  ],
  caughtAs: 'race',
});

export const oldEntryStays = twin({
  name: 'the new entry leads to the one that it replaces, which is freed all the same',
  claim: 'map-replace/passesThroughWhatIsReplaced',
  patch: {
    file: WRITER,
    find: 'words.loadPlain(found === 0 ? before : found)',
    replace: 'words.loadPlain(before)',
  },
  caughtAs: 'assertion',
});

export const writesWithoutLock = twin({
  name: 'set() does not take the lock of the bucket',
  claim: 'map-replace/oneOfTwoReplacementsStays',
  patch: {
    file: WRITER,
    find: 'this._locks.acquire(number); try { found = this._table.locate(draft); changes = expected === ANY',
    replace: 'try { found = this._table.locate(draft); changes = expected === ANY',
  },
  caughtAs: 'race',
});

export const locatesBeforeLock = twin({
  name: 'set() looks for the entry before it has the lock, so two threads replace and free the same',
  claim: 'map-replace/oneOfTwoReplacementsStays',
  patch: {
    file: WRITER,
    find: 'this._locks.acquire(number); try { found = this._table.locate(draft); changes = expected === ANY',
    replace:
      'found = this._table.locate(draft); this._locks.acquire(number); try { changes = expected === ANY',
  },
  caughtAs: 'assertion',
  bounds: { races: 'explored' },
});

export const replacedIsNotFreed = twin({
  name: 'the entry that was replaced is never freed',
  claim: 'map-replace/oneOfTwoReplacementsStays',
  patch: {
    file: WRITER,
    find: 'if (changes && found !== 0) this._freeRcu(found, frame);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const updateIgnoresOthers = twin({
  name: 'update() puts its value whatever has become of the entry that it read',
  claim: 'map-replace/updateLosesNoStep',
  patch: {
    file: WRITER,
    find: 'changes = expected === ANY || found === expected;',
    replace: 'changes = true;',
  },
  caughtAs: 'assertion',
});

export const updateDoesNotTryAgain = twin({
  name: 'update() does not try again when another write came first',
  claim: 'map-replace/updateLosesNoStep',
  patch: {
    file: SHARED_MAP,
    find: 'if (this._replace(key, entry, value)) return value;',
    replace: 'this._replace(key, entry, value); return value;',
  },
  caughtAs: 'assertion',
});

export const entryOfLoserIsKept = twin({
  name: 'an entry that was not put into the map is not freed',
  claim: 'map-replace/updateLosesNoStep',
  patch: { file: WRITER, find: 'if (!changes) this._giveBack(entry, frame);', replace: '' },
  caughtAs: 'assertion',
});

export const updateRenewsItsTurn = twin({
  name: 'update() renews its turn between reading and writing: the entry it read is freed, and there again',
  claim: 'map-replace/updateTakesNoNewEntryForOld',
  patch: [
    {
      file: SHARED_MAP,
      find: 'this._turn.run(() => { result = this._update(key, fn); });',
      replace: 'this._turn.spend(); result = this._update(key, fn);',
    },
    {
      file: SHARED_MAP,
      find: 'if (this._replace(key, entry, value)) return value;',
      replace: 'this._turn.quiesce(); if (this._replace(key, entry, value)) return value;',
    },
  ],
  caughtAs: 'assertion',
  bounds: { preemptions: 2 },
});

export const updateReadsOutsideOfTurn = twin({
  name: 'update() reads without a turn',
  claim: 'map-replace/updateTakesNoNewEntryForOld',
  patch: {
    file: SHARED_MAP,
    find: 'this._turn.run(() => { result = this._update(key, fn); });',
    replace: 'result = this._update(key, fn);',
  },
  caughtAs: 'race',
});

export const updateInsertsOverOther = twin({
  name: 'update() puts what it made of nothing over what another thread has inserted',
  claim: 'map-replace/updateOfAbsentKey',
  patch: {
    file: WRITER,
    find: 'changes = expected === ANY || found === expected;',
    replace: 'changes = expected === ANY || expected === ABSENT || found === expected;',
  },
  caughtAs: 'assertion',
});

export const insertsOverOther = twin({
  name: 'getOrInsert() replaces what another thread has inserted since it looked',
  claim: 'map-replace/firstToInsertWins',
  patch: {
    file: SHARED_MAP,
    find: 'this._write(key, value, json, ABSENT)',
    replace: 'this._write(key, value, json, ANY)',
  },
  caughtAs: 'assertion',
});

export const insertReturnsItsOwn = twin({
  name: 'getOrInsert() returns its own value though another was first',
  claim: 'map-replace/firstToInsertWins',
  patch: { file: SHARED_MAP, find: 'if (found !== 0) return this._valueReader.read(found);', replace: '' },
  caughtAs: 'assertion',
});
