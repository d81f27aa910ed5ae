import assert from 'node:assert/strict';
import { impatientLock } from '../../tests/support/bare-heap.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_WORDS } from '../layout/sheaf-record.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import { SheafSource } from './sheaf-source.js';
import { SlabList } from './slab-list.js';

function sourceOf(stage: Stage): SheafSource {
  const { words, geometry, pages, membership } = partsOf(stage.heap);
  const record = cacheStart(geometry, SHEAF_CACHE);
  const lock = impatientLock(words, record + CACHE.listLock, 'sheaves');
  return new SheafSource(words, new SlabList(words, geometry, SHEAF_CACHE, lock, pages, membership.start));
}

heapTest(
  'take() makes an empty sheaf that names its cache and capacity, whatever was there (sheaf-source:I1)',
  (stage) => {
    const source = sourceOf(stage);
    for (let round = 0; round < 3; round++) {
      const sheaf = source.take(7, 2, GFP_NOWAIT);
      const word = (field: keyof typeof SHEAF): number => stage.words.load(sheaf + SHEAF[field]);
      assert.deepEqual([word('count'), word('capacity'), word('next'), word('cache')], [0, 2, 0, 7]);
      stage.words.fillPlain(sheaf, sheaf + SHEAF_WORDS, -1);
      source.put(sheaf);
    }
  },
);

heapTest('take() returns 0 when no memory is to be had', (stage) => {
  const source = sourceOf(stage);
  const { giveBack } = exhaust(stage.heap);
  assert.equal(source.take(7, 2, GFP_NOWAIT), 0);
  giveBack();
});

heapTest('shrink() gives the pages of unused sheaves back', (stage) => {
  const source = sourceOf(stage);
  const sheaves = Array.from({ length: 20 }, () => source.take(7, 2, GFP_NOWAIT));
  assert.equal(new Set(sheaves).size, 20);
  for (const sheaf of sheaves) source.put(sheaf);
  assert.ok(stage.stats().pages.inUse > 0);
  source.shrink();
  assert.equal(stage.stats().pages.inUse, 0);
});
