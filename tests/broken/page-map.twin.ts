/** What the map of pages says, and kfree's trust in it, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const KMALLOC_FILE = 'src/slab/kmalloc.ts';
const LIST_FILE = 'src/slab/slab-list.ts';
const SLAB_FILE = 'src/slab/slab-pages.ts';

export const popsWithoutCounting = twin({
  name: 'an object that is taken out of main is still counted there',
  claim: 'page-map/freesWhatAnotherAllocated',
  patch: { file: KMALLOC_FILE, find: 'words.storePlain(main, (count - 1) | 0);', replace: '' },
  caughtAs: 'assertion',
});

export const pushesIntoNoSheaf = twin({
  name: 'kfree does not look whether main has room: a thread without a sheaf frees into the bootstrap sheaf',
  claim: 'page-map/freesWhatAnotherAllocated',
  patch: {
    file: KMALLOC_FILE,
    find: 'if (count === words.loadPlain((main + SHEAF_CAPACITY) | 0)) { this._freeSlow(p); return; }',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const writesNoState = twin({
  name: 'the first page of a slab is not marked as one',
  claim: 'page-map/freesWhatAnotherAllocated',
  patch: {
    file: SLAB_FILE,
    find: 'words.store(descriptor + DESCRIPTOR.state, pageState(PAGE_KIND.slab, order, this._cache));',
    replace: '',
  },
  caughtAs: 'race',
});

export const saysSoTooLate = twin({
  name: 'a fresh slab is open to others before its page says whose it is',
  claim: 'page-map/knowsAFreshSlab',
  patch: [
    {
      file: SLAB_FILE,
      find: 'words.store(descriptor + DESCRIPTOR.state, pageState(PAGE_KIND.slab, order, this._cache));',
      replace:
        'if (order !== 0 || this._cache === 0) words.store(descriptor + DESCRIPTOR.state, pageState(PAGE_KIND.slab, order, this._cache));',
    },
    {
      file: LIST_FILE,
      find: '1); this._endAndUnlock(); return this._words.loadPlain(sheaf + SHEAF.count);',
      replace:
        '1); this._endAndUnlock(); const made = descriptorStart(this._geometry, this._words.loadPlain(sheaf + SHEAF.objects) >>> PAGE_SHIFT); const id = (this._record - this._geometry.cachesStart) / 48; this._words.storePlain(made + DESCRIPTOR.state, (id << 13) | 4); return this._words.loadPlain(sheaf + SHEAF.count);',
    },
    {
      file: LIST_FILE,
      find: 'this._endAndUnlock(); return taken;',
      replace:
        'this._endAndUnlock(); const made = descriptorStart(this._geometry, taken >>> PAGE_SHIFT); const id = (this._record - this._geometry.cachesStart) / 48; this._words.storePlain(made + DESCRIPTOR.state, (id << 13) | 4); return taken;',
    },
  ],
  caughtAs: 'race',
});

export const learnsAllButTheLast = twin({
  name: 'where the last object of a slab starts is not learned',
  claim: 'page-map/findsTheCacheFromATail',
  patch: {
    file: KMALLOC_FILE,
    find: 'for (let i = 0; i < objects; i++) this._starts',
    replace: 'for (let i = 0; i < objects - 1; i++) this._starts',
  },
  caughtAs: 'error',
});

export const allPagesAreTheFirst = twin({
  name: 'each page of a slab says that it is the first',
  claim: 'page-map/findsTheCacheFromATail',
  patch: {
    file: SLAB_FILE,
    find: 'pageState(PAGE_KIND.slab, order, this._cache, tail)',
    replace: 'pageState(PAGE_KIND.slab, order, this._cache, 0)',
  },
  caughtAs: 'assertion',
});

export const leavesTheTails = twin({
  name: 'the later pages of a slab that goes back still say that they are of a slab',
  claim: 'page-map/findsTheCacheFromATail',
  patch: {
    file: SLAB_FILE,
    find: 'words.storePlain(descriptorStart(this._geometry, page + tail) + DESCRIPTOR.state, PAGE_KIND.tail);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const putsOnTheTail = twin({
  name: 'an object is put back on the page it starts in, not on the first of its slab',
  claim: 'page-map/findsTheCacheFromATail',
  patch: {
    file: LIST_FILE,
    find: 'const page = anyPage - pageTail(state);',
    replace: 'const page = anyPage;',
  },
  caughtAs: 'assertion',
});

export const remembersWhatAPageWas = twin({
  name: 'what a page is, is looked up once and remembered',
  claim: 'page-map/pageChangesItsClass',
  patch: {
    file: KMALLOC_FILE,
    find: 'const state = this._words.loadPlain(this._descriptors + (page << DESCRIPTOR_STEP)); if ((state & KIND) !== SLAB) return',
    replace:
      'this._memo ??= []; const state = (this._memo[page] ??= this._words.loadPlain(this._descriptors + (page << DESCRIPTOR_STEP))); if ((state & KIND) !== SLAB) return',
  },
  caughtAs: 'assertion',
});

export const keepsTheOldOwner = twin({
  name: 'a slab that goes back is freed as it is, as the slab of its cache',
  claim: 'page-map/pageChangesItsClass',
  patch: {
    file: SLAB_FILE,
    find: 'words.store(descriptorStart(this._geometry, page) + DESCRIPTOR.state, pageState(PAGE_KIND.allocated, order, 0));',
    replace: '',
  },
  caughtAs: 'error',
});
