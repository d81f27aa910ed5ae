/**
 * Pages that are not to be had: each allocation of pages fails, one in each execution, and what asked for it
 * returns 0 or goes another way. Nothing is lost, and nothing stays half done.
 *
 *     kmalloc     no slab: 0           no sheaf: one object straight from a slab
 *     kfree       no sheaf: main is flushed to its slabs, or the object goes to its slab
 *     kfreeRcu    no sheaf: through the object's own RcuHead
 *     charged     no memory: what was charged for it is given back
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { createAccountedCaches } from '../../src/slab/accounted-caches.js';
import { PAGE_WORDS } from '../../src/words/units.js';
import { model } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { stockOf, usageOf, writeRecord } from '../support/group-words.js';
import { heapModelMemory } from './support/heap-stage.js';
import { neverSpins } from './support/never-spins.js';
import { ObjectPlayer, type ObjectPlayers, objectPlayersOf } from './support/object-player.js';
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

// Nothing is to be had from sheaves, nor from the slabs that are there.
const retrying = heapModelMemory({ pages: 8, sheafCapacity: 1 });
const used: number[] = [];

export const kmallocNolockTriesTwice = model({
  name: 'kmallocNolock, where its own class gets no page, takes the next larger one, or returns 0 with nothing changed',
  lengthWords: retrying.lengthWords,
  prepare: (words) =>
    retrying.prepare(words, ([alpha]) => {
      allocate(used, alpha, 2);
      alpha!.pages.drain();
    }),
  setup: (stage) => ({
    alpha: new ObjectPlayer(retrying.wire(stage, 'alpha', 0, neverSpins), 1),
    beta: new ObjectPlayer(retrying.wire(stage, 'beta', 1), 2),
  }),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      alpha.held.push(...used);
      alpha.keepNolock(BYTES);
      alpha.putNolock(alpha.takeNolock(BYTES), BYTES);
    },
    beta({ beta }: ObjectPlayers) {
      beta.keep(BYTES);
    },
  },
  final({ alpha, beta }: ObjectPlayers) {
    assert.ok(beta.refused <= 1, `${beta.refused} of beta's one allocation failed`);
    assertBalanced(alpha.parts, [...alpha.held, ...beta.held]);
  },
  nameOf: retrying.nameOf,
  mayRace: (word) => isLookedAtUnlocked(retrying.geometry, word),
  bounds: { failures: true, preemptions: 1 },
  nightly: { preemptions: 2 },
});

const charging = heapModelMemory({ pages: 8, maxCaches: 130 });
/** At the end of the last page, which nobody allocates. */
const RECORD = charging.geometry.totalPages * PAGE_WORDS - 64;
/** Granules of an object of BYTES, and of a page, that are charged. */
const OBJECT_COST = 9;
const PAGE_COST = 512;

interface Charging {
  readonly players: readonly ObjectPlayer[];
  /** Granules that are charged for what the threads have. */
  charged: number;
}

/** Takes an object and a page that are charged to the group. */
function chargeBoth(state: Charging, thread: number): void {
  const { turn, kmalloc, pages, charges } = state.players[thread]!.parts;
  turn.pin();
  kmalloc.accounted.meet();
  if (kmalloc.allocCharged(BYTES, GFP_NOWAIT, RECORD) !== 0) state.charged += OBJECT_COST;
  else assert.equal(charges.refusedBy, 0, 'the group is blamed for a page that failed');
  if (pages.allocCharged(0, GFP_NOWAIT, RECORD) !== 0) state.charged += PAGE_COST;
  else assert.equal(charges.refusedBy, 0, 'the group is blamed for a page that failed');
}

export const chargesNothing = model<Charging>({
  name: 'an allocation that fails for want of a page leaves nothing charged to its group, whoever else charges it',
  lengthWords: charging.lengthWords,
  prepare: (words) =>
    charging.prepare(words, ([alpha]) => {
      assert.ok(createAccountedCaches(words, charging.geometry, alpha!.caches));
      writeRecord(words, RECORD);
    }),
  setup: (stage) => {
    const { alpha, beta } = objectPlayersOf(charging, stage);
    return { players: [alpha, beta], charged: 0 };
  },
  threads: {
    alpha: (state) => chargeBoth(state, 0),
    beta: (state) => chargeBoth(state, 1),
  },
  final({ players, charged }) {
    let sum = charged;
    for (const { parts } of players) sum += stockOf(parts.words, parts.membership.start, RECORD);
    const { words } = players[0]!.parts;
    assert.equal(usageOf(words, RECORD), sum, `${charged} granules are handed out`);
    // All but one allocation at the most, of a page in the one case, had what they wanted.
    assert.ok(charged >= 2 * OBJECT_COST + PAGE_COST || charged >= OBJECT_COST + 2 * PAGE_COST);
  },
  nameOf: charging.nameOf,
  mayRace: (word) => isLookedAtUnlocked(charging.geometry, word),
  bounds: { failures: true, preemptions: 1 },
  nightly: { preemptions: 2 },
});
