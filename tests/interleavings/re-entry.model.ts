/**
 * A hook of the same thread in the middle of a locked region comes back into the very cache: just after a lock is taken,
 * and just before it is let go, it allocates, frees, and defers a free. No object is in two hands and none is lost,
 * whatever another thread does to the cache meanwhile.
 *
 *     alpha: kmalloc, kfree, kfreeRcu --lock--> hook: kfreeNolock, kmallocNolock, kfreeRcu        beta: kmalloc, kfree
 *
 * Sheaves have one object and slabs two, so that nearly every call takes the slow way, and finds a sheaf in hand.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { CACHE, SHEAF_CACHE } from '../../src/layout/cache-record.js';
import { cacheStart } from '../../src/layout/heap-layout.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { type Model, model, type Stage } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { LockHook } from '../support/hooked-locks.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { ObjectPlayer } from './support/object-player.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** The class of 64 bytes. */
const CACHE_ID = 8;
const BYTES = 64;
const SLABS = `slabs of cache ${CACHE_ID}`;
const SHEAF_SLABS = `slabs of cache ${SHEAF_CACHE}`;
const BARN = `barn of cache ${CACHE_ID}`;
const ZONE = 'zone 0';
/** Words 2 and 3 of an object are its RcuHead. */
const HEAD_OFFSET = 2;
/** Objects that the hook gives back: by kfreeNolock and by kfreeRcu, one each time that it runs. */
const CALLS = 2;

interface Players {
  readonly alpha: ObjectPlayer;
  readonly beta: ObjectPlayer;
  /** In alpha's locks. */
  readonly hook: LockHook;
  /** Objects in use when the threads start. */
  readonly objects: readonly number[];
  /** How often the hook has run. */
  calls: number;
}

/** What the hook does: just after alpha has taken the lock, and just before it lets go of it. */
function comeBack(players: Players, freesLast = false): void {
  const { alpha, objects } = players;
  const { context, kfreeRcu, kmalloc } = alpha.parts;
  const call = players.calls++;
  context.enterAtomic('a hook');
  if (!freesLast) kmalloc.freeNolock(objects[call]!);
  alpha.keepNolock(BYTES);
  if (freesLast) kmalloc.freeNolock(objects[call]!);
  kfreeRcu.post(objects[CALLS + call]!, HEAD_OFFSET);
  context.exitAtomic('a hook');
}

interface Reentry {
  readonly name: string;
  /** Name of the lock under which the hook runs. */
  readonly lock: string;
  /** Whether the hook allocates before it frees. */
  readonly freesLast?: boolean;
  /** Objects that alpha has besides. */
  readonly objects: number;
  readonly prepare?: (alpha: HeapParts, objects: readonly number[]) => void;
  readonly alpha: (alpha: ObjectPlayer, objects: readonly number[]) => void;
}

function reentryModel(claim: Reentry): Model<Players> {
  const memory = heapModelMemory({ pages: 16, sheafCapacity: 1, barnSheaves: 1, minPartialSlabs: 0 });
  const objects: number[] = [];
  return model<Players>({
    name: claim.name,
    lengthWords: memory.lengthWords,
    prepare: (words) =>
      memory.prepare(words, ([alpha]) => {
        objects.length = 0;
        for (let i = 0; i < 2 * CALLS + claim.objects; i++) {
          objects.push(alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT));
        }
        claim.prepare?.(alpha!, objects.slice(2 * CALLS));
      }),
    setup: (stage) => playersOf(memory, stage, objects),
    threads: {
      alpha(players) {
        const { alpha, hook } = players;
        hook.run = (_, lock) => {
          if (lock === claim.lock && players.calls < CALLS) comeBack(players, claim.freesLast);
        };
        alpha.parts.turn.pin();
        claim.alpha(alpha, objects.slice(2 * CALLS));
        hook.run = () => {};
        // Where beta was first, alpha may have had no need to enter the region.
        while (players.calls < CALLS) comeBack(players);
        alpha.parts.turn.leave();
        alpha.parts.driver.flush();
      },
      beta({ beta }) {
        beta.put(beta.take(BYTES), BYTES);
        beta.keep(BYTES);
      },
    },
    final: (players) => assertNoneLost(players),
    nameOf: memory.nameOf,
    mayRace: (word) => isLookedAtUnlocked(memory.geometry, word),
    bounds: { preemptions: 1 },
    // All seven: some ten seconds.
    nightly: { preemptions: 2 },
  });
}

function playersOf(memory: HeapModelMemory, stage: Stage, objects: readonly number[]): Players {
  const hook = new LockHook();
  return {
    alpha: new ObjectPlayer(memory.wire(stage, 'alpha', 0, hook.lockMaker), 1),
    beta: new ObjectPlayer(memory.wire(stage, 'beta', 1), 2),
    hook,
    objects,
    calls: 0,
  };
}

/** Asserts that each object is in one place, that what was posted is freed, and that nothing stays deferred. */
function assertNoneLost({ alpha, beta }: Players): void {
  const { words, geometry, kfreeRcu, membership } = alpha.parts;
  const held = [...alpha.held, ...beta.held];
  assert.equal(new Set(held).size, held.length, `an object is held twice: ${held.join(', ')}`);
  assert.equal(kfreeRcu.isWaiting(), false, 'something waits, though nobody is in a turn');
  const throughSheaf = words.loadPlain(membership.start + SLOT.freedThroughSheaf);
  const throughList = words.loadPlain(membership.start + SLOT.freedThroughList);
  assert.ok(throughSheaf + throughList >= CALLS, 'what was posted was not freed');
  assertBalanced(alpha.parts, held);
  // A held object that is on a freelist as well has a link in its first word.
  for (const player of [alpha, beta]) for (const p of player.held) player.requireOwn(p, BYTES);
  beta.parts.caches.view(CACHE_ID).shrink();
  assert.equal(words.loadPlain(cacheStart(geometry, CACHE_ID) + CACHE.deferred), 0, 'objects stay deferred');
  assertBalanced(alpha.parts, held);
}

export const duringFill = reentryModel({
  name: 'a hook in the lock of the slabs, while its thread fills a sheaf from them, disturbs neither the other nor loses what it is given',
  lock: SLABS,
  objects: 0,
  alpha: (alpha) => alpha.keep(BYTES),
});

export const duringFlush = reentryModel({
  name: 'a hook in the lock of the slabs, while its thread gives a sheaf back to them, takes no object that is on its way',
  lock: SLABS,
  objects: 5,
  // Main, spare and barn are full.
  prepare: (alpha, objects) => {
    for (const p of objects.slice(0, 3)) alpha.kmalloc.free(p);
  },
  alpha: (alpha, objects) => {
    for (const p of objects.slice(3)) {
      alpha.claim(p, BYTES);
      alpha.put(p, BYTES);
    }
  },
});

export const duringBarnTake = reentryModel({
  name: 'a hook in the lock of the barn, while its thread takes a full sheaf, finds that sheaf in hand and goes another way',
  lock: BARN,
  freesLast: true,
  objects: 3,
  prepare: (alpha, objects) => {
    for (const p of objects) alpha.kmalloc.free(p);
  },
  alpha: (alpha) => {
    for (let i = 0; i < 3; i++) alpha.keep(BYTES);
  },
});

export const duringBarnPut = reentryModel({
  name: 'a hook in the lock of the barn, while its thread puts a full sheaf in, finds that sheaf in hand and goes another way',
  lock: BARN,
  objects: 3,
  alpha: (alpha, objects) => {
    for (const p of objects) {
      alpha.claim(p, BYTES);
      alpha.put(p, BYTES);
    }
  },
});

export const duringNewSlab = reentryModel({
  name: 'a hook in the lock of the zone, while its thread makes a slab, gets no page of it and leaves the lists as they are',
  lock: ZONE,
  objects: 0,
  prepare: (alpha) => alpha.pages.drain(),
  alpha: (alpha) => alpha.keep(BYTES),
});

export const duringNewSheaf = reentryModel({
  name: 'a hook in the lock of the slabs of sheaves, while its thread gets a new sheaf, does without one',
  lock: SHEAF_SLABS,
  objects: 2,
  // Main is full, and the barn has no empty sheaf.
  prepare: (alpha, objects) => alpha.kmalloc.free(objects[0]!),
  alpha: (alpha, objects) => {
    alpha.claim(objects[1]!, BYTES);
    alpha.put(objects[1]!, BYTES);
  },
});

export const duringPost = reentryModel({
  name: 'a hook in the lock of the barn, while its thread gets a sheaf for what it frees after a grace period, posts beside it',
  lock: BARN,
  objects: 2,
  prepare: (alpha) => {
    const cache = alpha.caches.view(CACHE_ID);
    cache.putEmptySheaf(cache.takeEmptySheaf(GFP_NOWAIT));
  },
  alpha: (alpha, objects) => {
    for (const p of objects) alpha.parts.kfreeRcu.post(p, HEAD_OFFSET);
  },
});
