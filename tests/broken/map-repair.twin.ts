/** Ways to get the repair of maps wrong, each of which a claim of map-repair.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const REPAIR = 'src/collections/map-repair.ts';
const WRITER = 'src/collections/map-writer.ts';
const CLEARING = 'src/collections/map-clearing.ts';

export const entryIsKept = twin({
  name: 'an entry that never went into the map is not freed',
  claim: 'map-repair/insertBesideDelete',
  patch: { file: REPAIR, find: 'if (isInUse(estate, entry)) freeInHand(estate, entry);', replace: '' },
  caughtAs: 'assertion',
});

export const linkedEntryIsFreed = twin({
  name: 'an entry that is in the map is freed',
  claim: 'map-repair/insertBesideDelete',
  patch: {
    file: REPAIR,
    find: 'if (entry === 0 || table.leadsTo(entry)) return;',
    replace: 'if (entry === 0) return;',
  },
  caughtAs: 'assertion',
});

export const othersTakerIsIgnored = twin({
  name: 'an entry that another thread has taken out meanwhile is freed at once',
  claim: 'map-repair/insertBesideDelete',
  patch: { file: REPAIR, find: 'if (words.loadPlain(entry + ENTRY_TAKER) !== 0) return;', replace: '' },
  caughtAs: 'assertion',
});

export const countIsKept = twin({
  name: 'the entries of a lock are not counted anew',
  claim: 'map-repair/insertBesideDelete',
  patch: { file: REPAIR, find: 'words.storePlain(lock + BUCKET_LOCK.entries, entries);', replace: '' },
  caughtAs: 'assertion',
});

export const oldIsKept = twin({
  name: 'what the dead thread has replaced is not freed',
  claim: 'map-repair/replaceBesideReplace',
  patch: { file: REPAIR, find: 'freeOnce(task, out); return;', replace: 'return;' },
  caughtAs: 'assertion',
});

export const freedThoughPosted = twin({
  name: 'what waits for its grace period already is freed once more',
  claim: 'map-repair/replaceBesideReplace',
  patch: {
    file: REPAIR,
    find: 'if (!isWaiting(estate, entry)) retireInHand(',
    replace: 'retireInHand(',
  },
  caughtAs: 'assertion',
});

export const saysOutBeforeItIs = twin({
  name: 'a thread says that an entry is off the list before it is',
  claim: 'map-repair/replaceBesideReplace',
  patch: {
    file: WRITER,
    find: 'this._intents.takeSecond(frame, found); this._words.storePlain(found + TAKER, this._tag);',
    replace: 'this._intents.takeSecond(frame, -found); this._words.storePlain(found + TAKER, this._tag);',
  },
  caughtAs: 'assertion',
});

export const tagIsForgotten = twin({
  name: 'who takes an entry out does not say who it is',
  claim: 'map-repair/deleteBesideDelete',
  patch: { file: WRITER, find: 'this._words.storePlain(found + TAKER, this._tag);', replace: '' },
  caughtAs: 'assertion',
});

export const lockIsLeft = twin({
  name: 'a lock of the dead that was taken over is not released',
  claim: 'map-repair/deleteBesideDelete',
  patch: { file: REPAIR, find: 'lock.release(); taken.push(lock.name);', replace: 'taken.push(lock.name);' },
  caughtAs: 'assertion',
});

export const chainIsForgotten = twin({
  name: 'what clear() had taken out and not freed is forgotten',
  claim: 'map-repair/clearBesideDelete',
  patch: {
    file: REPAIR,
    find: 'intents.takeSecond(frame, -out); intents.take(',
    replace: 'return; intents.take(',
  },
  caughtAs: 'assertion',
});

export const bucketInHandIsForgotten = twin({
  name: 'a bucket that clear() had just emptied is forgotten',
  claim: 'map-repair/clearBesideDelete',
  patch: { file: CLEARING, find: 'intents.takeSecond(removed.frame, first);', replace: '' },
  caughtAs: 'assertion',
});
