/** Ways to get iterating wrong, each of which a claim of map-iteration.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const ITERATION = 'src/collections/map-iteration.ts';
const TABLE = 'src/collections/map-table.ts';
const WRITER = 'src/collections/map-writer.ts';

const FIRST_LINK = 'let link = this._table.linkFrom(this._from);';

export const beginsNowhere = twin({
  name: 'a batch begins with the word of its bucket, whether that is on the list or not',
  claim: 'map-iteration/onceFromTheMiddle',
  patch: {
    file: TABLE,
    find: 'while (link === 0) link = this._words.dereference(this.wordOf(level, --bucket));',
    replace: '',
  },
  caughtAs: 'error',
});

export const beginsInNextBucket = twin({
  name: 'a batch whose bucket is not on the list begins in the next one',
  claim: 'map-iteration/onceFromTheMiddle',
  patch: { file: TABLE, find: 'this.wordOf(level, --bucket)', replace: 'this.wordOf(level, ++bucket)' },
  caughtAs: 'assertion',
});

export const takesAllOfEarlierBucket = twin({
  name: 'a batch takes all that it passes, from the earlier bucket that it had to begin in',
  claim: 'map-iteration/onceFromTheMiddle',
  patch: { file: ITERATION, find: 'if (order >= this._from) {', replace: '{' },
  caughtAs: 'assertion',
});

export const bucketLeadsOnTooLate = twin({
  name: "a new bucket's word is put on the list before it leads on, and a walk goes through it",
  claim: 'map-iteration/onceThroughGrowth',
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

export const walksWithoutTurn = twin({
  name: 'a batch is copied outside of any turn',
  claim: 'map-iteration/oncePastChanges',
  patch: { file: ITERATION, find: 'this._turn.spend();', replace: '' },
  caughtAs: 'race',
});

export const deletedIsFreedAtOnce = twin({
  name: 'the entry that was deleted is freed without a grace period, under a walk',
  claim: 'map-iteration/oncePastChanges',
  patch: {
    file: WRITER,
    find: 'if (changes) this._freeRcu(found, frame);',
    replace: 'if (changes) this._memory.free(found);',
  },
  caughtAs: 'race',
});

export const movesToTheFront = twin({
  name: 'a replaced entry leads back to the entry that took its place, so that a walk on it comes there again',
  claim: 'map-iteration/oncePastChanges',
  patch: {
    file: WRITER,
    find: 'words.store(before, entry);',
    replace: 'words.store(before, entry); if (found !== 0) words.store(found, entry);',
  },
  caughtAs: 'assertion',
});

export const keepsItsPlace = twin({
  name: 'an iterator keeps the address where it stopped from one batch to the next',
  claim: 'map-iteration/onceAcrossBatches',
  patch: [
    {
      file: ITERATION,
      find: FIRST_LINK,
      replace: 'let link = this._at ?? this._table.linkFrom(this._from);',
    },
    { file: ITERATION, find: 'this._from = last + 1;', replace: 'this._from = last + 1; this._at = link;' },
  ],
  caughtAs: 'race',
});

export const goesOnFromLast = twin({
  name: 'a batch begins with the order that the one before ended with',
  claim: 'map-iteration/onceAcrossBatches',
  patch: { file: ITERATION, find: 'this._from = last + 1;', replace: 'this._from = last;' },
  caughtAs: 'assertion',
});

export const takesWhatCameBefore = twin({
  name: 'a batch takes everything from the bucket that it begins in',
  claim: 'map-iteration/onceAmongCollisions',
  patch: { file: ITERATION, find: 'if (order >= this._from) {', replace: '{' },
  caughtAs: 'assertion',
});

export const countsEntries = twin({
  name: 'a batch skips as many entries as came before, instead of going on by order',
  claim: 'map-iteration/onceAcrossBatches',
  patch: [
    {
      file: ITERATION,
      find: FIRST_LINK,
      replace: 'let link = this._table.linkFrom(-(2 ** 31)); let skipped = 0;',
    },
    { file: ITERATION, find: 'if (order >= this._from) {', replace: 'if (skipped++ >= (this._came ?? 0)) {' },
    {
      file: ITERATION,
      find: 'this._from = last + 1;',
      replace: 'this._came = (this._came ?? 0) + this._batch.length;',
    },
  ],
  caughtAs: 'assertion',
});

export const stopsAmongEquals = twin({
  name: 'a batch stops at 64 entries, between two of one order',
  claim: 'map-iteration/onceAmongCollisions',
  patch: {
    file: ITERATION,
    find: 'if (this._batch.length >= BATCH_ENTRIES && order !== last) break;',
    replace: 'if (this._batch.length >= BATCH_ENTRIES) break;',
  },
  caughtAs: 'assertion',
});
