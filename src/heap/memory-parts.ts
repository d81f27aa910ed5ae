/**
 * Wires the allocator of one thread: zones and page lists, what groups are charged, slab caches and kmalloc.
 *
 * I1  (heap-parts:I1) wiring touches no word.
 */
import { GroupCharges } from '../groups/group-charges.js';
import { GroupLedger } from '../groups/group-ledger.js';
import { GroupStock } from '../groups/group-stock.js';
import { IdleStocks } from '../groups/idle-stocks.js';
import type { Geometry } from '../layout/heap-header.js';
import { zoneStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LocalTrylock } from '../locks/local-trylock.js';
import type { LockMaker } from '../locks/lock-maker.js';
import { THREAD_PAGES_LOCK, ZONE_LOCK } from '../locks/lull-classes.js';
import { IdlePageLists } from '../pages/idle-page-lists.js';
import { NO_PAGE_FAULT } from '../pages/page-allocator.js';
import type { Rights } from '../pages/rights.js';
import { ShrinkerList } from '../pages/shrinker.js';
import { ThreadPageLists } from '../pages/thread-page-lists.js';
import { Zone } from '../pages/zone.js';
import { AccountedObjects } from '../slab/accounted-objects.js';
import { SlabCaches } from '../slab/slab-caches.js';
import { SlabShrinker } from '../slab/slab-shrinker.js';
import type { ThreadContext } from '../threads/context.js';
import { Intents } from '../threads/intents.js';
import type { Membership } from '../threads/thread-registry.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { Fittings } from './fittings.js';
import { GroupShrinkers } from './group-shrinkers.js';
import type { HeapHandle } from './heap-handle.js';
import type { Surroundings } from './heap-options.js';

/** What every part of a thread's heap is made of. */
export interface ThreadParts {
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
}

export function wirePages(base: ThreadParts, surroundings: Surroundings) {
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
  return { zones, pages, idlePages, charges, groupShrinkers: new GroupShrinkers(words, start) };
}

function wireCharges({ words, geometry, membership, ownerTag: tag }: ThreadParts): GroupCharges {
  const { slot, start } = membership;
  const intents = new Intents(words, start);
  const ledger = new GroupLedger(words, start, slot, intents);
  const lock = new LocalTrylock(words, start + SLOT.stockAcquired);
  const stock = new GroupStock(words, start, lock, ledger, intents);
  const idle = new IdleStocks(words, geometry, slot, tag, ledger);
  return new GroupCharges(words, stock, ledger, idle, intents);
}

function wireZones({ words, geometry, membership, locks }: ThreadParts): Zone[] {
  const zones: Zone[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) {
    const word = zoneStart(geometry, zone) + ZONE.lock;
    const zoneLock = locks.rawSpinLock(word, ZONE_LOCK, `zone ${zone}`);
    zones.push(new Zone(words, geometry, zone, zoneLock, membership.start));
  }
  return zones;
}

export function wireSlab(
  base: ThreadParts,
  { pages, charges }: Pick<ReturnType<typeof wirePages>, 'pages' | 'charges'>,
) {
  const { words, geometry, membership, rights, locks, fittings } = base;
  const { start } = membership;
  const caches = new SlabCaches(words, geometry, start, locks, pages);
  const shrinkers = new ShrinkerList(words, start);
  shrinkers.register(new SlabShrinker(words, geometry, start, caches));
  const accounted = new AccountedObjects(words, geometry, start, caches, charges, rights);
  const kmalloc = fittings.kmalloc(words, geometry, start, caches, pages, rights, accounted);
  return { caches, shrinkers, kmalloc };
}
