/**
 * kmallocNolock and kfreeNolock against everything else that touches the same cache: no object is in two places, none
 * is lost, nobody waits, and no call takes more steps than are said (nolock-object-steps.ts).
 *
 *     alpha's sheaves -> barn -> slabs -> pages, every lock tried once       beta as an ordinary thread does
 *            \--busy--> the cache's deferred list --> the slabs, by whoever may spin
 *
 * Sheaves have one object and slabs two, so nearly every call takes the slow way.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { cacheStart } from '../../src/layout/heap-layout.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { nolockObjectStepBound } from '../../src/slab/nolock-object-steps.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { CountedWords } from './support/counted-words.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { neverSpins } from './support/never-spins.js';
import { ObjectPlayer } from './support/object-player.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** The class of 64 bytes. */
const CACHE_ID = 8;
const BYTES = 64;

interface Players {
  /** May not spin. */
  readonly alpha: ObjectPlayer;
  readonly beta: ObjectPlayer;
  /** Alpha's. */
  readonly counted: CountedWords;
}

/** A heap, and the objects that are in use when its threads start: made anew by each preparation. */
class Given {
  readonly memory: HeapModelMemory;
  readonly objects: number[] = [];

  constructor(options: Parameters<typeof heapModelMemory>[0] = {}) {
    this.memory = heapModelMemory({
      pages: 8,
      sheafCapacity: 1,
      barnSheaves: 1,
      minPartialSlabs: 0,
      ...options,
    });
  }

  take(alpha: HeapParts | undefined, count: number): void {
    this.objects.length = 0;
    for (let i = 0; i < count; i++) this.objects.push(alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT));
  }

  players(stage: Stage): Players {
    const counted = new CountedWords(stage.words);
    return {
      alpha: new ObjectPlayer(this.memory.wire(counted.stage(stage), 'alpha', 0, neverSpins), 1),
      beta: new ObjectPlayer(this.memory.wire(stage, 'beta', 1), 2),
      counted,
    };
  }

  /** Lets a thread have the object at `place`. */
  give(player: ObjectPlayer, place: number): number {
    player.claim(this.objects[place]!, BYTES);
    return this.objects[place]!;
  }
}

/** Asserts that the books add up, that no object is held twice, and that what was deferred is free after a drain. */
function assertNoneLost({ alpha, beta }: Players): void {
  const held = [...alpha.held, ...beta.held];
  assert.equal(new Set(held).size, held.length, `an object is held twice: ${held.join(', ')}`);
  assertBalanced(alpha.parts, held);
  // A held object that is on a freelist as well has a link in its first word.
  for (const player of [alpha, beta]) for (const p of player.held) player.requireOwn(p, BYTES);
  const { words, geometry, caches } = beta.parts;
  caches.view(CACHE_ID).shrink();
  assert.equal(words.loadPlain(cacheStart(geometry, CACHE_ID) + CACHE.deferred), 0, 'objects stay deferred');
  assertBalanced(alpha.parts, held);
}

const beside = new Given();

export const besideOrdinaryCalls = model({
  name: 'who may not spin takes and frees objects beside one that may: none is in two hands, none is lost, nobody waits',
  lengthWords: beside.memory.lengthWords,
  prepare: (words) => beside.memory.prepare(words, ([alpha]) => beside.take(alpha, 3)),
  setup: (stage) => beside.players(stage),
  threads: {
    alpha({ alpha, counted }: Players) {
      const most = nolockObjectStepBound(alpha.parts.geometry);
      for (let i = 0; i < 3; i++) {
        const p = beside.give(alpha, i);
        counted.begin();
        alpha.parts.kmalloc.freeNolock(p);
        counted.end('kfreeNolock', most.free);
      }
      counted.begin();
      const p = alpha.parts.kmalloc.allocNolock(BYTES, GFP_NOLOCK);
      counted.end('kmallocNolock', most.alloc);
      assert.notEqual(p, 0, 'alpha has objects in its sheaves');
      alpha.claim(p, BYTES);
      alpha.held.push(p);
    },
    beta({ beta }: Players) {
      beta.put(beta.take(BYTES), BYTES);
      beta.keep(BYTES);
    },
  },
  final: (players: Players) => assertNoneLost(players),
  nameOf: beside.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(beside.memory.geometry, word),
});

const shrunk = new Given();

export const defersBesideShrink = model({
  name: 'what is freed without spinning while the cache is shrunk is on its slab or deferred, and the next drain has it',
  lengthWords: shrunk.memory.lengthWords,
  prepare: (words) =>
    shrunk.memory.prepare(words, ([alpha]) => {
      shrunk.take(alpha, 6);
      // Main, spare and barn are full: what comes next goes to the slabs.
      for (const p of shrunk.objects.slice(0, 4)) alpha!.kmalloc.free(p);
    }),
  setup: (stage) => shrunk.players(stage),
  threads: {
    alpha({ alpha }: Players) {
      alpha.putNolock(shrunk.give(alpha, 4), BYTES);
      alpha.putNolock(shrunk.give(alpha, 5), BYTES);
    },
    beta({ beta }: Players) {
      beta.parts.caches.view(CACHE_ID).shrink();
    },
  },
  final: (players: Players) => assertNoneLost(players),
  nameOf: shrunk.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(shrunk.memory.geometry, word),
  bounds: { preemptions: 2 },
  // 900 executions, 24,000 states.
  nightly: { preemptions: 4 },
});

const flushed = new Given();

export const flushesBesideOrdinaryCalls = model({
  name: 'who may not spin gives back its sheaves, onto the slabs or deferred, while another takes from the same slabs',
  lengthWords: flushed.memory.lengthWords,
  prepare: (words) =>
    flushed.memory.prepare(words, ([alpha]) => {
      flushed.take(alpha, 3);
      for (const p of flushed.objects) alpha!.kmalloc.free(p);
    }),
  setup: (stage) => flushed.players(stage),
  threads: {
    alpha({ alpha }: Players) {
      alpha.parts.caches.view(CACHE_ID).flush(false);
    },
    beta({ beta }: Players) {
      beta.keep(BYTES);
      beta.put(beta.take(BYTES), BYTES);
    },
  },
  final: (players: Players) => assertNoneLost(players),
  nameOf: flushed.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(flushed.memory.geometry, word),
});

const drained = new Given({ threads: 3, barnSheaves: 0 });

interface Three extends Players {
  /** May not spin. */
  readonly gamma: ObjectPlayer;
}

export const twoDeferBesideADrain = model({
  name: 'of what two threads free at once that may not spin, while a third drains, nothing is lost or there twice',
  lengthWords: drained.memory.lengthWords,
  prepare: (words) =>
    drained.memory.prepare(words, ([alpha, , gamma]) => {
      drained.take(alpha, 6);
      // The sheaves of both are full.
      for (const p of drained.objects.slice(0, 2)) alpha!.kmalloc.free(p);
      for (const p of drained.objects.slice(2, 4)) gamma!.kmalloc.free(p);
    }),
  setup: (stage): Three => ({
    ...drained.players(stage),
    gamma: new ObjectPlayer(drained.memory.wire(stage, 'gamma', 2, neverSpins), 3),
  }),
  threads: {
    alpha({ alpha }: Three) {
      alpha.putNolock(drained.give(alpha, 4), BYTES);
    },
    beta({ beta }: Three) {
      beta.keep(BYTES);
    },
    gamma({ gamma }: Three) {
      gamma.putNolock(drained.give(gamma, 5), BYTES);
    },
  },
  final: (players: Three) => assertNoneLost(players),
  nameOf: drained.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(drained.memory.geometry, word),
  bounds: { preemptions: 2 },
});
