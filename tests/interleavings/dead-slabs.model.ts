/**
 * A thread dies with objects in its hands, a lock of a cache, or on the way to the deferred list: at any access. Another
 * repairs what it left while a third goes on: no object is in two hands, none is lost, nobody waits for the dead.
 *
 *     victim   allocates to a word, frees from a word        killed before each access
 *     reaper   waits for its end, and reaps its slabs
 *     other    uses the same cache
 *
 * `awaitEnd` stands for Node's `exit` event. The reaper does what the heap's reaper does about slabs, and little else.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { balance } from '../../src/inspect/balance.js';
import { CACHE } from '../../src/layout/cache-record.js';
import type { Geometry } from '../../src/layout/heap-header.js';
import { cacheStart, slotStart } from '../../src/layout/heap-layout.js';
import { DESCRIPTOR, DESCRIPTOR_WORDS } from '../../src/layout/page-descriptor.js';
import { SHEAF, SHEAF_WORDS } from '../../src/layout/sheaf-record.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { ownerTag } from '../../src/locks/owner.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { PAGE_WORDS } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { publishAt, reapSlot, unpublishFrom } from '../support/dead-slab.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** The class of 64 bytes. */
const CACHE_ID = 8;
const BYTES = 64;
const VICTIM = 0;
const OTHER = 1;
const REAPER = 2;
/** Words that lead to objects. */
const PLACES = 4;

interface Scene {
  readonly stage: Stage;
  readonly words: Words;
  readonly victim: HeapParts;
  readonly other: HeapParts;
  readonly reaper: HeapParts;
  /** What the other has at the end. */
  readonly held: number[];
}

/** A heap of three threads, and a block whose first words lead to objects. */
class Given {
  readonly memory: HeapModelMemory;
  private _places = 0;

  constructor(barnSheaves: number) {
    this.memory = heapModelMemory({
      pages: 10,
      threads: 3,
      barnSheaves,
      minPartialSlabs: 0,
      sheafCapacity: 1,
    });
  }

  /** The lock of the slabs. */
  get listLock(): number {
    return cacheStart(this.memory.geometry, CACHE_ID) + CACHE.listLock;
  }

  /** The word of place `n`. */
  place(n: number): number {
    return this._places + n;
  }

  prepare(words: Words, begin: (victim: HeapParts, other: HeapParts) => void): void {
    this.memory.prepare(words, ([victim, other]) => {
      this._places = other!.pages.allocPages(0, GFP_NOWAIT);
      words.fillPlain(this._places, this._places + PLACES, 0);
      begin(victim!, other!);
    });
  }

  sceneOf(stage: Stage): Scene {
    const victim = this.memory.wire(stage, 'victim', VICTIM);
    const other = this.memory.wire(stage, 'other', OTHER);
    const reaper = this.memory.wire(stage, 'reaper', REAPER);
    return { stage, words: stage.words, victim, other, reaper, held: [] };
  }

  /** The books add up, no lock is taken, and what is in use is what somebody has. */
  assertWhole({ words, held }: Scene): void {
    const all = [this._places, ...held];
    for (let n = 0; n < PLACES; n++) {
      const object = words.loadPlain(this.place(n));
      if (object !== 0) all.push(object);
    }
    assert.equal(new Set(all).size, all.length, 'an object is in two hands');
    const report = balance(words, { held: all });
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.unreachable, [], 'an object is lost');
    const record = cacheStart(this.memory.geometry, CACHE_ID);
    for (const lock of [CACHE.listLock, CACHE.barnLock]) assert.equal(words.loadPlain(record + lock), 0);
    const start = slotStart(this.memory.geometry, VICTIM);
    const state = words.loadPlain(start + SLOT.state);
    assert.ok(
      state === SLOT_STATE.live || state === SLOT_STATE.free,
      `the victim's slot is in state ${state}`,
    );
  }
}

/** Words that the reaper looks at while their owners write them: of its own it knows what they hold. */
function isLookedAtByTheReaper(geometry: Geometry, word: number): boolean {
  const offset = word - geometry.descriptorsStart;
  if (offset >= 0 && offset < geometry.totalPages * DESCRIPTOR_WORDS) {
    return offset % DESCRIPTOR_WORDS === DESCRIPTOR.listed;
  }
  return word >= geometry.firstPage * PAGE_WORDS && word % SHEAF_WORDS === SHEAF.holder;
}

function over(given: Given, begin: (victim: HeapParts, other: HeapParts) => void) {
  const { memory } = given;
  return {
    lengthWords: memory.lengthWords,
    prepare: (words: Words) => given.prepare(words, begin),
    setup: (stage: Stage) => given.sceneOf(stage),
    nameOf: memory.nameOf,
    mayRace: (word: number) =>
      isLookedAtUnlocked(memory.geometry, word) || isLookedAtByTheReaper(memory.geometry, word),
    bounds: { kills: ['victim'], preemptions: 0 },
    // Each step of the reaper is one more place to switch at: minutes.
    nightly: { preemptions: 1 },
  };
}

/** Waits for the victim's end, and reaps it where it was killed. */
function reap({ stage, words, reaper }: Scene): void {
  if (stage.awaitEnd('victim')) return;
  words.store(slotStart(reaper.geometry, VICTIM) + SLOT.state, SLOT_STATE.zombie);
  reapSlot(reaper, VICTIM);
}

function alloc({ kmalloc }: HeapParts): number {
  return kmalloc.alloc(BYTES, GFP_NOWAIT);
}

/** Allocates an object and writes it. */
function keep({ other, words, held }: Scene): void {
  const object = alloc(other);
  if (object === 0) return;
  words.storePlain(object, other.ownerTag);
  held.push(object);
}

const slabs = new Given(0);

export const takesOverSlabs = model<Scene>({
  name: 'where a thread dies that takes objects off slabs and puts them back, others have the slabs soon, and nothing is lost',
  ...over(slabs, (_victim, other) => {
    // The victim has no sheaf yet: its first object comes off a slab.
    for (const n of [1, 2]) publishAt(other, slabs.place(n), () => alloc(other));
  }),
  threads: {
    victim({ victim }) {
      // Off a slab; and then into the sheaf, and out of it.
      for (const n of [0, 3]) publishAt(victim, slabs.place(n), () => alloc(victim));
      // The first goes into the sheaf, which is full then.
      for (const n of [1, 2])
        unpublishFrom(victim, slabs.place(n), (object) => victim.kmalloc.freeNolock(object));
    },
    reaper: reap,
    other: keep,
  },
  final: (scene) => slabs.assertWhole(scene),
});

const barn = new Given(1);

export const takesOverABarn = model<Scene>({
  name: 'where a thread dies that takes a sheaf of a barn, or puts one there, others have the barn soon, and nothing is lost',
  ...over(barn, (victim, other) => {
    for (const n of [0, 1, 2]) publishAt(victim, barn.place(n), () => alloc(victim));
    const objects = [alloc(other), alloc(other), alloc(other)];
    for (const object of objects) other.kmalloc.free(object);
  }),
  bounds: { kills: ['victim'], preemptions: 1 },
  threads: {
    victim({ victim }) {
      publishAt(victim, barn.place(3), () => alloc(victim));
      unpublishFrom(victim, barn.place(0), (object) => victim.kmalloc.free(object));
    },
    reaper: reap,
    other: keep,
  },
  final: (scene) => barn.assertWhole(scene),
});

const busy = new Given(0);

export const defersAndDies = model<Scene>({
  name: 'an object whose free was deferred by a thread that dies is freed once, also where others drain the list and use it anew',
  ...over(busy, (victim) => {
    for (const n of [0, 1, 2]) publishAt(victim, busy.place(n), () => alloc(victim));
    // A sheaf that is full: what is freed next has to go to its slab.
    unpublishFrom(victim, busy.place(2), (object) => victim.kmalloc.free(object));
    victim.words.store(busy.listLock, ownerTag(OTHER, 1));
  }),
  threads: {
    other(scene) {
      // Until now it was in the middle of using the slabs; then it takes what the victim has deferred.
      new RawSpinLock(scene.words, busy.listLock, scene.other.ownerTag, 50, 'slabs').release();
      keep(scene);
      keep(scene);
    },
    victim({ victim }) {
      unpublishFrom(victim, busy.place(0), (object) => victim.kmalloc.freeNolock(object));
      unpublishFrom(victim, busy.place(1), (object) => victim.kmalloc.freeNolock(object));
    },
    reaper: reap,
  },
  final: (scene) => busy.assertWhole(scene),
});
