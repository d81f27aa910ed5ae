import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY, EMPTY, WIDE } from '../../tests/support/audited-heap.js';
import { CACHE } from '../layout/cache-record.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, SLOT } from '../layout/thread-slot.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { PAGE_WORDS } from '../words/units.js';

const heap = new AuditedHeap();
const page = (word: number) => heap.at(word) * PAGE_WORDS;
const freePage = page(heap.zone(ZONE.freeArea + 4 * FREE_AREA_WORDS + FREE_AREA.head));
const threadPage = page(heap.slot(0, SLOT.pageLists));
const inSheaf = heap.at(heap.at(heap.sheafPlace(0, CACHE_SLOT.main)) + SHEAF.objects);
const inRcuSheaf = heap.at(heap.at(heap.sheafPlace(0, CACHE_SLOT.rcu)) + SHEAF.objects);
const free = heap.at(heap.descriptor(heap.at(heap.cache(EMPTY, CACHE.partialHead)), DESCRIPTOR.freelist));

/** What an audit calls an address that is none of those that its caller may hold. */
const ANSWERS: readonly (readonly [address: number, what: string])[] = [
  [0, 'no address'],
  [-1, 'no address'],
  [Number.NaN, 'no address'],
  [1.5, 'no address'],
  [heap.words.lengthWords, "beyond the heap's end"],
  [2 ** 32 + heap.block, "beyond the heap's end"],
  [PAGE_WORDS, "one of the heap's own pages"],
  [PAGE_WORDS + 1, "inside one of the heap's own pages"],
  [freePage, 'a free block of order 4 of zone 0'],
  [freePage + 1, 'inside a free block of order 4 of zone 0'],
  [freePage + PAGE_WORDS, 'inside a free block of order 4 of zone 0'],
  [page(heap.zone(ZONE.deferred)), 'a deferred block of order 4 of zone 0'],
  [threadPage, 'a block of order 0 on a list of slot 0'],
  [heap.block + 1, 'inside an allocated block of order 2'],
  [heap.heads[0], 'an allocated block of order 0 that waits for a grace period'],
  [heap.at(heap.sheafPlace(0, CACHE_SLOT.main)), 'an object of cache 0 in use'],
  [inSheaf, `an object of cache ${BUSY} in a sheaf`],
  [inRcuSheaf, `an object of cache ${BUSY} that waits for a grace period`],
  [free, `an object of cache ${EMPTY} on its slab's freelist`],
  [heap.wide + 1, `inside a slab of cache ${WIDE}, and not where an object starts`],
];

for (const [address, what] of ANSWERS) {
  test(`whatIs() says that an address can be ${what} (${address})`, () => {
    const { problems } = heap.audit({ held: [...heap.held, address] });
    assert.deepEqual(problems, [`held address ${address} is ${what}`]);
  });
}

test('whatIs() says when a page is in no block', () => {
  const lost = new AuditedHeap();
  lost.words.storePlain(
    lost.descriptor(threadPage / PAGE_WORDS, DESCRIPTOR.state),
    pageState(PAGE_KIND.tail, 0, 0),
  );
  const { problems } = lost.audit({ held: [...lost.held, threadPage + 1] });
  assert.equal(problems.at(-1), `held address ${threadPage + 1} is in no block`);
});
