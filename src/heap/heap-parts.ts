/**
 * Wires one thread's view of a heap: which object holds which, and in what order they come into being.
 *
 *     thread:  context, rights, locks, turn     pages:  zones, lists, groups' charges
 *     slab:    caches, kmalloc, shrinkers       rcu:    grace periods, kfreeRcu and what drives it
 *
 * I1  wireParts touches no word: constructors store their arguments. So a membership that lasts can be wired
 *     again and again, over whatever stands in for its words.
 */
import { GroupCharges } from '../groups/group-charges.js';
import { GroupStock } from '../groups/group-stock.js';
import { IdleStocks } from '../groups/idle-stocks.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { zoneStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LocalTrylock } from '../locks/local-trylock.js';
import { LockMaker } from '../locks/lock-maker.js';
import {
  GRACE_PERIOD_LOCK,
  ORPHAN_LOCK,
  REGISTRY_LOCK,
  THREAD_PAGES_LOCK,
  ZONE_LOCK,
} from '../locks/lull-classes.js';
import { ownerTag } from '../locks/owner.js';
import { rawObserver } from '../locks/raw-observer.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { IdlePageLists } from '../pages/idle-page-lists.js';
import { NO_PAGE_FAULT, type PageAllocator } from '../pages/page-allocator.js';
import { Rights } from '../pages/rights.js';
import { ShrinkerList } from '../pages/shrinker.js';
import { ThreadPageLists } from '../pages/thread-page-lists.js';
import { Zone } from '../pages/zone.js';
import { Barrier } from '../rcu/barrier.js';
import type { CallbackFunctions } from '../rcu/callback-functions.js';
import { CallbackList } from '../rcu/callback-list.js';
import { Callbacks, floodMark } from '../rcu/callbacks.js';
import type { GracePeriod } from '../rcu/grace-period.js';
import { OrphanWatch } from '../rcu/orphan-watch.js';
import { Orphans } from '../rcu/orphans.js';
import { Rcu } from '../rcu/rcu.js';
import { RcuDriver } from '../rcu/rcu-driver.js';
import { RcuEvents } from '../rcu/rcu-events.js';
import { StallWatch } from '../rcu/stall.js';
import { Throttle } from '../rcu/throttle.js';
import { AccountedObjects } from '../slab/accounted-objects.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import { KfreeRcuShrinker } from '../slab/kfree-rcu-shrinker.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import { hasRawLocks, makePointerPageSource } from '../slab/make-pointer-page-source.js';
import { SlabCaches } from '../slab/slab-caches.js';
import { SlabShrinker } from '../slab/slab-shrinker.js';
import { ThreadContext } from '../threads/context.js';
import type { Membership } from '../threads/thread-registry.js';
import type { Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import { DeadThreads } from './dead-threads.js';
import { type Fittings, PLAIN } from './fittings.js';
import { GroupShrinkers } from './group-shrinkers.js';
import type { HeapHandle } from './heap-handle.js';
import type { Surroundings } from './heap-options.js';
import { PageListDecay } from './page-list-decay.js';
import { Registry } from './registry.js';

/** Everything that one thread's Heap works with. */
export interface HeapParts {
  readonly handle: HeapHandle;
  readonly host: Host;
  readonly words: Words;
  readonly geometry: Geometry;
  readonly membership: Membership;
  readonly ownerTag: number;
  readonly context: ThreadContext;
  readonly rights: Rights;
  readonly locks: LockMaker;
  readonly fittings: Fittings;
  readonly turn: Turn;
  readonly pages: PageAllocator;
  readonly idlePages: IdlePageLists;
  readonly decay: PageListDecay;
  readonly caches: SlabCaches;
  readonly shrinkers: ShrinkerList;
  readonly charges: GroupCharges;
  readonly groupShrinkers: GroupShrinkers;
  readonly kmalloc: Kmalloc;
  readonly kfreeRcu: KfreeRcu;
  readonly driver: RcuDriver;
  readonly gracePeriod: GracePeriod;
  readonly callbacks: Callbacks;
  readonly callbackFunctions: CallbackFunctions;
  /** At SLOT.callbacks. */
  readonly callbackList: CallbackList;
  readonly orphans: Orphans;
  readonly orphanWatch: OrphanWatch;
  readonly deadThreads: DeadThreads;
  readonly barrier: Barrier;
  readonly rcuEvents: RcuEvents;
  readonly rcu: Rcu;
  readonly registryLock: RawSpinLock;
  readonly registry: Registry;
}

/** What every part of a thread's heap is made of. */
type Base = Pick<
  HeapParts,
  | 'handle'
  | 'host'
  | 'words'
  | 'geometry'
  | 'membership'
  | 'ownerTag'
  | 'context'
  | 'rights'
  | 'locks'
  | 'fittings'
>;

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
  const tag = ownerTag(membership.slot, membership.generation);
  const { lockMaker = (...given) => new LockMaker(...given) } = surroundings;
  const observer = hasRawLocks(geometry) ? rawObserver(fittings.observer) : fittings.observer;
  const locks = lockMaker(words, tag, geometry.spinRounds, observer);
  const context = new ThreadContext(host);
  const rights = new Rights(context);
  const base = { handle, host, words, geometry, membership, ownerTag: tag, context, rights, locks, fittings };
  const thread = wireThread(base);
  const pages = wirePages(base, surroundings);
  const slab = wireSlab(base, pages);
  const rcu = wireRcu(base, thread, pages, slab);
  const { kfreeRcu: frees, callbacks, gracePeriod, stall } = rcu;
  slab.shrinkers.register(new KfreeRcuShrinker(frees, gracePeriod));
  const throttle = new Throttle(words, geometry, membership.start, host, context);
  slab.caches.connect(frees);
  thread.driver.connect({ frees, callbacks, gracePeriod, throttle, turn: thread.turn, stall });
  thread.decay.connect(pages.pages, thread.turn);
  const registryLock = locks.rawSpinLock(HEADER.registryLock, REGISTRY_LOCK, 'registry');
  const registry = new Registry(words, registryLock);
  const { orphans, rcuEvents } = rcu;
  const deadThreads = new DeadThreads({ words, geometry, host, orphans, rcuEvents });
  const barrier = new Barrier({
    words,
    geometry,
    host,
    context,
    driver: thread.driver,
    callbacks,
    deadThreads,
    stall,
  });
  const orphanWatch = new OrphanWatch(words, host, orphans, thread.driver);
  const ends = { deadThreads, barrier, orphanWatch };
  return { ...base, ...thread, ...pages, ...slab, ...rcu, ...ends, registryLock, registry };
}

function wireThread({ host, words, geometry, membership, fittings }: Base) {
  const { start } = membership;
  const driver = new RcuDriver(words, start, host, geometry.drainMillis, geometry.pollMillis);
  const decay = new PageListDecay(host, words, start);
  const turn = fittings.turn(
    words,
    start + SLOT.turn,
    membership.turn,
    host,
    geometry.turnOperations,
    decay.after(driver.betweenTurns),
    geometry.spinRounds,
  );
  return { driver, decay, turn };
}

function wirePages(base: Base, surroundings: Surroundings) {
  const { words, geometry, membership, ownerTag: tag, rights, locks, fittings } = base;
  const { slot, start } = membership;
  const charges = wireCharges(base);
  const zones = wireZones(base);
  const lock = locks.localTrylock(start + SLOT.pagesAcquired, THREAD_PAGES_LOCK);
  const lists = new ThreadPageLists(words, geometry, slot, start, lock);
  const home = slot % geometry.zones;
  const fault = surroundings.pageFault ?? NO_PAGE_FAULT;
  const pages = fittings.pages(words, geometry, start, zones, home, lists, fault, rights, charges);
  const idlePages = new IdlePageLists(words, geometry, slot, tag, zones);
  return { pages, idlePages, charges, groupShrinkers: new GroupShrinkers(words, start) };
}

function wireCharges({ words, geometry, membership, ownerTag: tag }: Base): GroupCharges {
  const { slot, start } = membership;
  const stock = new GroupStock(words, start, new LocalTrylock(words, start + SLOT.stockAcquired));
  return new GroupCharges(words, stock, new IdleStocks(words, geometry, slot, tag));
}

function wireZones({ words, geometry, membership, locks }: Base): Zone[] {
  const zones: Zone[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) {
    const word = zoneStart(geometry, zone) + ZONE.lock;
    const zoneLock = locks.rawSpinLock(word, ZONE_LOCK, `zone ${zone}`);
    zones.push(new Zone(words, geometry, zone, zoneLock, membership.start));
  }
  return zones;
}

function wireSlab(base: Base, { pages, charges }: ReturnType<typeof wirePages>) {
  const { words, geometry, membership, rights, locks, fittings } = base;
  const { start } = membership;
  const caches = new SlabCaches(words, geometry, start, locks, pages);
  const shrinkers = new ShrinkerList(words, start);
  shrinkers.register(new SlabShrinker(words, geometry, start, caches));
  const accounted = new AccountedObjects(words, geometry, start, caches, charges, rights);
  const kmalloc = fittings.kmalloc(words, geometry, start, caches, pages, rights, accounted);
  return { caches, shrinkers, kmalloc };
}

function wireRcu(
  { host, words, geometry, membership, ownerTag: tag, context, rights, locks, fittings }: Base,
  { driver: { onPosted }, turn }: ReturnType<typeof wireThread>,
  { pages }: ReturnType<typeof wirePages>,
  { caches, kmalloc }: ReturnType<typeof wireSlab>,
) {
  const { start: slot } = membership;
  const gracePeriodLock = locks.rawSpinLock(HEADER.gracePeriodLock, GRACE_PERIOD_LOCK, 'grace period');
  const gracePeriod = fittings.gracePeriod(words, geometry, gracePeriodLock);
  const rcuEvents = new RcuEvents();
  const turnStack = (of: number) => fittings.turnStack(words.loadPlain(of + SLOT.turnStack));
  const stall = new StallWatch({ words, geometry, host, gracePeriod, events: rcuEvents, turnStack });
  const rcu = new Rcu(words, host, gracePeriod, geometry.pollMillis, stall);
  const callbackFunctions = fittings.callbackFunctions();
  const callbackList = new CallbackList(words, slot + SLOT.callbacks);
  const callbacks = new Callbacks({
    words,
    slot,
    host,
    context,
    turn,
    gracePeriod,
    list: callbackList,
    functions: callbackFunctions,
    places: fittings.headPlaces(words, geometry, kmalloc),
    events: rcuEvents,
    onPosted,
    qhimark: floodMark(geometry.totalPages),
  });
  const heads = new CallbackList(words, slot + SLOT.heads);
  const orphanLock = locks.rawSpinLock(HEADER.orphanLock, ORPHAN_LOCK, 'orphans');
  const own = { list: callbackList, functions: callbackFunctions, inHand: slot + SLOT.rcuInHand };
  const orphans = new Orphans(words, geometry, orphanLock, own);
  const lock = new LocalTrylock(words, slot + SLOT.rcuAcquired);
  const source = makePointerPageSource(words, geometry, slot, tag, caches, pages, host);
  const waiting = { gracePeriod, heads, orphans, lock, source, onPosted };
  const kfreeRcu = fittings.kfreeRcu({ words, geometry, slot, kmalloc, caches, rights, ...waiting });
  return {
    rcu,
    stall,
    gracePeriod,
    callbacks,
    callbackList,
    callbackFunctions,
    orphans,
    rcuEvents,
    kfreeRcu,
  };
}
