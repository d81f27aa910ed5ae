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
import { ownerTag, RawSpinLock } from '../locks/raw-spin-lock.js';
import { IdlePageLists } from '../pages/idle-page-lists.js';
import { NO_PAGE_FAULT, PageAllocator } from '../pages/page-allocator.js';
import { ThreadPageLists } from '../pages/thread-page-lists.js';
import { Zone } from '../pages/zone.js';
import { CallbackList } from '../rcu/callback-list.js';
import { GracePeriod } from '../rcu/grace-period.js';
import { Rcu } from '../rcu/rcu.js';
import { KfreeRcu } from '../slab/kfree-rcu.js';
import { KfreeRcuDriver } from '../slab/kfree-rcu-driver.js';
import { Kmalloc } from '../slab/kmalloc.js';
import { Orphans } from '../slab/orphans.js';
import { SlabCaches } from '../slab/slab-caches.js';
import { joinHeap, type Membership } from '../threads/thread-registry.js';
import { Turn } from '../threads/turn.js';
import { engineHost, type Host } from '../words/host.js';
import { NativeWords, reserveBuffer, StrictNativeWords } from '../words/native-words.js';
import { PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import { formatHeap, planFrom } from './format-heap.js';
import { type HeapHandle, makeHandle, requireHandle } from './heap-handle.js';
import type { HeapOptions, Surroundings } from './heap-options.js';
import { Registry } from './registry.js';

/** Everything that one thread's Heap works with. */
export interface HeapParts {
  readonly handle: HeapHandle;
  readonly host: Host;
  readonly words: Words;
  readonly geometry: Geometry;
  readonly membership: Membership;
  readonly ownerTag: number;
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
  const handle = makeHandle(buffer, options.strict ?? false);
  return attachParts(handle, options.name ?? 'main', surroundings);
}

/** Joins a heap. Throws AttachError or NoFreeSlotError; then nothing has changed. */
export function attachParts(handle: HeapHandle, name: string, surroundings: Surroundings): HeapParts {
  requireHandle(handle);
  if (typeof name !== 'string') {
    throw new TypeError(`attached to a heap as ${String(name)}; a thread's name is a string`);
  }
  const host = surroundings.host ?? engineHost;
  const words = handle.strict ? new StrictNativeWords(handle.buffer) : new NativeWords(handle.buffer);
  const geometry = readGeometry(words);
  // Who may neither wait nor spin must be able to enter a turn at once.
  const isolated = host.waitRight === 'may-neither';
  const membership = joinEmptyHanded(words, geometry, name, isolated);
  return wireParts(handle, host, words, geometry, membership, surroundings);
}

/** Takes a slot that keeps nothing yet, `isolated` as for joinHeap(). Throws NoFreeSlotError; then nothing has changed. */
export function joinEmptyHanded(
  words: Words,
  geometry: Geometry,
  name: string,
  isolated = false,
): Membership {
  const membership = joinHeap(words, geometry, name, isolated);
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
): HeapParts {
  const slot = membership.start;
  const tag = ownerTag(membership.slot, membership.generation);
  const lock = (word: number, name: string) => new RawSpinLock(words, word, tag, geometry.spinRounds, name);
  const driver = new KfreeRcuDriver(host, geometry.drainMillis, geometry.pollMillis);
  const turn = new Turn(
    words,
    slot + SLOT.turn,
    membership.turn,
    host,
    geometry.turnOperations,
    driver.betweenTurns,
    geometry.spinRounds,
  );
  const zones = wireZones(words, geometry, lock);
  const pages = wirePages(words, geometry, membership, zones, surroundings);
  const idlePages = new IdlePageLists(words, geometry, membership.slot, tag, zones);
  const caches = new SlabCaches(words, geometry, slot, tag, pages);
  const kmalloc = new Kmalloc(words, geometry, slot, caches, pages);
  const gracePeriod = new GracePeriod(words, geometry, lock(HEADER.gracePeriodLock, 'grace period'));
  const kfreeRcu = new KfreeRcu({
    words,
    geometry,
    slot,
    kmalloc,
    caches,
    gracePeriod,
    callbacks: new CallbackList(words, slot + SLOT.callbacks),
    orphans: new Orphans(words, lock(HEADER.orphanLock, 'orphans')),
    onPosted: driver.onPosted,
  });
  driver.connect(kfreeRcu, turn);
  const registryLock = lock(HEADER.registryLock, 'registry');
  const rcu = new Rcu(words, host, gracePeriod, geometry.pollMillis);
  const registry = new Registry(words, registryLock);
  return {
    ...{ handle, host, words, geometry, membership, ownerTag: tag, turn },
    ...{ pages, idlePages, caches, kmalloc, kfreeRcu, driver, rcu, registryLock, registry },
  };
}

function wireZones(
  words: Words,
  geometry: Geometry,
  lock: (word: number, name: string) => RawSpinLock,
): Zone[] {
  const zones: Zone[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) {
    const zoneLock = lock(zoneStart(geometry, zone) + ZONE.lock, `zone ${zone}`);
    zones.push(new Zone(words, geometry, zone, zoneLock));
  }
  return zones;
}

function wirePages(
  words: Words,
  geometry: Geometry,
  membership: Membership,
  zones: readonly Zone[],
  surroundings: Surroundings,
): PageAllocator {
  const home = membership.slot % geometry.zones;
  const lists = new ThreadPageLists(words, geometry, membership.slot, membership.start);
  const fault = surroundings.pageFault ?? NO_PAGE_FAULT;
  return new PageAllocator(words, geometry, membership.start, zones, home, lists, fault);
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
