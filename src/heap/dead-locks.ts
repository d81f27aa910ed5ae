/**
 * The raw locks of a heap, and how what each guards is made whole where its owner is dead.
 *
 *     lock of the dead --takeFromDead()--> this thread's --repair--> release: others go on
 *
 * What a lock guards may be half changed by its owner for the slot of another thread: a reaper works on the slots of others.
 * So a repair looks at what every dead thread may have had in hand.
 *
 * Who may call: who may spin, and holds no lock.
 *
 * I1  A lock that was taken from the dead is repaired before it is released, also where its owner was in the middle of
 *     a repair: each repair can be stopped anywhere and done again.
 */
import { CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { cacheStart, zoneStart } from '../layout/heap-layout.js';
import { PENDING } from '../layout/lock-record.js';
import { NAME_KIND } from '../layout/name-record.js';
import { ZONE } from '../layout/zone-record.js';
import type { LockClass } from '../locks/lock-class.js';
import { BARN_LOCK, REGISTRY_LOCK, SLAB_LIST_LOCK, ZONE_LOCK } from '../locks/lull-classes.js';
import { wasFoundDead } from '../locks/owner.js';
import { repairZone } from '../pages/zone-repair.js';
import { repairBarn, repairSlabs } from '../slab/cache-repair.js';
import { repairRegistry, takePoolLock } from './dead-names.js';
import type { HeapParts } from './heap-parts.js';
import type { MapReaper } from './map-reaper.js';

/** Takes over every raw lock that dead threads hold, and repairs what it guards. Returns their names. */
export function takeDeadLocks(parts: HeapParts, maps: MapReaper): string[] {
  // From the innermost: who repairs takes locks of higher rank.
  return [
    ...takeZones(parts),
    ...takeCaches(parts),
    ...takeRcu(parts),
    ...takeRegistry(parts),
    ...takeNamed(parts, maps),
  ];
}

function takeZones(parts: HeapParts): string[] {
  const { words, geometry, zones, reaperSkips } = parts;
  if (reaperSkips.has('zones')) return [];
  const taken: string[] = [];
  for (let zone = 0; zone < zones.length; zone++) {
    const word = zoneStart(geometry, zone) + ZONE.lock;
    const repair = () => repairZone(words, geometry, zone);
    takeOne(parts, { word, kind: ZONE_LOCK, name: `zone ${zone}`, repair }, taken);
  }
  return taken;
}

function takeCaches(parts: HeapParts): string[] {
  const { words, geometry, caches, reaperSkips } = parts;
  const taken: string[] = [];
  for (let id = 0; id < caches.used(); id++) {
    const record = cacheStart(geometry, id);
    const barn = {
      word: record + CACHE.barnLock,
      kind: BARN_LOCK,
      name: `barn of cache ${id}`,
      repair: () => repairBarn(words, geometry, id),
    };
    const slabs = {
      word: record + CACHE.listLock,
      kind: SLAB_LIST_LOCK,
      name: `slabs of cache ${id}`,
      repair: () => repairSlabs(words, geometry, id),
    };
    if (!reaperSkips.has('barns')) takeOne(parts, barn, taken);
    if (!reaperSkips.has('slabs')) takeOne(parts, slabs, taken);
  }
  return taken;
}

function takeRcu({ orphans, gracePeriod, reaperSkips }: HeapParts): string[] {
  const taken: string[] = [];
  if (!reaperSkips.has('orphans') && orphans.takeFromDead()) taken.push('orphans');
  // Who drives a grace period takes its lock over as well.
  if (gracePeriod.takeFromDead()) taken.push('grace period');
  return taken;
}

function takeRegistry(parts: HeapParts): string[] {
  if (parts.reaperSkips.has('registry')) return [];
  const taken: string[] = [];
  const repair = () => repairRegistry(parts);
  takeOne(parts, { word: HEADER.registryLock, kind: REGISTRY_LOCK, name: 'registry', repair }, taken);
  return taken;
}

/** Locks of what users name: maps and mempools. */
function takeNamed(parts: HeapParts, maps: MapReaper): string[] {
  const { registry, reaperSkips } = parts;
  const taken: string[] = [];
  // No turn: this thread's slot may be borrowed by a dead one still. Names are never taken away.
  for (const { kind, name, target } of registry.list()) {
    if (kind === NAME_KIND.map && !reaperSkips.has('maps')) taken.push(...maps.takeLocks(target));
    if (kind === NAME_KIND.mempool && !reaperSkips.has('mempools')) {
      taken.push(...takePoolLock(parts, target, name));
    }
  }
  return taken;
}

/** A raw lock, and what makes whole what it guards. */
interface Repairable {
  readonly word: number;
  readonly kind: LockClass;
  readonly name: string;
  readonly repair: () => void;
}

function takeOne(
  { words, geometry, locks }: HeapParts,
  { word, kind, name, repair }: Repairable,
  taken: string[],
): void {
  // Publishes nothing: a look, which spares the making of a lock.
  const tag = words.load(word) & ~PENDING;
  if (tag === 0 || !wasFoundDead(words, geometry, tag)) return;
  const lock = locks.rawSpinLock(word, kind, name);
  if (!lock.takeFromDead(geometry)) return;
  // I1: where this throws the lock is kept, as that of a thread that has failed.
  repair();
  lock.release();
  taken.push(name);
}
