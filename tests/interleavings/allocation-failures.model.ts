/**
 * Pages that are not to be had: each allocation of pages fails, one in each execution, and what asked for it
 * returns 0 or goes another way. Nothing is lost, and nothing stays half done.
 *
 *     kmalloc     no slab: 0           no sheaf: one object straight from a slab
 *     kfree       no sheaf: main is flushed to its slabs, or the object goes to its slab
 *     kfreeRcu    no sheaf: through the object's own RcuHead
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { model } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { heapModelMemory } from './support/heap-stage.js';
import { type ObjectPlayers, objectPlayersOf } from './support/object-player.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** The class of 64 bytes. */
const CACHE_ID = 8;
const BYTES = 64;
/** Words 2 and 3 of an object are its RcuHead. */
const HEAD_OFFSET = 2;

/** Objects that the threads have when they start: made anew by each preparation. */
function allocate(objects: number[], alpha: HeapParts | undefined, count: number): void {
  objects.length = 0;
  for (let i = 0; i < count; i++) objects.push(alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT));
}

const allocating = heapModelMemory({ pages: 8 });
const had: number[] = [];

export const kmallocFails = model({
  name: 'where one allocation of pages fails, at most one kmalloc returns 0, and the next is served',
  lengthWords: allocating.lengthWords,
  prepare: (words) => allocating.prepare(words, ([alpha]) => allocate(had, alpha, 2)),
  setup: (stage) => objectPlayersOf(allocating, stage),
  threads: {
    // Its main sheaf is empty, and so is the slab that it came from; beta has none yet.
    alpha({ alpha }: ObjectPlayers) {
      alpha.held.push(had[0]!, had[1]!);
      alpha.keep(BYTES);
      alpha.put(alpha.take(BYTES), BYTES);
    },
    beta({ beta }: ObjectPlayers) {
      beta.keep(BYTES);
    },
  },
  final({ alpha, beta }: ObjectPlayers) {
    assert.ok(alpha.refused + beta.refused <= 1, `${alpha.refused} and ${beta.refused} allocations failed`);
    assertBalanced(alpha.parts, [...alpha.held, ...beta.held]);
  },
  nameOf: allocating.nameOf,
  mayRace: (word) => isLookedAtUnlocked(allocating.geometry, word),
  bounds: { failures: true },
});

// Sheaves of one object, and both sheaves of their only slab in use: the next sheaf needs a page.
const sheafless = heapModelMemory({ pages: 8, sheafCapacity: 1 });
const first: number[] = [];

export const kmallocNeedsNoSheaf = model({
  name: 'kmalloc takes an object straight from its slab where no sheaf is to be had',
  lengthWords: sheafless.lengthWords,
  prepare: (words) =>
    sheafless.prepare(words, ([alpha]) => {
      allocate(first, alpha, 1);
      first.push(alpha!.kmalloc.alloc(BYTES + 8, GFP_NOWAIT));
    }),
  setup: (stage) => objectPlayersOf(sheafless, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      alpha.held.push(first[1]!);
      alpha.claim(first[0]!, BYTES);
      alpha.put(first[0]!, BYTES);
      alpha.parts.caches.view(CACHE_ID).flush();
    },
    beta({ beta }: ObjectPlayers) {
      beta.keep(BYTES);
    },
  },
  final({ alpha, beta }: ObjectPlayers) {
    assert.equal(beta.refused, 0, 'the slab has an object for beta');
    assertBalanced(alpha.parts, [...alpha.held, ...beta.held]);
  },
  nameOf: sheafless.nameOf,
  mayRace: (word) => isLookedAtUnlocked(sheafless.geometry, word),
  bounds: { failures: true },
});

const trying = heapModelMemory({ pages: 8 });
const tried: number[] = [];

export const kmallocNolockFails = model({
  name: 'an allocation that may not spin returns 0 or an object, against one that may, whichever page fails',
  lengthWords: trying.lengthWords,
  prepare: (words) => trying.prepare(words, ([alpha]) => allocate(tried, alpha, 2)),
  setup: (stage) => objectPlayersOf(trying, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      alpha.held.push(tried[0]!, tried[1]!);
      alpha.keep(BYTES);
    },
    beta({ beta }: ObjectPlayers) {
      beta.keep(BYTES, GFP_NOLOCK);
      beta.keep(BYTES, GFP_NOLOCK);
    },
  },
  final({ alpha, beta }: ObjectPlayers) {
    assert.ok(alpha.refused <= 1, `${alpha.refused} of alpha's one allocation failed`);
    assertBalanced(alpha.parts, [...alpha.held, ...beta.held]);
  },
  nameOf: trying.nameOf,
  mayRace: (word) => isLookedAtUnlocked(trying.geometry, word),
  bounds: { failures: true },
});

const freeing = heapModelMemory({ pages: 8, barnSheaves: 1 });
const freed: number[] = [];

export const kfreeNeedsNoMemory = model({
  name: 'kfree takes objects back where no sheaf is to be had for them',
  lengthWords: freeing.lengthWords,
  prepare: (words) => freeing.prepare(words, ([alpha]) => allocate(freed, alpha, 8)),
  setup: (stage) => objectPlayersOf(freeing, stage),
  threads: {
    // Main, spare, and one for which alpha needs a third sheaf.
    alpha({ alpha }: ObjectPlayers) {
      for (let i = 0; i < 5; i++) alpha.parts.kmalloc.free(freed[i]!);
    },
    // Beta has no sheaf of the cache yet.
    beta({ beta }: ObjectPlayers) {
      beta.parts.kmalloc.free(freed[5]!);
      beta.parts.kmalloc.free(freed[6]!);
    },
  },
  final: ({ alpha }: ObjectPlayers) => assertBalanced(alpha.parts, [freed[7]!]),
  nameOf: freeing.nameOf,
  mayRace: (word) => isLookedAtUnlocked(freeing.geometry, word),
  bounds: { failures: true },
});

const posting = heapModelMemory({ pages: 8 });
const posted: number[] = [];

export const kfreeRcuNeedsNoMemory = model({
  name: 'kfreeRcu never fails: objects for which no sheaf is to be had wait through their own heads, and are freed',
  lengthWords: posting.lengthWords,
  prepare: (words) => posting.prepare(words, ([alpha]) => allocate(posted, alpha, 3)),
  setup: (stage) => objectPlayersOf(posting, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      const { turn, kfreeRcu, driver } = alpha.parts;
      turn.run(() => {
        for (let i = 0; i < 3; i++) kfreeRcu.post(posted[i]!, HEAD_OFFSET);
      });
      driver.flush();
    },
    beta({ beta }: ObjectPlayers) {
      beta.keep(BYTES);
    },
  },
  final({ alpha, beta }: ObjectPlayers) {
    const { words, kfreeRcu, membership } = alpha.parts;
    assert.equal(kfreeRcu.isWaiting(), false, 'something waits, though nobody is in a turn');
    const throughSheaf = words.loadPlain(membership.start + SLOT.freedThroughSheaf);
    const throughList = words.loadPlain(membership.start + SLOT.freedThroughList);
    assert.equal(throughSheaf + throughList, 3, `${throughSheaf} freed by sheaf, ${throughList} by list`);
    assertBalanced(alpha.parts, beta.held);
  },
  nameOf: posting.nameOf,
  mayRace: (word) => isLookedAtUnlocked(posting.geometry, word),
  bounds: { failures: true },
});
