/** Type-stable caches with one line wrong: a reader finds something else where an object was. */
import { twin } from '../../tools/checker/checker.js';

export const pagesComeFreeAtOnce = twin({
  name: 'the pages of a slab go back to the page allocator at once',
  claim: 'type-stable/pagesWaitForReaders',
  patch: {
    file: 'src/slab/slab-pages.ts',
    find: 'if (this._link === 0)',
    replace: 'if (true)',
  },
  caughtAs: 'race',
});

export const slabsCountOnTheRunningGracePeriod = twin({
  name: 'a slab that is given back is freed as soon as it is looked at',
  claim: 'type-stable/pagesWaitForReaders',
  patch: {
    file: 'src/slab/done-frees.ts',
    find: 'heads.advance(gracePeriod.sequence());',
    replace: 'heads.advance(gracePeriod.sequence() + 8);',
  },
  caughtAs: 'race',
});

export const slabsAreNotRetired = twin({
  name: 'a slab that is given back waits for nobody to free it',
  claim: 'type-stable/pagesWaitForReaders',
  patch: {
    file: 'src/slab/slab-pages.ts',
    find: 'this._retirement.retireBlock(start, this._link);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const linksInTheFirstWord = twin({
  name: 'free objects are linked in their first word',
  claim: 'type-stable/objectsAreFreeAtOnce',
  patch: {
    file: 'src/slab/slab-caches.ts',
    find: 'const link = this.linkOffset(id);',
    replace: 'const link = 0;',
  },
  caughtAs: 'race',
});
