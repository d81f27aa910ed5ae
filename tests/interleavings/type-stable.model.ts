/**
 * Type-stable caches: an object is free for others at once, and a reader that found it before looks at an object of this
 * cache, free or in use again, as long as its turn lasts; never at memory that is something else by then.
 *
 *     updater   takes an object out, frees it, gives its slab back, uses every page it can have for something else
 *     reader    ---- finds the object ... looks at its first word ----
 *
 * The first word of every object of the cache says so, and is stored atomically: users of such a cache look at words that
 * others write. What a page is used for next is written plainly, so that a page which comes free too early is a data race.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { HEADER_WORDS } from '../../src/layout/heap-header.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../../src/words/units.js';
import { model, type Stage } from '../../tools/checker/checker.js';
import { heapModelMemory } from './support/heap-stage.js';
import { isBarnWord, isLookedAtBetweenTurns } from './support/unlocked-looks.js';

const MEMORY = heapModelMemory({ pages: 4 });
const OBJECT_WORDS = 8;
/** What the first word of an object says: of the first user, and of those after it. */
const OURS = 111;
const OURS_AGAIN = 112;
const SOMETHING_ELSE = 222;
/** Leads readers to the object. */
const ROOT = HEADER_WORDS;
/** Number of the cache. */
const CACHE_ID = HEADER_WORDS + 1;

/** @param objects how many objects of the slab are in use; readers find the first */
function publish({ caches, kmalloc, words }: HeapParts, objects: number): void {
  const id = caches.create(OBJECT_WORDS, true);
  words.storePlain(CACHE_ID, id);
  for (let n = 0; n < objects; n++) {
    const p = kmalloc.allocFrom(id, GFP_NOWAIT);
    words.storePlain(p, OURS);
    if (n === 0) words.storePlain(ROOT, p);
  }
}

interface Pair {
  readonly updater: HeapParts;
  readonly reader: HeapParts;
}

function setup(stage: Stage): Pair {
  return { updater: MEMORY.wire(stage, 'updater', 0), reader: MEMORY.wire(stage, 'reader', 1) };
}

function over(objects: number) {
  return {
    lengthWords: MEMORY.lengthWords,
    prepare: (words: HeapParts['words']) => MEMORY.prepare(words, (threads) => publish(threads[0]!, objects)),
    nameOf: (index: number) => (index === ROOT ? 'root' : MEMORY.nameOf(index)),
    mayRace: (index: number) =>
      isBarnWord(MEMORY.geometry, index) || isLookedAtBetweenTurns(MEMORY.geometry, index),
    setup,
  };
}

/** Takes the object from where readers find it, and frees it at once. Returns its address. */
function unlinkAndFree({ words, turn, kmalloc }: HeapParts): number {
  const p = words.load(ROOT);
  words.store(ROOT, 0);
  turn.run(() => kmalloc.free(p));
  return p;
}

/** Finds the object in a turn, and looks at it twice. */
function readTwice({ reader: { words, turn } }: Pair): void {
  turn.run(() => {
    const p = words.dereference(ROOT);
    if (p === 0) return;
    for (let look = 0; look < 2; look++) {
      const word = words.load(p);
      assert.ok(word === OURS || word === OURS_AGAIN, `a reader sees ${word}: memory that is something else`);
    }
  });
}

/** Takes every page that is to be had, and writes something else where the object was. */
function usePages({ words, turn, pages }: HeapParts, p: number): void {
  turn.run(() => {
    for (let page = pages.allocPages(0, GFP_NOWAIT); page !== 0; page = pages.allocPages(0, GFP_NOWAIT)) {
      if (p >>> PAGE_SHIFT === page >>> PAGE_SHIFT) words.storePlain(p, SOMETHING_ELSE);
    }
  });
}

/** True when the page of `p` is one that somebody has taken for something else. */
function isSomethingElse(words: HeapParts['words'], p: number): boolean {
  return words.loadPlain(p) === SOMETHING_ELSE;
}

export const pagesWaitForReaders = model<Pair & { freed: number }>({
  ...over(1),
  setup: (stage: Stage) => ({ ...setup(stage), freed: 0 }),
  name: 'the pages of a slab that was given back are something else when every reader has ended its turn, not before',
  threads: {
    updater: (state) => {
      const { updater } = state;
      state.freed = unlinkAndFree(updater);
      updater.turn.run(() => updater.caches.shrink(true));
      updater.driver.flush();
      usePages(updater, state.freed);
    },
    reader: readTwice,
  },
  final: ({ updater, freed }) => {
    for (let round = 0; round < 3; round++) updater.driver.flush();
    usePages(updater, freed);
    assert.ok(isSomethingElse(updater.words, freed), 'the pages of a slab never come free');
  },
});

export const objectsAreFreeAtOnce = model<Pair & { again: boolean }>({
  ...over(2),
  setup: (stage: Stage) => ({ ...setup(stage), again: false }),
  name: 'an object is in use again before a grace period has passed, and is one of the cache all the while',
  threads: {
    updater: (state) => {
      const { words, turn, caches, kmalloc } = state.updater;
      const p = unlinkAndFree(state.updater);
      // Onto the free list of its slab, which links it.
      turn.run(() => caches.flush(true));
      const id = words.loadPlain(CACHE_ID);
      const most = PAGE_WORDS / OBJECT_WORDS;
      turn.run(() => {
        for (let taken = 0; taken < most && !state.again; taken++) {
          const object = kmalloc.allocFrom(id, GFP_NOWAIT);
          words.store(object, OURS_AGAIN);
          state.again = object === p;
        }
      });
    },
    reader: readTwice,
  },
  final: ({ again }) => assert.ok(again, 'an object that was freed is not to be had again'),
});
