/**
 * Wires one thread's view of a heap: which object holds which, and in what order they come into being.
 *
 *     createParts -> attachParts -> joinEmptyHanded (words) -> wireParts (objects)
 *
 * I1  wireParts touches no word: constructors store their arguments. So a membership that lasts can be wired
 *     again and again, over whatever stands in for its words.
 */
import { type Geometry, HEADER, readGeometry } from '../layout/heap-header.js';
import { zoneStart } from '../layout/heap-layout.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LockMaker } from '../locks/lock-maker.js';
import {
  GRACE_PERIOD_LOCK,
  ORPHAN_LOCK,
  REGISTRY_LOCK,
  THREAD_PAGES_LOCK,
  ZONE_LOCK,
} from '../locks/lull-classes.js';
import { ownerTag } from '../locks/owner.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { IdlePageLists } from '../pages/idle-page-lists.js';
import { NO_PAGE_FAULT, type PageAllocator } from '../pages/page-allocator.js';
import { ThreadPageLists } from '../pages/thread-page-lists.js';
import { Zone } from '../pages/zone.js';
import { CallbackList } from '../rcu/callback-list.js';
import { GracePeriod } from '../rcu/grace-period.js';
import { Rcu } from '../rcu/rcu.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import { KfreeRcuDriver } from '../slab/kfree-rcu-driver.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import { Orphans } from '../slab/orphans.js';
import { SlabCaches } from '../slab/slab-caches.js';
import { joinHeap, type Membership } from '../threads/thread-registry.js';
import type { Turn } from '../threads/turn.js';
import { engineHost, type Host } from '../words/host.js';
import { NativeWords, reserveBuffer, StrictNativeWords } from '../words/native-words.js';
import { PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import { type Fittings, PLAIN } from './fittings.js';
import { formatHeap, planFrom } from './format-heap.js';
import { type HeapHandle, makeHandle, requireHandle } from './heap-handle.js';
import type { HeapOptions, Surroundings } from './heap-options.js';
import { Registry } from './registry.js';
import {
  makeValidation,
  requireValidation,
  resolveValidate,
  type ValidateOptions,
  validatingFittings,
} from './validation.js';

/** Everything that one thread's Heap works with. */
export interface HeapParts {
  readonly handle: HeapHandle;
  readonly host: Host;
  readonly words: Words;
  readonly geometry: Geometry;
  readonly membership: Membership;
  readonly ownerTag: number;
  readonly locks: LockMaker;
  readonly fittings: Fittings;
  readonly turn: Turn;
  readonly pages: PageAllocator;
  readonly idlePages: IdlePageLists;
  readonly caches: SlabCaches;
  readonly kmalloc: Kmalloc;
  readonly kfreeRcu: KfreeRcu;
  readonly driver: KfreeRcuDriver;
  readonly rcu: Rcu;
  readonly registryLock: RawSpinLock;
  readonly registry: Registry;
}

/** Makes a heap in a buffer of its own and joins it. */
export function createParts(options: HeapOptions, surroundings: Surroundings): HeapParts {
  const geometry = planFrom(options, surroundings.host ?? engineHost);
  const buffer = reserveBuffer(geometry.totalPages * PAGE_BYTES);
  formatHeap(new NativeWords(buffer), geometry);
  const validate = resolveValidate(options.validate, surroundings.host ?? engineHost);
  const validation = validate === undefined ? undefined : makeValidation(validate);
  const handle = makeHandle(buffer, options.strict ?? false, validation);
  return attachParts(handle, options.name ?? 'main', surroundings, validate);
}

/** Joins a heap. Throws AttachError or NoFreeSlotError; then nothing has changed. */
export function attachParts(
  handle: HeapHandle,
  name: string,
  surroundings: Surroundings,
  validate: ValidateOptions = {},
): HeapParts {
  requireHandle(handle);
  requireValidation(handle.validation);
  if (typeof name !== 'string') {
    throw new TypeError(`attached to a heap as ${String(name)}; a thread's name is a string`);
  }
  const host = surroundings.host ?? engineHost;
  const words = handle.strict ? new StrictNativeWords(handle.buffer) : new NativeWords(handle.buffer);
  const geometry = readGeometry(words);
  // Who may neither wait nor spin must be able to enter a turn at once.
  const isolated = host.waitRight === 'may-neither';
  const membership = joinEmptyHanded(words, geometry, name, isolated, host.threadId);
  const fittings = fittingsFor(handle, validate, host, geometry, membership, name);
  return wireParts(handle, host, words, geometry, membership, surroundings, fittings);
}

function fittingsFor(
  { validation }: HeapHandle,
  validate: ValidateOptions,
  host: Host,
  { spinRounds }: Geometry,
  { slot, generation }: Membership,
  name: string,
): Fittings {
  if (validation === undefined) return PLAIN;
  const tag = ownerTag(slot, generation);
  return validatingFittings(validation, validate, { host, name, slot, tag, spinRounds });
}

/** Takes a slot that keeps nothing yet; `isolated` and `threadId` as for joinHeap(). Throws NoFreeSlotError; then nothing has changed. */
export function joinEmptyHanded(
  words: Words,
  geometry: Geometry,
  name: string,
  isolated = false,
  threadId = 0,
): Membership {
  const membership = joinHeap(words, geometry, name, isolated, threadId);
  installBootstrapSheaves(words, geometry, membership.start);
  return membership;
}

/** Makes the objects of a thread that has joined. */
export function wireParts(
  handle: HeapHandle,
  host: Host,
  words: Words,
  geometry: Geometry,
  membership: Membership,
  surroundings: Surroundings,
  fittings: Fittings = PLAIN,
): HeapParts {
  const slot = membership.start;
  const tag = ownerTag(membership.slot, membership.generation);
  const locks = new LockMaker(words, tag, geometry.spinRounds, fittings.observer);
  const driver = new KfreeRcuDriver(host, geometry.drainMillis, geometry.pollMillis);
  const turn = fittings.turn(
    words,
    slot + SLOT.turn,
    membership.turn,
    host,
    geometry.turnOperations,
    driver.betweenTurns,
    geometry.spinRounds,
  );
  const zones = wireZones(words, geometry, locks);
  const pages = wirePages(words, geometry, membership, zones, locks, fittings, surroundings);
  const idlePages = new IdlePageLists(words, geometry, membership.slot, tag, zones);
  const caches = new SlabCaches(words, geometry, slot, locks, pages);
  const kmalloc = fittings.kmalloc(words, geometry, slot, caches, pages);
  const gracePeriodLock = locks.rawSpinLock(HEADER.gracePeriodLock, GRACE_PERIOD_LOCK, 'grace period');
  const gracePeriod = new GracePeriod(words, geometry, gracePeriodLock);
  const kfreeRcu = fittings.kfreeRcu({
    words,
    geometry,
    slot,
    kmalloc,
    caches,
    gracePeriod,
    callbacks: new CallbackList(words, slot + SLOT.callbacks),
    orphans: new Orphans(words, locks.rawSpinLock(HEADER.orphanLock, ORPHAN_LOCK, 'orphans')),
    onPosted: driver.onPosted,
  });
  driver.connect(kfreeRcu, turn);
  const registryLock = locks.rawSpinLock(HEADER.registryLock, REGISTRY_LOCK, 'registry');
  const rcu = new Rcu(words, host, gracePeriod, geometry.pollMillis);
  const registry = new Registry(words, registryLock);
  return {
    ...{ handle, host, words, geometry, membership, ownerTag: tag, turn, locks, fittings },
    ...{ pages, idlePages, caches, kmalloc, kfreeRcu, driver, rcu, registryLock, registry },
  };
}

function wireZones(words: Words, geometry: Geometry, locks: LockMaker): Zone[] {
  const zones: Zone[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) {
    const word = zoneStart(geometry, zone) + ZONE.lock;
    const zoneLock = locks.rawSpinLock(word, ZONE_LOCK, `zone ${zone}`);
    zones.push(new Zone(words, geometry, zone, zoneLock));
  }
  return zones;
}

function wirePages(
  words: Words,
  geometry: Geometry,
  membership: Membership,
  zones: readonly Zone[],
  locks: LockMaker,
  fittings: Fittings,
  surroundings: Surroundings,
): PageAllocator {
  const home = membership.slot % geometry.zones;
  const { slot, start } = membership;
  const lock = locks.localTrylock(start + SLOT.pagesAcquired, THREAD_PAGES_LOCK);
  const lists = new ThreadPageLists(words, geometry, slot, start, lock);
  const fault = surroundings.pageFault ?? NO_PAGE_FAULT;
  return fittings.pages(words, geometry, membership.start, zones, home, lists, fault);
}

/** A fresh slot caches nothing: every sheaf is the bootstrap sheaf, through which push and pop fall. */
function installBootstrapSheaves(words: Words, geometry: Geometry, slot: number): void {
  for (let id = 0; id < geometry.maxCaches; id++) {
    const place = slot + SLOT.caches + id * CACHE_SLOT_WORDS;
    words.storePlain(place + CACHE_SLOT.main, HEADER.bootstrapSheaf);
    words.storePlain(place + CACHE_SLOT.spare, 0);
    words.storePlain(place + CACHE_SLOT.rcu, HEADER.bootstrapSheaf);
  }
}
