/**
 * A thread that stops somewhere in the slab's part of the allocator, and another that gives back what it left: with the
 * slab's own repairs in the order in which the reaper runs them, and no more of the reaper than they need.
 *
 *     const scene = new DeathScene(options, before);
 *     scene.begin();  scene.stopsVictim.left = 7;  scene.victim works;  scene.markDead(victim);  scene.reap([victim]);
 *     scene.assertWhole();  and again, from where the scene began
 */
import assert from 'node:assert/strict';
import { resetLocalLocks, wireEstate } from '../../src/heap/estate.js';
import type { HeapOptions } from '../../src/heap/heap-options.js';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { balance } from '../../src/inspect/balance.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { cacheStart, descriptorStart, slotStart, zoneStart } from '../../src/layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind } from '../../src/layout/page-descriptor.js';
import { INTENT, INTENT_FRAME_WORDS, INTENT_KIND, SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { forgetPageLists, returnPages } from '../../src/pages/dead-pages.js';
import { GFP_KERNEL, type Gfp } from '../../src/pages/gfp.js';
import { repairZone } from '../../src/pages/zone-repair.js';
import { mendWaiting } from '../../src/rcu/dead-slot.js';
import { repairBarn, repairSlabs } from '../../src/slab/cache-repair.js';
import {
  finishDeferring,
  finishSlabIntent,
  forgetSheaves,
  holdsObject,
  returnSheaves,
} from '../../src/slab/dead-sheaves.js';
import { Intents } from '../../src/threads/intents.js';
import { claimSlot, releaseSlot } from '../../src/threads/slot-release.js';
import { PAGE_SHIFT } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { snapshotOf } from './balanced.js';
import { joinStillHeap, makeStillHeap } from './still-heap.js';
import { type StopCounter, stopAt } from './stopping-words.js';

/** Looks at a lock that nobody alive lets go of. */
const ROUNDS = 20;
/** Where addresses are published. */
const PLACES = 60;

export class DeathScene {
  /** Lives through it all. */
  readonly alpha: HeapParts;
  readonly victim: HeapParts;
  /** A thread that may stop while it reaps. */
  readonly beta: HeapParts;
  /** A block whose words lead to objects, where publish() says so. */
  readonly places: number;
  /** What is in use besides, and stays so. */
  readonly held: number[] = [];
  readonly stopsVictim: StopCounter;
  readonly stopsBeta: StopCounter;
  private readonly _beginning: Int32Array;

  /** @param before what there is before the first access that somebody stops at */
  constructor(options: HeapOptions, before: (scene: DeathScene) => void = () => {}) {
    this.alpha = makeStillHeap({ ...options, spinRounds: ROUNDS });
    this.victim = joinStillHeap(this.alpha.handle, 'victim');
    this.beta = joinStillHeap(this.alpha.handle, 'beta');
    this.places = this.alpha.pages.allocPages(0, GFP_KERNEL);
    this.alpha.words.fillPlain(this.places, this.places + PLACES, 0);
    this.held.push(this.places);
    this.stopsVictim = stopAt(this.victim.words, Number.POSITIVE_INFINITY);
    this.stopsBeta = stopAt(this.beta.words, Number.POSITIVE_INFINITY);
    before(this);
    this._beginning = snapshotOf(this.words);
  }

  /** Everything is as it was before: what threads have in JavaScript variables leads nowhere by itself. */
  begin(): void {
    this.stopsVictim.left = Number.POSITIVE_INFINITY;
    this.stopsBeta.left = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this._beginning.length; i++) this.words.storePlain(i, this._beginning[i]!);
  }

  get words(): Words {
    return this.alpha.words;
  }

  /** Allocates as one operation with storing the address at place `n`: both, or neither. */
  publish(n: number, bytes: number, gfp: Gfp = GFP_KERNEL): void {
    this.publishFrom(n, () => this.victim.kmalloc.alloc(bytes, gfp));
  }

  publishFrom(n: number, alloc: () => number): void {
    publishAt(this.victim, this.places + n, alloc);
  }

  /** Frees what place `n` leads to as one operation with emptying the place. */
  unpublish(n: number, free = (object: number): void => this.victim.kmalloc.free(object)): void {
    unpublishFrom(this.victim, this.places + n, free);
  }

  /** The thread runs no more, also where it had come to its end. */
  markDead({ membership }: HeapParts): void {
    if (membership === this.victim.membership) this.stopsVictim.left = 0;
    if (membership === this.beta.membership) this.stopsBeta.left = 0;
    this.words.store(membership.start + SLOT.state, SLOT_STATE.zombie);
  }

  /** Gives back what is left of the dead threads, as thread `by`. */
  reap(dead: readonly HeapParts[], by = this.alpha): void {
    for (const { membership } of dead) reapSlot(by, membership.slot);
  }

  /** Asserts that the books add up, and that nothing is in use but what places lead to, and what is held. */
  assertWhole(what: string): void {
    const held = [...this.held];
    for (let n = 0; n < PLACES; n++) {
      const object = this.words.load(this.places + n);
      if (object !== 0) held.push(object);
    }
    assert.equal(new Set(held).size, held.length, `${what}: an object is in two places`);
    const report = balance(this.words, { held });
    assert.deepEqual(report.problems, [], `${what}: the books do not add up`);
    assert.deepEqual(report.unreachable, [], `${what}: in use, and nobody's`);
  }
}

/** Allocates as one operation with storing the address in word `place`: both, or neither. */
export function publishAt({ words, membership }: HeapParts, place: number, alloc: () => number): void {
  const intents = new Intents(words, membership.start);
  const frame = intents.open(INTENT_KIND.publish, place);
  const object = alloc();
  intents.take(frame, object);
  // Publishes nothing else: who looks at it has waited for this thread's end.
  words.store(place, object);
  intents.close(frame);
}

/** Frees what word `place` leads to as one operation with emptying the word. */
export function unpublishFrom(
  { words, membership }: HeapParts,
  place: number,
  free: (object: number) => void,
): void {
  // As above.
  const object = words.load(place);
  if (object === 0) return;
  const intents = new Intents(words, membership.start);
  const frame = intents.open(INTENT_KIND.free, place, object);
  // As above.
  words.store(place, 0);
  free(object);
  intents.close(frame);
}

/** Takes over what locks of zones, slabs and barns the dead have, and repairs it. */
function takeLocks({ words, geometry, ownerTag: tag, zones, caches }: HeapParts): void {
  const take = (word: number, repair: () => void): void => {
    const lock = new RawSpinLock(words, word, tag, ROUNDS, 'a lock of the dead');
    if (!lock.takeFromDead(geometry)) return;
    repair();
    lock.release();
  };
  for (let zone = 0; zone < zones.length; zone++) {
    take(zoneStart(geometry, zone) + ZONE.lock, () => repairZone(words, geometry, zone));
  }
  for (let id = 0; id < caches.used(); id++) {
    const record = cacheStart(geometry, id);
    take(record + CACHE.barnLock, () => repairBarn(words, geometry, id));
    take(record + CACHE.listLock, () => repairSlabs(words, geometry, id));
  }
}

/** Gives back what the dead thread of the slot had, as thread `by`. */
export function reapSlot(by: HeapParts, slot: number): void {
  const { words, geometry, ownerTag: tag, orphans } = by;
  const start = slotStart(geometry, slot);
  if (!claimSlot(words, geometry, slot, tag)) return;
  takeLocks(by);
  const estate = wireEstate(by, slot);
  forgetSheaves(words, geometry, start);
  resetLocalLocks(words, start);
  forgetPageLists(words, geometry, slot);
  mendWaiting(words, geometry, slot);
  finishDeferring(estate);
  finishIntents(estate);
  words.store(start + SLOT.state, SLOT_STATE.dead);
  returnSheaves(estate);
  assert.notEqual(orphans.takeEstate(start), undefined);
  returnPages(words, geometry, slot, estate.zones);
  releaseSlot(words, start, tag);
}

type Estate = ReturnType<typeof wireEstate>;

/** The intents that publish(), unpublish() and the slabs open. */
function finishIntents(estate: Estate): void {
  const { words, start, intents } = estate;
  for (let depth = words.loadPlain(start + SLOT.intentDepth); depth > 0; depth--) {
    const frame = start + SLOT.intents + (depth - 1) * INTENT_FRAME_WORDS;
    const kind = words.loadPlain(frame + INTENT.kind);
    if (kind === INTENT_KIND.slab) finishSlabIntent(estate, frame);
    else if (kind !== INTENT_KIND.nothing) finishPublished(estate, frame, kind);
    intents.close(frame);
  }
}

function finishPublished(estate: Estate, frame: number, kind: number): void {
  const { words, start, intents, kmalloc } = estate;
  const place = words.loadPlain(frame + INTENT.place);
  if (kind === INTENT_KIND.publish && words.loadPlain(frame + INTENT.a) === 0) {
    const inHand = words.loadPlain(start + SLOT.inHand);
    if (inHand !== 0 && isInUse(estate, inHand)) intents.take(frame, inHand);
  }
  const object = words.loadPlain(frame + INTENT.a);
  if (object === 0) return;
  if (words.load(place) === object) {
    if (kind === INTENT_KIND.publish) return;
    words.store(place, 0);
  }
  intents.become(frame, INTENT_KIND.free);
  if (isInUse(estate, object)) kmalloc.free(object);
}

function isInUse(estate: Estate, p: number): boolean {
  const { words, geometry } = estate;
  const state = words.loadPlain(descriptorStart(geometry, p >>> PAGE_SHIFT) + DESCRIPTOR.state);
  if (pageKind(state) === PAGE_KIND.slab) return !holdsObject(estate, p);
  return pageKind(state) === PAGE_KIND.allocated;
}
