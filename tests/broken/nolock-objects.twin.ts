/** Objects that are taken and freed by who may not spin, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const CACHE_FILE = 'src/slab/slab-cache.ts';
const LIST_FILE = 'src/slab/slab-list.ts';
const LLIST_FILE = 'src/words/llist.ts';

export const spinsForTheSlabs = twin({
  name: 'a free that may not spin waits for the slabs',
  claim: 'nolock-objects/besideOrdinaryCalls',
  patch: {
    file: CACHE_FILE,
    find: 'else if (!this.slabs.putOne(object, maySpin)) {',
    replace: 'else if (!this.slabs.putOne(object)) {',
  },
  caughtAs: 'assertion',
});

export const putsOnABusySlab = twin({
  name: 'an object goes on its slab though the lock of the slabs was not to be had',
  claim: 'nolock-objects/besideOrdinaryCalls',
  patch: {
    file: LIST_FILE,
    find: 'if (!this._lock.acquireToGive(maySpin)) { this.defer(object); return false; }',
    replace: 'this._lock.acquireToGive(maySpin);',
  },
  caughtAs: 'race',
});

export const shrinksWithoutTheDeferred = twin({
  name: 'shrinking a cache leaves what is deferred',
  claim: 'nolock-objects/defersBesideShrink',
  patch: {
    file: LIST_FILE,
    find: 'let discarded = this._drainDeferred(); let page',
    replace: 'let discarded = 0; let page',
  },
  caughtAs: 'assertion',
});

export const releasesBeforeTheDrain = twin({
  name: 'deferred objects go on their slabs after the lock was released',
  claim: 'nolock-objects/defersBesideShrink',
  patch: {
    file: LIST_FILE,
    find: 'let discarded = this._drainDeferred(); let page',
    replace: 'this._lock.release(); let discarded = this._drainDeferred(); let page',
  },
  caughtAs: 'race',
});

export const keepsTheSpare = twin({
  name: 'the spare sheaf is given back, and stays the spare',
  claim: 'nolock-objects/flushesBesideOrdinaryCalls',
  patch: {
    file: CACHE_FILE,
    find: 'words.storePlain(this._slot + CACHE_SLOT.spare, 0); if (main !== HEADER',
    replace: 'if (main !== HEADER',
  },
  caughtAs: 'assertion',
});

export const dropsWhatItCannotFlush = twin({
  name: 'a sheaf is emptied where the slabs are busy, and its objects are let go of',
  claim: 'nolock-objects/flushesBesideOrdinaryCalls',
  patch: {
    file: 'src/slab/deferred-objects.ts',
    find: 'this._begin(words.loadPlain(sheaf + SHEAF.objects + left)); words.storePlain(sheaf + SHEAF.count, left); this._end();',
    replace: 'words.storePlain(sheaf + SHEAF.count, left);',
  },
  caughtAs: 'assertion',
});

export const defersOverAnother = twin({
  name: 'an object is put on the deferred list whatever came there since the look at its head',
  claim: 'nolock-objects/twoDeferBesideADrain',
  patch: {
    file: LLIST_FILE,
    find: 'const found = words.compareExchange(head, first, node);',
    replace: 'const found = first; words.store(head, node);',
  },
  caughtAs: 'assertion',
});

export const drainsInTwoSteps = twin({
  name: 'the deferred list is read, and then emptied, in two steps',
  claim: 'nolock-objects/twoDeferBesideADrain',
  patch: {
    file: 'src/words/llist.ts',
    find: 'const found = words.compareExchange(head, first, 0);',
    replace: 'const found = first; words.store(head, 0);',
  },
  caughtAs: 'assertion',
});
