/**
 * The slabs of a cache: a slab is on the partial list exactly when it has a free object, the last free of a
 * slab and an allocation from it do not miss each other, and no more empty slabs than minPartialSlabs are kept.
 *
 * The threads use the list itself, without sheaves; only the pages behind it are a whole heap's. Slabs have two
 * objects.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { cacheStart } from '../../src/layout/heap-layout.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { GFP_NOLOCK, GFP_NOWAIT, type Gfp } from '../../src/pages/gfp.js';
import { SlabList } from '../../src/slab/slab-list.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { isDeferredObject } from './support/unlocked-looks.js';

/** The class of 64 bytes. */
const CACHE_ID = 8;
const OBJECT_WORDS = 16;

function slabListOf({ words, geometry, ownerTag, pages, membership }: HeapParts): SlabList {
  const record = cacheStart(geometry, CACHE_ID);
  const lock = new RawSpinLock(words, record + CACHE.listLock, ownerTag, 50, 'slabs');
  return new SlabList(words, geometry, CACHE_ID, lock, pages, membership.start);
}

/** A thread of the model. */
class Hand {
  readonly words: Words;
  readonly slabs: SlabList;
  /** Objects it keeps at the end. */
  readonly held: number[] = [];
  refused = 0;
  private readonly _tag: number;

  constructor(parts: HeapParts) {
    this.words = parts.words;
    this.slabs = slabListOf(parts);
    this._tag = parts.ownerTag;
  }

  /** Takes an object and writes it; 0 when there is none. */
  take(gfp: Gfp = GFP_NOWAIT): number {
    const object = this.slabs.takeOne(gfp);
    if (object === 0) this.refused++;
    else this.claim(object);
    return object;
  }

  keep(gfp: Gfp = GFP_NOWAIT): void {
    const object = this.take(gfp);
    if (object !== 0) this.held.push(object);
  }

  put(object: number, maySpin = true): void {
    if (object === 0) return;
    assert.equal(this.words.loadPlain(object), this._tag, `the object at ${object} is another thread's`);
    this.slabs.putOne(object, maySpin);
  }

  claim(object: number): void {
    this.words.storePlain(object, this._tag);
    this.words.storePlain(object + OBJECT_WORDS - 1, this._tag);
  }
}

interface Hands {
  readonly words: Words;
  readonly alpha: Hand;
  readonly beta: Hand;
  /** The same as beta in a heap of two. */
  readonly gamma: Hand;
}

/** The heap of a model, and the objects that are in use when its threads start. */
class Given {
  readonly memory: HeapModelMemory;
  readonly objects: number[] = [];
  private readonly _threads: number;

  constructor(minPartialSlabs: number, threads = 2) {
    this.memory = heapModelMemory({ pages: 8, minPartialSlabs, threads });
    this._threads = threads;
  }

  /** Takes `count` objects, and puts back those at the places `freed`. */
  prepare(words: Words, count: number, freed: readonly number[] = []): void {
    this.objects.length = 0;
    this.memory.prepare(words, ([alpha]) => {
      const slabs = slabListOf(alpha!);
      for (let i = 0; i < count; i++) this.objects.push(slabs.takeOne(GFP_NOWAIT));
      for (const place of freed) slabs.putOne(this.objects[place]!);
    });
  }

  handsOf(stage: Stage): Hands {
    const alpha = new Hand(this.memory.wire(stage, 'alpha', 0));
    const beta = new Hand(this.memory.wire(stage, 'beta', 1));
    const gamma = this._threads === 3 ? new Hand(this.memory.wire(stage, 'gamma', 2)) : beta;
    return { words: stage.words, alpha, beta, gamma };
  }

  /** Lets a thread have the object at `place` of those in use. */
  give(hand: Hand, place: number): number {
    hand.claim(this.objects[place]!);
    return this.objects[place]!;
  }

  count(words: Words, word: number): number {
    return words.loadPlain(cacheStart(this.memory.geometry, CACHE_ID) + word);
  }

  /** Asserts that the books add up with what the threads and `others` hold. */
  assertBooks({ words, alpha, beta, gamma }: Hands, others: readonly number[] = []): void {
    assertBalanced({ words }, new Set([...alpha.held, ...beta.held, ...gamma.held, ...others]));
    const { geometry } = this.memory;
    const empty = this.count(words, CACHE.emptySlabs);
    assert.ok(empty <= Math.max(1, geometry.minPartialSlabs), `${empty} slabs are empty and kept`);
  }
}

const last = new Given(0);

export const lastFreeAgainstFirst = model({
  name: 'the last free of a slab and the first allocation from it: the slab goes, or serves',
  lengthWords: last.memory.lengthWords,
  prepare: (words) => last.prepare(words, 2, [1]),
  setup: (stage) => last.handsOf(stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.put(last.give(alpha, 0));
    },
    beta({ beta }: Hands) {
      beta.keep();
      beta.put(beta.take());
    },
  },
  final(hands: Hands) {
    assert.equal(hands.beta.refused, 0, 'there was an object for beta');
    last.assertBooks(hands);
    assert.equal(
      last.count(hands.words, CACHE.slabs),
      1,
      'the slab of the object that is held is the only one',
    );
  },
  nameOf: last.memory.nameOf,
});

const spare = new Given(1);

export const keepsOneEmptySlab = model({
  name: 'of two slabs whose last objects are freed at once one is kept, and the other goes',
  lengthWords: spare.memory.lengthWords,
  // Two slabs: objects 0 and 1, 2 and 3.
  prepare: (words) => spare.prepare(words, 4, [1, 3]),
  setup: (stage) => spare.handsOf(stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.put(spare.give(alpha, 0));
    },
    beta({ beta }: Hands) {
      beta.put(spare.give(beta, 2));
      beta.put(beta.take());
    },
  },
  final(hands: Hands) {
    spare.assertBooks(hands);
    const { words } = hands;
    assert.equal(spare.count(words, CACHE.slabs), 1, 'slabs');
    assert.equal(spare.count(words, CACHE.emptySlabs), 1, 'empty slabs');
  },
  nameOf: spare.memory.nameOf,
});

const full = new Given(1, 3);

export const fullSlabComesBack = model({
  name: 'a full slab is listed by the first free of it, once, whoever allocates meanwhile',
  lengthWords: full.memory.lengthWords,
  prepare: (words) => full.prepare(words, 2),
  setup: (stage) => full.handsOf(stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.put(full.give(alpha, 0));
    },
    beta({ beta }: Hands) {
      beta.put(full.give(beta, 1));
    },
    gamma({ gamma }: Hands) {
      gamma.keep();
    },
  },
  final: (hands: Hands) => full.assertBooks(hands),
  nameOf: full.memory.nameOf,
});

const bare = new Given(1);

export const bothGrow = model({
  name: 'two threads that find no slab make one each, or one serves both; one of them may not spin',
  lengthWords: bare.memory.lengthWords,
  prepare: (words) => bare.prepare(words, 0),
  setup: (stage) => bare.handsOf(stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.keep();
      alpha.keep();
    },
    beta({ beta }: Hands) {
      beta.keep(GFP_NOLOCK);
    },
  },
  final(hands: Hands) {
    assert.equal(hands.alpha.refused, 0, 'there was an object for alpha, who may spin');
    bare.assertBooks(hands);
  },
  nameOf: bare.memory.nameOf,
});

const chain = new Given(3);

export const shrinksAgainstAllocation = model({
  name: 'shrinking gives back the slabs that are empty, and none from which another thread allocates',
  lengthWords: chain.memory.lengthWords,
  prepare: (words) => chain.prepare(words, 6, [0, 1, 2, 3, 4, 5]),
  setup: (stage) => chain.handsOf(stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.slabs.shrink();
    },
    beta({ beta }: Hands) {
      beta.keep();
      beta.put(beta.take());
    },
  },
  final(hands: Hands) {
    assert.equal(hands.beta.refused, 0, 'there was an object for beta');
    chain.assertBooks(hands);
    assert.equal(
      chain.count(hands.words, CACHE.slabs),
      1,
      'the slab of the object that is held is the only one',
    );
  },
  nameOf: chain.memory.nameOf,
});

const busy = new Given(1, 3);

export const deferredComeBack = model({
  name: 'what two threads free that may not spin is on its slab or deferred, each once, whoever drains meanwhile',
  lengthWords: busy.memory.lengthWords,
  prepare: (words) => busy.prepare(words, 3),
  setup: (stage) => busy.handsOf(stage),
  threads: {
    alpha({ alpha }: Hands) {
      alpha.put(busy.give(alpha, 2));
      alpha.keep();
    },
    beta({ beta }: Hands) {
      beta.put(busy.give(beta, 0), false);
    },
    gamma({ gamma }: Hands) {
      gamma.put(busy.give(gamma, 1), false);
    },
  },
  final(hands: Hands) {
    const { alpha } = hands;
    assert.equal(alpha.refused, 0, 'there was an object for alpha');
    busy.assertBooks(hands);
    alpha.put(alpha.held.pop()!);
    assert.equal(busy.count(hands.words, CACHE.deferred), 0, 'an ordinary free has drained the list');
    busy.assertBooks(hands);
  },
  nameOf: busy.memory.nameOf,
  mayRace: (word) => isDeferredObject(busy.memory.geometry, word),
  bounds: { preemptions: 3 },
});
