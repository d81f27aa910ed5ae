/**
 * Wires one thread's view of a heap: which object holds which, and in what order they come into being.
 *
 *     thread:  context, rights, locks, turn     pages:  zones, lists, groups' charges
 *     slab:    caches, kmalloc, shrinkers       rcu:    grace periods, kfreeRcu and what drives it
 *
 * I1  wireParts touches no word: constructors store their arguments. So a membership that lasts can be wired
 *     again and again, over whatever stands in for its words.
 */
import type { GroupCharges } from '../groups/group-charges.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { SLOT } from '../layout/thread-slot.js';
import { LocalTrylock } from '../locks/local-trylock.js';
import { LockMaker } from '../locks/lock-maker.js';
import { GRACE_PERIOD_LOCK, ORPHAN_LOCK, REGISTRY_LOCK } from '../locks/lull-classes.js';
import { ownerTag } from '../locks/owner.js';
import { rawObserver } from '../locks/raw-observer.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { IdlePageLists } from '../pages/idle-page-lists.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import { Rights } from '../pages/rights.js';
import type { ShrinkerList } from '../pages/shrinker.js';
import type { Zone } from '../pages/zone.js';
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
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import { KfreeRcuShrinker } from '../slab/kfree-rcu-shrinker.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import { hasRawLocks, makePointerPageSource } from '../slab/make-pointer-page-source.js';
import type { SlabCaches } from '../slab/slab-caches.js';
import { ThreadContext } from '../threads/context.js';
import type { Membership } from '../threads/thread-registry.js';
import type { Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import { DeadThreads } from './dead-threads.js';
import { type Fittings, PLAIN } from './fittings.js';
import type { GroupShrinkers } from './group-shrinkers.js';
import type { HeapHandle } from './heap-handle.js';
import type { Surroundings } from './heap-options.js';
import { type ThreadParts, wirePages, wireSlab } from './memory-parts.js';
import { PageListDecay } from './page-list-decay.js';
import { ALL_STEPS, type ReaperStep } from './reaper-steps.js';
import { Registry } from './registry.js';

/** Everything that one thread's Heap works with. */
export interface HeapParts extends ThreadParts {
  readonly turn: Turn;
  /** All zones, by number. */
  readonly zones: readonly Zone[];
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
  /** Steps that this thread's reaper leaves out. */
  readonly reaperSkips: ReadonlySet<ReaperStep>;
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
  const rcu = wireRcu(base, thread, slab);
  const { kfreeRcu: frees, callbacks, gracePeriod, stall, deadThreads } = rcu;
  slab.shrinkers.register(new KfreeRcuShrinker(frees, gracePeriod));
  const throttle = new Throttle(words, geometry, membership.start, host, context);
  slab.caches.connect(frees);
  thread.driver.connect({ frees, callbacks, gracePeriod, throttle, turn: thread.turn, stall, deadThreads });
  thread.decay.connect(pages.pages, thread.turn);
  const registryLock = locks.rawSpinLock(HEADER.registryLock, REGISTRY_LOCK, 'registry');
  const registry = new Registry(words, registryLock);
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
  const orphanWatch = new OrphanWatch(words, host, rcu.orphans, thread.driver);
  const ends = { barrier, orphanWatch };
  const reaperSkips = surroundings.reaperSkips ?? ALL_STEPS;
  return { ...base, ...thread, ...pages, ...slab, ...rcu, ...ends, registryLock, registry, reaperSkips };
}

function wireThread({ host, words, geometry, membership, fittings }: ThreadParts) {
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

function wireRcu(
  { host, words, geometry, membership, ownerTag: tag, context, rights, locks, fittings }: ThreadParts,
  { driver: { onPosted }, turn }: ReturnType<typeof wireThread>,
  { caches, kmalloc }: ReturnType<typeof wireSlab>,
) {
  const { start: slot } = membership;
  const gracePeriodLock = locks.rawSpinLock(HEADER.gracePeriodLock, GRACE_PERIOD_LOCK, 'grace period');
  const gracePeriod = fittings.gracePeriod(words, geometry, gracePeriodLock);
  const rcuEvents = new RcuEvents();
  const turnStack = (of: number) => fittings.turnStack(words.loadPlain(of + SLOT.turnStack));
  const stall = new StallWatch({ words, geometry, host, gracePeriod, events: rcuEvents, turnStack });
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
  const own = { list: callbackList, functions: callbackFunctions, adopted: slot + SLOT.adoptedCallback };
  const orphans = new Orphans(words, geometry, orphanLock, own);
  const deadThreads = new DeadThreads();
  const rcu = new Rcu(words, host, gracePeriod, geometry.pollMillis, stall, deadThreads);
  const lock = new LocalTrylock(words, slot + SLOT.rcuAcquired);
  const source = makePointerPageSource(words, geometry, slot, tag, caches, host);
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
    deadThreads,
    rcuEvents,
    kfreeRcu,
  };
}
