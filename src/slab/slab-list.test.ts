import assert from 'node:assert/strict';
import { impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { cacheIndex, cacheWord, classOf, objectsOf } from '../../tests/support/cache-words.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner, pageTail } from '../layout/page-descriptor.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import { PAGE_SHIFT } from '../words/units.js';
import { SlabList } from './slab-list.js';

interface Scene {
  readonly stage: Stage;
  readonly id: number;
  readonly slabs: SlabList;
  readonly lock: number;
  readonly slabObjects: number;
  /** A sheaf of the cache that holds nothing. */
  newSheaf(): number;
  count(field: 'slabs' | 'partialSlabs' | 'emptySlabs'): number;
}

/** Runs a test for small objects, and for objects so large that slabs have several pages. */
function slabTest(name: string, body: (scene: Scene) => void): void {
  for (const bytes of [64, 1792]) {
    heapTest(
      `${name}, objects of ${bytes} bytes`,
      (stage) => {
        const { heap, words } = stage;
        const id = classOf(bytes);
        const lock = cacheIndex(heap, id, 'listLock');
        const { geometry, pages, caches, membership } = partsOf(heap);
        const slabs = new SlabList(
          words,
          geometry,
          id,
          impatientLock(words, lock, 'slabs'),
          pages,
          membership.start,
        );
        const sheaves: number[] = [];
        body({
          stage,
          id,
          slabs,
          lock,
          slabObjects: cacheWord(heap, id, 'slabObjects'),
          newSheaf: () => {
            sheaves.push(caches.view(id).takeEmptySheaf(GFP_NOWAIT));
            return sheaves.at(-1)!;
          },
          count: (field) => cacheWord(heap, id, field),
        });
        for (const sheaf of sheaves) {
          slabs.flush(sheaf);
          caches.view(id).putEmptySheaf(sheaf);
        }
        slabs.shrink();
        assert.deepEqual(
          [cacheWord(heap, id, 'slabs'), cacheWord(heap, id, 'partialHead'), words.load(lock)],
          [0, 0, 0],
        );
      },
      { tiny: { pages: 100 } },
    );
  }
}

slabTest('takeOne() makes a slab where there is none, and hands out each of its objects once', (scene) => {
  const { stage, slabs, slabObjects, id, count } = scene;
  const { words, geometry } = partsOf(stage.heap);
  const objects = Array.from({ length: slabObjects }, () => slabs.takeOne(GFP_NOWAIT));
  assert.equal(new Set(objects).size, slabObjects);
  assert.deepEqual([count('slabs'), count('partialSlabs'), count('emptySlabs')], [1, 0, 0]);
  for (const p of objects) {
    const page = p >>> PAGE_SHIFT;
    const state = words.load(descriptorStart(geometry, page) + DESCRIPTOR.state);
    assert.deepEqual([pageKind(state), pageOwner(state)], [PAGE_KIND.slab, id]);
    assert.equal(page - pageTail(state), objects[0]! >>> PAGE_SHIFT);
  }
  const next = slabs.takeOne(GFP_NOWAIT);
  assert.deepEqual([count('slabs'), count('partialSlabs')], [2, slabObjects === 1 ? 0 : 1]);
  for (const p of [...objects, next]) slabs.putOne(p);
});

slabTest('putOne() lists a slab again that had no free object; takeOne() then takes that object', (scene) => {
  const { slabs, slabObjects, count } = scene;
  const objects = Array.from({ length: slabObjects }, () => slabs.takeOne(GFP_NOWAIT));
  const back = objects[slabObjects >> 1]!;
  slabs.putOne(back);
  assert.equal(count('partialSlabs'), 1);
  assert.equal(slabs.takeOne(GFP_NOLOCK), back);
  assert.equal(count('partialSlabs'), 0);
  for (const p of objects) slabs.putOne(p);
});

slabTest(
  'putOne() keeps minPartialSlabs slabs without an object in use, and gives the rest back',
  (scene) => {
    const { stage, slabs, slabObjects, count } = scene;
    const { minPartialSlabs } = stage.heap.geometry;
    const many = slabObjects * (minPartialSlabs + 3);
    const objects = Array.from({ length: many }, () => slabs.takeOne(GFP_NOWAIT));
    assert.equal(count('slabs'), minPartialSlabs + 3);
    for (const p of objects) {
      slabs.putOne(p);
      assert.ok(count('emptySlabs') <= minPartialSlabs);
    }
    assert.deepEqual(
      [count('slabs'), count('emptySlabs'), count('partialSlabs')],
      [minPartialSlabs, minPartialSlabs, minPartialSlabs],
    );
  },
);

slabTest(
  'fill() fills a sheaf to its capacity from the slabs there are, and makes one only where there is none',
  (scene) => {
    const { stage, slabs, slabObjects, newSheaf, count } = scene;
    const [one, two] = [newSheaf(), newSheaf()];
    assert.ok(slabs.fill(one, GFP_NOWAIT) > 0);
    assert.equal(count('slabs'), 1);
    const before = objectsOf(stage.heap, one).length;
    assert.equal(before, Math.min(slabObjects, scene.stage.heap.words.load(one + 1)));
    slabs.fill(two, GFP_NOWAIT);
    const all = [...objectsOf(stage.heap, one), ...objectsOf(stage.heap, two)];
    assert.equal(new Set(all).size, all.length);
  },
);

slabTest('fill() without a page returns 0; with one free object it takes that', (scene) => {
  const { stage, slabs, newSheaf } = scene;
  const sheaf = newSheaf();
  const p = slabs.takeOne(GFP_NOWAIT);
  let kept = slabs.takeOne(GFP_NOWAIT);
  const rest: number[] = [];
  const { blocks, giveBack } = exhaust(stage.heap);
  assert.ok(blocks.length > 0);
  for (; kept !== 0; kept = slabs.takeOne(GFP_NOWAIT)) rest.push(kept);
  assert.equal(slabs.fill(sheaf, GFP_NOWAIT), 0);
  slabs.putOne(p);
  assert.equal(slabs.fill(sheaf, GFP_NOWAIT), 1);
  assert.deepEqual(objectsOf(stage.heap, sheaf), [p]);
  giveBack();
  for (const object of rest) slabs.putOne(object);
});

slabTest('flush() empties a sheaf onto the slabs of its objects', (scene) => {
  const { stage, slabs, newSheaf, count } = scene;
  const sheaf = newSheaf();
  slabs.fill(sheaf, GFP_NOWAIT);
  const inSheaf = objectsOf(stage.heap, sheaf);
  assert.ok(inSheaf.length > 0);
  slabs.flush(sheaf);
  assert.deepEqual(objectsOf(stage.heap, sheaf), []);
  assert.ok(count('emptySlabs') > 0);
  assert.ok(inSheaf.includes(slabs.takeOne(GFP_NOLOCK)));
  const again = newSheaf();
  slabs.fill(again, GFP_NOWAIT);
  slabs.putOne(inSheaf[0]!);
});

slabTest('shrink() gives back every slab without an object in use, and leaves the others', (scene) => {
  const { stage, slabs, slabObjects, count } = scene;
  const kept = slabs.takeOne(GFP_NOWAIT);
  const objects = Array.from({ length: 3 * slabObjects }, () => slabs.takeOne(GFP_NOWAIT));
  for (const p of objects) slabs.putOne(p);
  const { inUse } = stage.stats().pages;
  const before = count('slabs');
  slabs.shrink();
  assert.deepEqual([count('slabs'), count('emptySlabs')], [1, 0]);
  const slabPages = 1 << cacheWord(stage.heap, scene.id, 'slabOrder');
  assert.equal(stage.stats().pages.inUse, inUse - (before - 1) * slabPages);
  slabs.putOne(kept);
});

slabTest('with the list busy whoever may not spin gets nothing, and everybody else spins', (scene) => {
  const { stage, slabs, lock, newSheaf } = scene;
  const sheaf = newSheaf();
  const p = slabs.takeOne(GFP_NOWAIT);
  whileLocked(stage.words, lock, () => {
    assert.equal(slabs.takeOne(GFP_NOLOCK), 0);
    assert.equal(slabs.fill(sheaf, GFP_NOLOCK), 0);
    assert.throws(() => slabs.takeOne(GFP_NOWAIT), LockTimeoutError);
    assert.throws(() => slabs.fill(sheaf, GFP_NOWAIT), LockTimeoutError);
  });
  slabs.putOne(p);
});

slabTest(
  'putOne(), flush() and shrink() with a lock that is not to be had at all leave what they give back',
  (scene) => {
    const { stage, slabs, lock, newSheaf, count } = scene;
    const sheaf = newSheaf();
    const p = slabs.takeOne(GFP_NOWAIT);
    const held = slabs.fill(sheaf, GFP_NOWAIT);
    whileLocked(stage.words, lock, () => {
      assert.equal(slabs.putOne(p), false);
      assert.equal(slabs.flush(sheaf), held);
      slabs.shrink();
    });
    assert.ok(count('slabs') > 0);
    slabs.shrink();
    assert.equal(count('slabs'), 0);
  },
);

slabTest('a slab that is not to be listed for want of the lock goes back to the pages whole', (scene) => {
  const { stage, slabs, lock, count } = scene;
  const { inUse } = stage.stats().pages;
  const { pages } = partsOf(stage.heap);
  const allocPages = pages.allocPages.bind(pages);
  pages.allocPages = (order, gfp) => {
    const p = allocPages(order, gfp);
    stage.words.store(lock, 0x109);
    return p;
  };
  assert.equal(slabs.takeOne(GFP_NOLOCK), 0);
  stage.words.store(lock, 0);
  pages.allocPages = allocPages;
  assert.deepEqual([count('slabs'), stage.stats().pages.inUse], [0, inUse]);
});

slabTest('fill() and takeOne() have their part of a new slab before other threads can empty it', (scene) => {
  const { stage, slabs, lock, newSheaf } = scene;
  const sheaf = newSheaf();
  const { words, geometry, pages, membership } = partsOf(stage.attach().heap);
  const otherLock = impatientLock(words, lock, 'slabs');
  const others = new SlabList(words, geometry, scene.id, otherLock, pages, membership.start);
  const taken: number[] = [];
  const robAll = (): void => {
    while (scene.count('partialSlabs') > 0) taken.push(others.takeOne(GFP_NOLOCK));
  };
  const and = stage.words.and.bind(stage.words);
  let robbing = true;
  stage.words.and = (index, value) => {
    const before = and(index, value);
    // Whenever the lock is free, another thread takes all that is on the slabs.
    if (index !== lock || !robbing) return before;
    robbing = false;
    robAll();
    robbing = true;
    return before;
  };
  assert.ok(slabs.fill(sheaf, GFP_NOWAIT) > 0);
  assert.equal(scene.count('partialSlabs'), 0);
  const p = slabs.takeOne(GFP_NOWAIT);
  assert.notEqual(p, 0);
  assert.equal(scene.count('partialSlabs'), 0);
  stage.words.and = and;
  for (const object of [p, ...taken]) slabs.putOne(object);
});
