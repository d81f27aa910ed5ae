/** Ways to get growing wrong, each of which a claim of map-growth.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const TABLE = 'src/collections/map-table.ts';
const CLEARING = 'src/collections/map-clearing.ts';
const GROWTH = 'src/collections/map-growth.ts';

export const noSecondLook = twin({
  name: 'find() takes the first bucket word that it meets for the end of its bucket, without a second look at the level',
  claim: 'map-growth/findsThroughGrowth',
  patch: {
    file: TABLE,
    find: 'return this._words.dereference(this._map + LEVEL - 1 - (link >> 31)) === level ? 0 : this.find(draft);',
    replace: 'return 0;',
  },
  caughtAs: 'assertion',
});

export const bucketLinkedBeforeLevel = twin({
  name: 'the new buckets are put on the list before their level is published',
  claim: 'map-growth/findsThroughGrowth',
  patch: [
    { file: GROWTH, find: 'words.store(this._map + MAP.level, level + 1);', replace: '' },
    {
      file: GROWTH,
      find: 'const now = this._table.level();',
      replace: 'const now = level;',
    },
    {
      file: GROWTH,
      find: '} catch (error) {',
      replace: 'this._memory.words.store(this._map + MAP.level, level); } catch (error) {',
    },
  ],
  caughtAs: 'assertion',
});

export const levelBeforeSegment = twin({
  name: 'the level is published before the address of its segment',
  claim: 'map-growth/absentKeyStaysAbsent',
  patch: [
    {
      file: GROWTH,
      find: 'words.store(this._map + MAP.segments + level + 1, segment);',
      replace: 'words.store(this._map + MAP.level, level + 1);',
    },
    {
      file: GROWTH,
      find: "// map-table:P2: publishes the segment's address, before any of its buckets is on the list. words.store(this._map + MAP.level, level + 1);",
      replace: 'words.store(this._map + MAP.segments + level + 1, segment);',
    },
  ],
  caughtAs: 'error',
});

export const levelPlainly = twin({
  name: 'the level is published by a plain store',
  claim: 'map-growth/findsThroughGrowth',
  patch: {
    file: GROWTH,
    find: 'words.store(this._map + MAP.level, level + 1);',
    replace: 'words.storePlain(this._map + MAP.level, level + 1);',
  },
  caughtAs: 'race',
});

export const segmentPlainly = twin({
  name: "the segment's address is published by a plain store, though writers read the level plainly",
  claim: 'map-growth/insertAgainstGrowth',
  patch: {
    file: GROWTH,
    find: 'words.store(this._map + MAP.segments + level + 1, segment);',
    replace: 'words.storePlain(this._map + MAP.segments + level + 1, segment);',
  },
  caughtAs: 'race',
});

export const zeroedTooLate = twin({
  name: 'the words of the new buckets are zeroed after they were published',
  claim: 'map-growth/findsThroughGrowth',
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

export const notZeroed = twin({
  name: 'the words of the new buckets hold what was there before',
  claim: 'map-growth/absentKeyStaysAbsent',
  patch: { file: GROWTH, find: 'words.fillPlain(segment, segment + count, 0);', replace: '' },
  caughtAs: 'error',
});

export const leadsNowhere = twin({
  name: "a bucket's word is put on the list before it leads on",
  claim: 'map-growth/findsThroughTwoGrowths',
  patch: [
    { file: TABLE, find: 'words.store(word, link);', replace: '' },
    {
      file: TABLE,
      find: 'words.store(before, word | LINK);',
      replace: 'words.store(before, word | LINK); words.store(word, link);',
    },
  ],
  caughtAs: 'assertion',
});

export const unlinkedBucketIsEmpty = twin({
  name: 'find() takes a bucket that is not on the list for an empty one',
  claim: 'map-growth/findsThroughTwoGrowths',
  patch: {
    file: TABLE,
    find: 'if (link === 0) return this._findFrom(this.linkFrom(order), draft);',
    replace: 'if (link === 0) return 0;',
  },
  caughtAs: 'assertion',
});

export const staleLookAgain = twin({
  name: 'find() goes on behind the first bucket word that it meets, and stops at the second',
  claim: 'map-growth/findsThroughTwoGrowths',
  patch: {
    file: TABLE,
    find: 'return this._words.dereference(this._map + LEVEL - 1 - (link >> 31)) === level ? 0 : this.find(draft);',
    replace:
      'let on = this.throughBucket(link); while (on > 0) { if (this._hasKey(on, draft)) return on; on = this._words.dereference(on); } return 0;',
  },
  caughtAs: 'assertion',
});

export const bucketBehindItsFirst = twin({
  name: 'a new bucket is put on the list behind an entry of its first order',
  claim: 'map-growth/findsFirstOfNewBucket',
  patch: {
    file: TABLE,
    find: 'words.loadPlain(link + ORDER) < start',
    replace: 'words.loadPlain(link + ORDER) <= start',
  },
  caughtAs: 'assertion',
});

export const oneOfEqualFromEarlier = twin({
  name: 'from an earlier bucket find() looks at the first entry of a hash alone',
  claim: 'map-growth/findsFirstOfNewBucket',
  patch: {
    file: TABLE,
    find: 'if (found > order) return 0; if (found === order && this._hasKey(link, draft)) return link;',
    replace: 'if (found >= order) return this._hasKey(link, draft) ? link : 0;',
  },
  caughtAs: 'assertion',
});

export const linkedTwice = twin({
  name: 'a new bucket is put on the list though a writer who needed it has put it there',
  claim: 'map-growth/insertAgainstGrowth',
  patch: {
    file: TABLE,
    find: 'if (words.loadPlain(word) !== 0) return word;',
    replace: 'if (words.loadPlain(word) !== 0 && (bucket & 1) === 0) return word;',
  },
  caughtAs: 'assertion',
});

export const linksWithoutLock = twin({
  name: 'the new buckets are put on the list without the lock that guards it',
  claim: 'map-growth/insertAgainstGrowth',
  patch: {
    file: GROWTH,
    find: 'this._locks.acquire(number); try { // The table may',
    replace: 'try { // The table may',
  },
  caughtAs: 'race',
});

export const linksByOldLevel = twin({
  name: 'the new buckets are put on the list by the level that added them, though the table has doubled again',
  claim: 'map-growth/insertAgainstGrowth',
  patch: { file: GROWTH, find: 'const now = this._table.level();', replace: 'const now = level;' },
  caughtAs: 'assertion',
});

export const linksOtherBucket = twin({
  name: 'a bucket keeps its number when the table has doubled again',
  claim: 'map-growth/insertAgainstGrowth',
  patch: { file: GROWTH, find: 'bucket << (now - level)', replace: 'bucket' },
  caughtAs: 'race',
});

export const noGrowLock = twin({
  name: 'two threads double the table at once',
  claim: 'map-growth/doublesOnceForOneFullTable',
  patch: { file: GROWTH, find: 'if (!this._growLock.tryAcquire()) return 0;', replace: '' },
  caughtAs: 'assertion',
});

export const doublesTwice = twin({
  name: 'who comes to the grow lock second does not look again whether the table is full',
  claim: 'map-growth/doublesOnceForOneFullTable',
  patch: {
    file: GROWTH,
    find: 'return this._isFull(number) ? this._addSegment(nolock) : 0;',
    replace: 'return this._addSegment(nolock);',
  },
  caughtAs: 'assertion',
});

export const locatesByOldBucket = twin({
  name: 'locate() puts no bucket on the list, and takes an earlier one that is not in front of the key',
  claim: 'map-growth/deleteAgainstGrowth',
  patch: {
    file: TABLE,
    find: 'let before = this.linkBucket(level, (order ^ FLIP) >>> (32 - level));',
    replace: 'let before = this.wordOf(1, (order ^ FLIP) >>> 31);',
  },
  caughtAs: 'assertion',
});

export const clearsWithoutLock = twin({
  name: 'clear() takes no lock',
  claim: 'map-growth/clearAgainstGrowth',
  patch: {
    file: CLEARING,
    find: 'this._locks.acquire(number); try { const level = this._table.level();',
    replace: 'try { const level = this._table.level();',
  },
  caughtAs: 'race',
});

export const clearsByOldLevel = twin({
  name: 'clear() goes through the buckets of the level that it found before it had the lock',
  claim: 'map-growth/clearAgainstGrowth',
  patch: {
    file: CLEARING,
    find: 'this._locks.acquire(number); try { const level = this._table.level();',
    replace: 'const level = this._table.level(); this._locks.acquire(number); try {',
  },
  caughtAs: 'assertion',
});

export const clearCutsTheList = twin({
  name: 'clear() leaves a bucket that leads nowhere, and not to the next',
  claim: 'map-growth/clearAgainstGrowth',
  patch: { file: CLEARING, find: 'words.store(word, link);', replace: 'words.store(word, 0x80000000 | 0);' },
  caughtAs: 'assertion',
});

export const growsIntoNothing = twin({
  name: 'a segment for which there was no memory is published',
  claim: 'map-growth/insertsThoughItCannotGrow',
  patch: {
    file: GROWTH,
    find: 'if (segment === 0) { this._insertsToSkip = INSERTS_AFTER_FAILURE; return 0; }',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const noSecondLookAmongTwo = twin({
  name: 'find() has no second look at the level, with two threads that split',
  claim: 'map-growth/findsAmongTwoGrowers',
  patch: {
    file: TABLE,
    find: 'return this._words.dereference(this._map + LEVEL - 1 - (link >> 31)) === level ? 0 : this.find(draft);',
    replace: 'return 0;',
  },
  caughtAs: 'assertion',
});
