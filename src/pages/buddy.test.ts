import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS, sizedOptions } from '../../tests/support/configurations.js';
import { countFree, freeListsOf } from '../../tests/support/free-lists.js';
import type { HeapOptions } from '../heap/heap-options.js';
import { descriptorStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageState } from '../layout/page-descriptor.js';
import { MAX_ORDER } from '../words/units.js';
import { Buddy } from './buddy.js';
import { blockOf } from './describe-address.js';

const ALLOCATED = (order: number): number => pageState(PAGE_KIND.allocated, order, 0);

interface Scene extends BareHeap {
  readonly buddy: Buddy;
  readonly pages: number;
}

function makeBuddy(options: HeapOptions): Scene {
  const heap = formatBareHeap(options);
  const { words, geometry } = heap;
  const buddy = new Buddy(words, geometry, zoneStart(geometry, 0));
  return { ...heap, buddy, pages: geometry.totalPages - geometry.firstPage };
}

for (const configuration of CONFIGURATIONS) {
  const { label } = configuration;
  const { options } = configuration;

  test(`a fresh zone has every page free, in as large blocks as fit (${label})`, () => {
    const scene = makeBuddy(options);
    const lists = freeListsOf(scene);
    assert.equal(countFree(lists), scene.pages);
    assert.equal(scene.buddy.freePages(), scene.pages);
    assertMerged(scene, lists);
  });

  test(`take() returns a block aligned to its own size (buddy:I2), of every order there is (${label})`, () => {
    for (let order = 0; order <= MAX_ORDER; order++) {
      const { buddy, words, geometry, pages } = makeBuddy(
        sizedOptions(configuration, { tiny: { pages: 3000 } }),
      );
      const page = buddy.take(order, ALLOCATED(order));
      assert.ok(page >= geometry.firstPage);
      assert.equal(page % (1 << order), 0);
      assert.equal(buddy.freePages(), pages - (1 << order));
      assert.equal(words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state), ALLOCATED(order));
    }
  });

  test(`take() leaves exactly one more free block per order below the one it split (buddy:I3) (${label})`, () => {
    const scene = makeBuddy(sizedOptions(configuration, { tiny: { pages: 3000 } }));
    // Whatever is smaller than the largest blocks, so that the next take() must split one.
    while (
      freeListsOf(scene)
        .slice(0, MAX_ORDER)
        .some((pages) => pages.length > 0)
    ) {
      const order = freeListsOf(scene).findIndex((pages) => pages.length > 0);
      scene.buddy.take(order, ALLOCATED(order));
    }
    const largest = freeListsOf(scene)[MAX_ORDER]!.length;
    assert.ok(largest > 0);
    scene.buddy.take(4, ALLOCATED(4));
    const counts = freeListsOf(scene).map((pages) => pages.length);
    assert.deepEqual(counts, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, largest - 1]);
  });

  test(`take() returns 0 where no block is large enough, and changes nothing (${label})`, () => {
    const scene = makeBuddy({ ...options, pages: 40 });
    assert.equal(scene.buddy.take(6, ALLOCATED(6)), 0);
    assert.equal(scene.buddy.freePages(), 40);
    for (let taken = 0; taken < 40; taken++) assert.notEqual(scene.buddy.take(0, ALLOCATED(0)), 0);
    assert.equal(scene.buddy.take(0, ALLOCATED(0)), 0);
    assert.equal(scene.buddy.freePages(), 0);
  });

  test(`put() stops at a buddy that is not free, or free in another order (${label})`, () => {
    const scene = makeBuddy(options);
    const { buddy } = scene;
    const block = buddy.take(3, ALLOCATED(3));
    // The block is cut into 4 + 2 + 1 + 1 by hand.
    buddy.put(block + 4, 2);
    buddy.put(block + 2, 1);
    const before = freeListsOf(scene);
    buddy.put(block, 0);
    const after = freeListsOf(scene);
    assert.deepEqual(
      after[0],
      [...before[0]!, block].sort((a, b) => a - b),
    );
    assert.deepEqual(after.slice(1), before.slice(1));
    buddy.put(block + 1, 0);
    assertMerged(scene, freeListsOf(scene));
    assert.equal(buddy.freePages(), scene.pages);
  });

  test(`put() never merges with a page of the records, of another zone, or behind the end (${label})`, () => {
    const scene = makeBuddy(options);
    const { geometry, buddy } = scene;
    assert.equal(buddy.covers(geometry.firstPage - 1), false);
    assert.equal(buddy.covers(geometry.firstPage), true);
    assert.equal(buddy.covers(geometry.totalPages - 1), true);
    assert.equal(buddy.covers(geometry.totalPages), false);
    for (const [order, pages] of freeListsOf(scene).entries()) {
      for (const page of pages)
        assert.ok(page >= geometry.firstPage && page + (1 << order) <= geometry.totalPages);
    }
  });

  test(`put() of the last page does not take for free what lies behind the end (${label})`, () => {
    for (const pages of [33, 34]) {
      const scene = makeBuddy({ ...options, pages });
      const { buddy, words, geometry } = scene;
      const last = geometry.totalPages - 1;
      if (last % 2 !== 0) continue;
      words.store(descriptorStart(geometry, last + 1) + DESCRIPTOR.state, pageState(PAGE_KIND.free, 0, 0));
      for (let page = buddy.take(0, ALLOCATED(0)); page !== 0; ) page = buddy.take(0, ALLOCATED(0));
      buddy.put(last, 0);
      assert.deepEqual(freeListsOf(scene)[0], [last]);
      return;
    }
    assert.fail('one of the two heaps ends with an even page');
  });

  test(`take() and put() agree with a plain model, and all pages merge again in the end (${label})`, () => {
    const steps = fc.array(
      fc.oneof(fc.record({ take: fc.oneof(fc.nat(3), fc.nat(MAX_ORDER)) }), fc.record({ put: fc.nat(1000) })),
      { maxLength: 150, size: 'max' },
    );
    const sizes = fc.constantFrom<HeapOptions>({ pages: 16 }, { pages: 77 }, { pages: 1100 }, {});
    fc.assert(
      fc.property(sizes, steps, (size, run) => checkRun({ ...options, ...size }, run)),
      { numRuns: 60 },
    );
  });
}

type Step = { take: number } | { put: number };

interface Block {
  readonly page: number;
  readonly order: number;
}

/** Plays the steps beside a model that knows of each page which block it is in. */
function checkRun(options: HeapOptions, run: readonly Step[]): void {
  const scene = makeBuddy(options);
  const { buddy, words, geometry } = scene;
  const initial = freeListsOf(scene);
  const blocks: Block[] = [];
  const owners = new Array<Block | undefined>(geometry.totalPages).fill(undefined);
  const fits = (order: number): boolean => {
    for (let page = 0; page + (1 << order) <= geometry.totalPages; page += 1 << order) {
      if (page < geometry.firstPage) continue;
      if (owners.slice(page, page + (1 << order)).every((owner) => owner === undefined)) return true;
    }
    return false;
  };
  const put = (index: number): void => {
    const [block] = blocks.splice(index, 1);
    owners.fill(undefined, block!.page, block!.page + (1 << block!.order));
    buddy.put(block!.page, block!.order);
  };
  let used = 0;
  for (const step of run) {
    if ('put' in step) {
      if (blocks.length > 0) put(step.put % blocks.length);
    } else {
      const order = step.take;
      const page = buddy.take(order, ALLOCATED(order));
      assert.equal(
        page !== 0,
        fits(order),
        `order ${order}: an aligned run of free pages is there, or none is`,
      );
      if (page === 0) continue;
      assert.equal(page % (1 << order), 0);
      assert.ok(page >= geometry.firstPage && page + (1 << order) <= geometry.totalPages);
      const block = { page, order };
      for (let i = page; i < page + (1 << order); i++) {
        assert.equal(owners[i], undefined, `page ${i} was handed out twice`);
        owners[i] = block;
      }
      blocks.push(block);
    }
    used = blocks.reduce((sum, { order }) => sum + (1 << order), 0);
    assert.equal(buddy.freePages(), scene.pages - used);
  }
  const lists = freeListsOf(scene);
  assert.equal(countFree(lists), scene.pages - used);
  assertMerged(scene, lists);
  for (const { page, order } of blocks) {
    for (let i = page; i < page + (1 << order); i++) assert.equal(blockOf(words, geometry, i), page);
  }
  while (blocks.length > 0) put(blocks.length >> 1);
  assert.deepEqual(freeListsOf(scene), initial);
}

/** No two free buddies of one order stand side by side (buddy:I1), and no page is on two lists. */
function assertMerged({ words, geometry }: BareHeap, lists: readonly (readonly number[])[]): void {
  const seen = new Set<number>();
  for (const [order, pages] of lists.entries()) {
    for (const page of pages) {
      for (let i = page; i < page + (1 << order); i++) {
        assert.equal(seen.has(i), false, `page ${i} is on two lists`);
        seen.add(i);
        const state = words.loadPlain(descriptorStart(geometry, i) + DESCRIPTOR.state);
        if (i > page) assert.equal(pageKind(state), PAGE_KIND.tail);
        assert.equal(blockOf(words, geometry, i), page);
      }
      if (order < MAX_ORDER)
        assert.equal(pages.includes(page ^ (1 << order)), false, `buddies at page ${page}`);
    }
  }
}
