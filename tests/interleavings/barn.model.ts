/**
 * The barn: threads hand each other sheaves whole. A sheaf is one thread's or the barn's, never two threads',
 * and the barn takes no more than its fill.
 *
 * Whoever has a sheaf reads and writes its words plainly: a sheaf that two threads have is a data race. Heads
 * and counts are looked at before barnLock is taken, and race by intent (support/unlocked-looks.ts).
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { cacheStart } from '../../src/layout/heap-layout.js';
import { SHEAF } from '../../src/layout/sheaf-record.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { Barn } from '../../src/slab/barn.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { type ObjectPlayers, objectPlayersOf } from './support/object-player.js';
import { isBarnWord, isLookedAtUnlocked } from './support/unlocked-looks.js';

/** The class of 64 bytes. */
const CACHE_ID = 8;
const BYTES = 64;

/** A thread that has the barn alone, without the cache that it serves. */
class Hand {
  readonly words: Words;
  readonly barn: Barn;
  readonly tag: number;
  /** Sheaves it keeps at the end. */
  readonly kept: number[] = [];
  /** What it found in the sheaves that it took. */
  readonly found: number[] = [];
  refused = 0;

  constructor({ words }: Stage, { geometry }: HeapModelMemory, tag: number) {
    const record = cacheStart(geometry, CACHE_ID);
    const lock = new RawSpinLock(words, record + CACHE.barnLock, tag, 50, 'barn');
    this.words = words;
    this.barn = new Barn(words, record, lock, geometry.barnSheaves, tag);
    this.tag = tag;
  }

  /** Takes a full sheaf and takes out of it what is in it; 0 when there is none. */
  takeFull(maySpin = true): number {
    const sheaf = this.barn.takeFull(maySpin);
    if (sheaf === 0) {
      this.refused++;
      return 0;
    }
    assert.equal(this.words.loadPlain(sheaf + SHEAF.count), 1, 'a full sheaf holds an object');
    this.found.push(this.words.loadPlain(sheaf + SHEAF.objects));
    this.words.storePlain(sheaf + SHEAF.count, 0);
    return sheaf;
  }

  /** Takes a full sheaf, empties it, and keeps it. */
  keepFull(): void {
    const sheaf = this.takeFull();
    if (sheaf !== 0) this.kept.push(sheaf);
  }

  /** Fills an empty sheaf with one object of its own, and puts it in. */
  putFull(sheaf: number, object: number, maySpin = true): void {
    if (sheaf === 0) return;
    assert.equal(this.words.loadPlain(sheaf + SHEAF.count), 0, 'an empty sheaf holds none');
    this.words.storePlain(sheaf + SHEAF.objects, object);
    this.words.storePlain(sheaf + SHEAF.count, 1);
    if (this.barn.putFull(sheaf, maySpin)) return;
    this.refused++;
    this.kept.push(sheaf);
  }

  putEmpty(sheaf: number): void {
    if (sheaf !== 0 && !this.barn.putEmpty(sheaf, true)) this.kept.push(sheaf);
  }
}

interface Hands {
  readonly words: Words;
  readonly alpha: Hand;
  readonly beta: Hand;
}

function handsOf(memory: HeapModelMemory, stage: Stage): Hands {
  return { words: stage.words, alpha: new Hand(stage, memory, 1), beta: new Hand(stage, memory, 2) };
}

/** Sheaves that the threads have when they start: made anew by each preparation. */
function makeSheaves(sheaves: number[], alpha: HeapParts | undefined, count: number): void {
  sheaves.length = 0;
  for (let i = 0; i < count; i++) sheaves.push(alpha!.caches.view(CACHE_ID).takeEmptySheaf(GFP_NOWAIT));
}

/** Puts sheaves with one object each into the barn; the object's number stands for it. */
function fillBarn(alpha: HeapParts | undefined, sheaves: readonly number[]): void {
  for (const sheaf of sheaves) {
    alpha!.words.storePlain(sheaf + SHEAF.objects, 100 + sheaf);
    alpha!.words.storePlain(sheaf + SHEAF.count, 1);
    alpha!.caches.view(CACHE_ID).putFullSheaf(sheaf);
  }
}

/** The sheaves on one list of the barn, which must be as many as it counts. */
function sheavesOn(words: Words, { geometry }: HeapModelMemory, head: number, count: number): number[] {
  const record = cacheStart(geometry, CACHE_ID);
  const sheaves: number[] = [];
  let sheaf = words.loadPlain(record + head);
  while (sheaf !== 0 && sheaves.length < 10) {
    sheaves.push(sheaf);
    sheaf = words.loadPlain(sheaf + SHEAF.next);
  }
  const counted = words.loadPlain(record + count);
  assert.equal(counted, sheaves.length, 'sheaves that the barn counts');
  assert.ok(
    counted <= geometry.barnSheaves,
    `the barn has ${counted} sheaves, and room for ${geometry.barnSheaves}`,
  );
  return sheaves;
}

/** Asserts that each sheaf is in one place. */
function assertEachOnce(
  memory: HeapModelMemory,
  { words, alpha, beta }: Hands,
  sheaves: readonly number[],
): void {
  const full = sheavesOn(words, memory, CACHE.fullHead, CACHE.fullSheaves);
  const empty = sheavesOn(words, memory, CACHE.emptyHead, CACHE.emptySheaves);
  const found = [...full, ...empty, ...alpha.kept, ...beta.kept];
  assert.deepEqual(found.sort(), [...sheaves].sort(), 'each sheaf is in one place');
}

const exchange = heapModelMemory({ barnSheaves: 2 });
const exchanged: number[] = [];

export const sheavesChangeHands = model({
  name: 'a full sheaf and an empty one are taken once each, with what is in them',
  lengthWords: exchange.lengthWords,
  prepare: (words) =>
    exchange.prepare(words, ([alpha]) => {
      makeSheaves(exchanged, alpha, 2);
      fillBarn(alpha, exchanged);
    }),
  setup: (stage) => handsOf(exchange, stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.putEmpty(alpha.takeFull());
      alpha.putFull(alpha.barn.takeEmpty(true), 1);
    },
    beta({ beta }: Hands) {
      beta.putEmpty(beta.takeFull());
      beta.keepFull();
    },
  },
  final(hands: Hands) {
    const { alpha, beta } = hands;
    const taken = [...alpha.found, ...beta.found];
    assert.equal(new Set(taken).size, taken.length, `objects taken twice: ${taken.join(', ')}`);
    assertEachOnce(exchange, hands, exchanged);
  },
  nameOf: exchange.nameOf,
  mayRace: (word) => isBarnWord(exchange.geometry, word),
});

const brim = heapModelMemory({ barnSheaves: 1 });
const brimming: number[] = [];

export const fillsUpOnce = model({
  name: 'of two sheaves for the last place in the barn one goes in, and its thread keeps the other',
  lengthWords: brim.lengthWords,
  prepare: (words) => brim.prepare(words, ([alpha]) => makeSheaves(brimming, alpha, 3)),
  setup: (stage) => handsOf(brim, stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.putFull(brimming[0]!, 1);
      alpha.putEmpty(brimming[1]!);
    },
    beta({ beta }: Hands) {
      beta.putFull(brimming[2]!, 2);
      beta.putEmpty(beta.takeFull());
    },
  },
  final: (hands: Hands) => assertEachOnce(brim, hands, brimming),
  nameOf: brim.nameOf,
  mayRace: (word) => isBarnWord(brim.geometry, word),
});

const single = heapModelMemory({ barnSheaves: 2 });
const oneSheaf: number[] = [];

export const lastFullSheaf = model({
  name: 'the last full sheaf goes to one of two threads, of which one may not spin',
  lengthWords: single.lengthWords,
  prepare: (words) =>
    single.prepare(words, ([alpha]) => {
      makeSheaves(oneSheaf, alpha, 1);
      fillBarn(alpha, oneSheaf);
    }),
  setup: (stage) => handsOf(single, stage),
  threads: {
    alpha({ alpha }: Hands) {
      const sheaf = alpha.takeFull(false);
      alpha.putFull(sheaf, 1, false);
    },
    beta({ beta }: Hands) {
      beta.putEmpty(beta.takeFull());
    },
  },
  final(hands: Hands) {
    assertEachOnce(single, hands, oneSheaf);
    assert.ok(hands.alpha.found.length + hands.beta.found.length > 0, 'nobody got the sheaf');
  },
  nameOf: single.nameOf,
  mayRace: (word) => isBarnWord(single.geometry, word),
});

const bare = heapModelMemory({ barnSheaves: 1 });
const oneEmpty: number[] = [];

export const lastEmptySheaf = model({
  name: 'the last empty sheaf goes to one of two threads, and from there to the other full',
  lengthWords: bare.lengthWords,
  prepare: (words) =>
    bare.prepare(words, ([alpha]) => {
      makeSheaves(oneEmpty, alpha, 1);
      alpha!.caches.view(CACHE_ID).putEmptySheaf(oneEmpty[0]!);
    }),
  setup: (stage) => handsOf(bare, stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.putFull(alpha.barn.takeEmpty(true), 1);
    },
    beta({ beta }: Hands) {
      beta.putFull(beta.barn.takeEmpty(true), 2);
      beta.putEmpty(beta.takeFull());
    },
  },
  final: (hands: Hands) => assertEachOnce(bare, hands, oneEmpty),
  nameOf: bare.nameOf,
  mayRace: (word) => isBarnWord(bare.geometry, word),
});

/** Asserts that each allocation got an object, and that the books add up with those that are held. */
function assertAllServed({ alpha, beta }: ObjectPlayers): void {
  assert.equal(alpha.refused + beta.refused, 0, 'there was an object for each');
  assertBalanced(alpha.parts, [...alpha.held, ...beta.held]);
}

/** Leaves alpha with main and spare full, and two objects that it has: places 4 and 5 of `objects`. */
function fillSheaves(objects: number[], alpha: HeapParts | undefined): void {
  objects.length = 0;
  // As many as fill three sheaves: none is left over.
  for (let i = 0; i < 6; i++) objects.push(alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT));
  for (let i = 0; i < 4; i++) alpha!.kmalloc.free(objects[i]!);
}

const through = heapModelMemory({ pages: 8 });
const sent: number[] = [];

export const objectsThroughTheBarn = model({
  name: 'what one thread frees into the barn another is given, each object once',
  lengthWords: through.lengthWords,
  prepare: (words) => through.prepare(words, ([alpha]) => fillSheaves(sent, alpha)),
  setup: (stage) => objectPlayersOf(through, stage),
  threads: {
    // Main and spare are full: the fifth object sends main to the barn.
    alpha({ alpha }: ObjectPlayers) {
      alpha.claim(sent[4]!, BYTES);
      alpha.put(sent[4]!, BYTES);
      alpha.held.push(sent[5]!);
    },
    beta({ beta }: ObjectPlayers) {
      beta.keep(BYTES);
    },
  },
  final: assertAllServed,
  nameOf: through.nameOf,
  mayRace: (word) => isLookedAtUnlocked(through.geometry, word),
});

const both = heapModelMemory({ pages: 8, barnSheaves: 1 });
const had: number[] = [];

export const noObjectTwice = model({
  name: 'two threads that allocate and free objects of one cache have none in common, and the books add up',
  lengthWords: both.lengthWords,
  prepare: (words) =>
    both.prepare(words, ([alpha]) => {
      had.length = 0;
      had.push(alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT), alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT));
    }),
  setup: (stage) => objectPlayersOf(both, stage),
  threads: {
    // Its main sheaf is empty, and so is the slab that it came from; beta has none yet.
    alpha({ alpha }: ObjectPlayers) {
      alpha.held.push(had[0]!, had[1]!);
      alpha.keep(BYTES);
      alpha.keep(BYTES);
      alpha.put(alpha.take(BYTES), BYTES);
    },
    beta({ beta }: ObjectPlayers) {
      beta.put(beta.take(BYTES), BYTES);
      beta.keep(BYTES);
    },
  },
  final: assertAllServed,
  nameOf: both.nameOf,
  mayRace: (word) => isLookedAtUnlocked(both.geometry, word),
});

const discarding = heapModelMemory({ pages: 8, minPartialSlabs: 0 });

export const slabGoesAgainstAllocation = model({
  name: 'a slab that one thread gives back to the pages is not one that another allocates from',
  lengthWords: discarding.lengthWords,
  prepare: (words) =>
    discarding.prepare(words, ([alpha]) => {
      const { kmalloc } = alpha!;
      const p = kmalloc.alloc(BYTES, GFP_NOWAIT);
      kmalloc.free(kmalloc.alloc(BYTES, GFP_NOWAIT));
      kmalloc.free(p);
    }),
  setup: (stage) => objectPlayersOf(discarding, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      alpha.parts.caches.view(CACHE_ID).shrink();
    },
    beta({ beta }: ObjectPlayers) {
      const p = beta.take(BYTES);
      beta.keep(BYTES);
      beta.put(p, BYTES);
    },
  },
  final({ alpha, beta }: ObjectPlayers) {
    assert.equal(beta.refused, 0, 'there was an object for beta');
    assertBalanced(alpha.parts, beta.held);
  },
  nameOf: discarding.nameOf,
  mayRace: (word) => isLookedAtUnlocked(discarding.geometry, word),
});

const flushing = heapModelMemory({ pages: 8, barnSheaves: 0 });
const flushed: number[] = [];

export const flushesAgainstAllocation = model({
  name: 'where the barn has no room, what one thread flushes to the slabs another allocates, each object once',
  lengthWords: flushing.lengthWords,
  prepare: (words) =>
    flushing.prepare(words, ([alpha, beta]) => {
      fillSheaves(flushed, alpha);
      // Beta has an empty sheaf.
      for (let i = 0; i < 2; i++) flushed.push(beta!.kmalloc.alloc(BYTES, GFP_NOWAIT));
    }),
  setup: (stage) => objectPlayersOf(flushing, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      alpha.claim(flushed[4]!, BYTES);
      alpha.put(flushed[4]!, BYTES);
      alpha.held.push(flushed[5]!);
    },
    beta({ beta }: ObjectPlayers) {
      beta.held.push(flushed[6]!, flushed[7]!);
      beta.keep(BYTES);
    },
  },
  final: assertAllServed,
  nameOf: flushing.nameOf,
  mayRace: (word) => isLookedAtUnlocked(flushing.geometry, word),
});
