/**
 * Objects that are charged to a memory group: who frees one gives back what its group was charged for it, whoever
 * allocated it, and who allocates one is within the limit or gets nothing.
 *
 *     one object is there, which alpha frees; beta allocates, and frees what it got or gives up
 *
 * How groups are charged is group-charge.model.ts's; how objects get from thread to thread, page-map.model.ts's.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { PAGE_GRANULES } from '../../src/layout/group-record.js';
import { GFP_NOLOCK } from '../../src/pages/gfp.js';
import { createAccountedCaches } from '../../src/slab/accounted-caches.js';
import { PAGE_WORDS } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { stockOf, usageOf, writeRecord } from '../support/group-words.js';
import { heapModelMemory } from './support/heap-stage.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

const BYTES = 64;
/** Granules of an object. */
const COST = 9;

const memory = heapModelMemory({ pages: 8, maxCaches: 130 });
/** The record lies at the end of the last page, which nobody allocates. */
const GROUP_A = memory.geometry.totalPages * PAGE_WORDS - 64;
let object = 0;
let block = 0;

interface Scene {
  readonly words: Words;
  readonly alpha: HeapParts;
  readonly beta: HeapParts;
  /** Granules that are handed out. */
  held: number;
}

/** Alpha has an object and a page; the group has room for `room` granules more. */
function over(room: number) {
  const max = COST + PAGE_GRANULES + room;
  return {
    lengthWords: memory.lengthWords,
    prepare: (words: Words) =>
      memory.prepare(words, ([alpha]) => {
        assert.ok(createAccountedCaches(words, memory.geometry, alpha!.caches));
        writeRecord(words, GROUP_A, max);
        alpha!.kmalloc.accounted.meet();
        object = alpha!.kmalloc.allocCharged(BYTES, GFP_NOLOCK, GROUP_A);
        block = alpha!.pages.allocCharged(0, GFP_NOLOCK, GROUP_A);
        assert.ok(object !== 0 && block !== 0);
      }),
    nameOf: memory.nameOf,
    mayRace: (word: number) => isLookedAtUnlocked(memory.geometry, word),
    setup: (stage: Stage): Scene => ({
      words: stage.words,
      alpha: memory.wire(stage, 'alpha', 0),
      beta: memory.wire(stage, 'beta', 1),
      held: 0,
    }),
    invariant({ words }: Scene) {
      const usage = usageOf(words, GROUP_A);
      assert.ok(usage >= 0 && usage <= max, `${usage} granules are charged, of at most ${max}`);
    },
  };
}

/** What is charged is what threads have in stock, and what is handed out. */
function assertCharged({ words, alpha, beta, held }: Scene): void {
  let sum = held;
  for (const { membership } of [alpha, beta]) sum += stockOf(words, membership.start, GROUP_A);
  assert.equal(usageOf(words, GROUP_A), sum);
}

export const givesBackWhatItFrees = model<Scene>({
  name: 'who frees an object or a page gives back its charge, and who allocates meanwhile is within the limit',
  ...over(COST),
  threads: {
    alpha({ alpha }) {
      alpha.turn.run(() => {
        alpha.kmalloc.free(object);
        alpha.pages.freePages(block);
        alpha.charges.drain();
      });
    },
    beta(state) {
      const { beta } = state;
      beta.turn.run(() => {
        beta.kmalloc.accounted.meet();
        for (let i = 0; i < 2; i++) {
          if (beta.kmalloc.allocChargedNolock(BYTES, GFP_NOLOCK, GROUP_A) !== 0) state.held += COST;
        }
      });
      assert.ok(state.held >= COST, 'refused, though there was room');
    },
  },
  final: assertCharged,
  bounds: { preemptions: 2 },
});

export const givesBackForAnother = model<Scene>({
  name: 'an object that another thread allocated is uncharged by who frees it, once',
  ...over(0),
  threads: {
    alpha({ alpha }) {
      alpha.turn.run(() => {
        alpha.pages.freePages(block);
      });
    },
    beta({ beta }) {
      beta.turn.run(() => beta.kmalloc.freeNolock(object));
    },
  },
  final(state) {
    assertCharged(state);
    const { words, beta, alpha } = state;
    assert.equal(stockOf(words, beta.membership.start, GROUP_A), COST);
    assert.equal(stockOf(words, alpha.membership.start, GROUP_A), PAGE_GRANULES);
  },
});
