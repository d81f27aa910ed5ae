/**
 * A thread that stops for good before any one of its accesses to shared words, in every slow path of slabs and sheaves.
 *
 * Oracle: what the thread published is in use, what it was freeing is free, and everything else that it had is free as
 * well; all books add up. The same where the thread that gives it back stops itself, and another goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOf } from '../../tests/support/cache-words.js';
import { DeathScene } from '../../tests/support/dead-slab.js';
import { diesIn } from '../../tests/support/stopping-words.js';
import { type HeapOptions, TINY } from '../heap/heap-options.js';
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart } from '../layout/heap-layout.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { GFP_KERNEL, GFP_NOLOCK } from '../pages/gfp.js';
import { makePointerPageSource } from './make-pointer-page-source.js';

const BYTES = 64;
const ID = classOf(BYTES);
const SIZES = { ...TINY, pages: 30, maxCaches: 70 } as const;
/** The reaper stops at one of its first accesses, another one for each access of the victim. */
const REAPER_ACCESSES = 2500;
const SEED = Number(process.env.LULL_SEED ?? 7);

interface Act {
  readonly name: string;
  readonly options?: HeapOptions;
  /** What is there before. */
  before?(scene: DeathScene): void;
  /** What the victim does. */
  act(scene: DeathScene): void;
  /** While others have these locks. */
  readonly busy?: readonly (readonly [id: number, lock: 'listLock' | 'barnLock'])[];
}

/** Numbers that look like chance and are the same each time. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    yield state >>> 8;
  }
}

function setLocks({ alpha }: DeathScene, { busy = [] }: Act, value: number): void {
  const { words, geometry } = alpha;
  for (const [id, lock] of busy) words.store(cacheStart(geometry, id) + CACHE[lock], value);
}

function sceneOf(act: Act): DeathScene {
  return new DeathScene({ ...SIZES, ...act.options }, (scene) => {
    act.before?.(scene);
    setLocks(scene, act, scene.alpha.ownerTag);
  });
}

/** Runs the act up to access `n`. Returns whether it stopped there. */
function stopVictim(scene: DeathScene, act: Act, n: number): boolean {
  scene.begin();
  scene.stopsVictim.left = n;
  const died = diesIn(() => act.act(scene));
  setLocks(scene, act, 0);
  scene.markDead(scene.victim);
  return died;
}

function deathTest(act: Act): void {
  test(`a thread that stops at any access, ${act.name}, leaves nothing that is lost`, () => {
    const scene = sceneOf(act);
    let died = true;
    let n = 0;
    for (; died; n++) {
      died = stopVictim(scene, act, n);
      scene.reap([scene.victim]);
      scene.assertWhole(`stopped before access ${n}`);
    }
    assert.ok(n > 10, `the act has ${n} accesses`);
  });

  test(`a reaper that stops at any access, after a thread ${act.name}, leaves it to the next`, () => {
    const chance = numbers(SEED);
    const scene = sceneOf(act);
    let died = true;
    let reaperStops = 0;
    for (let n = 0; died; n++) {
      died = stopVictim(scene, act, n);
      const at = chance.next().value % REAPER_ACCESSES;
      scene.stopsBeta.left = at;
      if (diesIn(() => scene.reap([scene.victim], scene.beta))) reaperStops++;
      scene.markDead(scene.beta);
      scene.reap([scene.victim, scene.beta]);
      scene.assertWhole(`seed ${SEED}: stopped before access ${n}, its reaper before access ${at}`);
    }
    assert.ok(reaperStops > 0, 'no reaper has stopped');
  });
}

function publishAll(scene: DeathScene, count: number, bytes = BYTES, gfp = GFP_KERNEL): void {
  for (let i = 0; i < count; i++) scene.publish(i, bytes, gfp);
}

function unpublishAll(scene: DeathScene, count: number): void {
  for (let i = 0; i < count; i++) scene.unpublish(i);
}

function unpublishNolock(scene: DeathScene, count: number): void {
  for (let i = 0; i < count; i++) scene.unpublish(i, (p) => scene.victim.kmalloc.freeNolock(p));
}

/** Fills the barn with what alpha frees. */
function fillBarn({ alpha }: DeathScene): void {
  const objects = Array.from({ length: 9 }, () => alpha.kmalloc.alloc(BYTES, GFP_KERNEL));
  for (const object of objects) alpha.kmalloc.free(object);
}

deathTest({ name: 'allocating from nothing', act: (scene) => publishAll(scene, 7) });
deathTest({
  name: 'allocating objects that fill a slab of several pages',
  options: { pages: 60, maxSlabObjects: 8 },
  act: (scene) => publishAll(scene, 4, 1792),
});
deathTest({
  name: 'allocating from the barn',
  before: fillBarn,
  act: (scene) => publishAll(scene, 9),
});
deathTest({ name: 'allocating without spinning', act: (scene) => publishAll(scene, 5, BYTES, GFP_NOLOCK) });
deathTest({
  name: 'allocating while the slabs are busy',
  busy: [[ID, 'listLock']],
  act: (scene) => publishAll(scene, 2, BYTES, GFP_NOLOCK),
});
deathTest({
  name: 'freeing to its sheaves, the barn and the slabs',
  before: (scene) => publishAll(scene, 13),
  act: (scene) => unpublishAll(scene, 13),
});
deathTest({
  name: 'freeing without a barn',
  options: { barnSheaves: 0 },
  before: (scene) => publishAll(scene, 9),
  act: (scene) => unpublishAll(scene, 9),
});
deathTest({
  name: 'freeing without spinning',
  before: (scene) => publishAll(scene, 13),
  act: (scene) => unpublishNolock(scene, 13),
});
deathTest({
  name: 'deferring what it frees',
  options: { barnSheaves: 0 },
  before: (scene) => publishAll(scene, 9),
  busy: [[ID, 'listLock']],
  act: (scene) => unpublishNolock(scene, 9),
});
deathTest({
  name: 'emptying the deferred list',
  options: { barnSheaves: 0 },
  before(scene) {
    publishAll(scene, 9);
    const lock = cacheStart(scene.alpha.geometry, ID) + CACHE.listLock;
    scene.words.store(lock, scene.alpha.ownerTag);
    for (let i = 0; i < 7; i++) {
      const object = scene.words.load(scene.places + i);
      scene.words.store(scene.places + i, 0);
      scene.alpha.caches.slabsOf(ID).defer(object);
    }
    scene.words.store(lock, 0);
  },
  act: (scene) => publishAll(scene, 6),
});
deathTest({
  name: 'giving back all that it keeps, and every unused slab',
  before(scene) {
    publishAll(scene, 13);
    unpublishAll(scene, 11);
  },
  act: (scene) => scene.victim.caches.shrink(),
});
deathTest({
  name: 'giving back all without spinning, while the slabs are busy',
  before(scene) {
    publishAll(scene, 9);
    unpublishAll(scene, 7);
  },
  busy: [
    [ID, 'listLock'],
    [SHEAF_CACHE, 'listLock'],
  ],
  act: (scene) => scene.victim.caches.flush(false),
});
/** Sheaves that the victim has in its hands, by scene: one object in each. */
const inHand = new WeakMap<DeathScene, number[]>();

deathTest({
  name: 'handing over sheaves of free objects',
  before(scene) {
    publishAll(scene, 8);
    unpublishAll(scene, 4);
    const { caches, kmalloc, words } = scene.victim;
    const sheaves: number[] = [];
    for (let i = 0; i < 3; i++) {
      const object = kmalloc.alloc(BYTES, GFP_KERNEL);
      const sheaf = caches.view(ID).takeEmptySheaf(GFP_KERNEL);
      words.storePlain(sheaf + SHEAF.objects, object);
      words.storePlain(sheaf + SHEAF.count, 1);
      sheaves.push(sheaf);
    }
    inHand.set(scene, sheaves);
  },
  act(scene) {
    const [first, second, third] = inHand.get(scene)!;
    const view = scene.victim.caches.view(ID);
    view.putFullSheaf(first!);
    scene.publish(20, BYTES);
    view.putFullSheaf(second!);
    scene.publish(21, BYTES);
    view.putFullSheaf(third!, false);
  },
});
deathTest({
  name: 'moving objects to its own sheaves',
  options: { sheafCapacity: 6 },
  before(scene) {
    const { caches, kmalloc, words } = scene.victim;
    scene.publish(0, BYTES);
    const objects = [1, 2].map(() => kmalloc.alloc(BYTES, GFP_KERNEL));
    const sheaf = caches.view(ID).takeEmptySheaf(GFP_KERNEL);
    for (const [i, object] of objects.entries()) words.storePlain(sheaf + SHEAF.objects + i, object);
    words.storePlain(sheaf + SHEAF.count, objects.length);
    inHand.set(scene, [sheaf]);
  },
  act(scene) {
    scene.victim.caches.view(ID).putFullSheaf(inHand.get(scene)![0]!);
  },
});
deathTest({
  name: 'cutting up a page of its own list for sheaves',
  options: { pointerPageSource: 'thread-list', maxSlabObjects: 4, pageListHigh: 8, pageListBatch: 4 },
  before({ victim: { pages } }) {
    const blocks = [1, 2, 3].map(() => pages.allocPages(0, GFP_KERNEL));
    for (const block of blocks) pages.freePages(block);
  },
  act(scene) {
    const { caches, membership, geometry, words, ownerTag, host } = scene.victim;
    const source = makePointerPageSource(words, geometry, membership.start, ownerTag, caches, host);
    const view = caches.view(ID);
    for (let i = 0; i < 6; i++) view.putEmptySheaf(source.takeSheaf(view));
    source.giveBack(false);
  },
});
deathTest({
  name: 'using a type-stable cache, and giving it back',
  before({ alpha: { caches } }) {
    caches.create(10, true);
  },
  act(scene) {
    const { victim } = scene;
    const id = victim.caches.used() - 1;
    const alloc = (): number => victim.kmalloc.allocFrom(id, GFP_KERNEL);
    for (let i = 0; i < 7; i++) scene.publishFrom(i, alloc);
    unpublishAll(scene, 6);
    victim.caches.shrink();
  },
});
