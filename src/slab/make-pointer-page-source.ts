/** The PointerPageSource that a heap was created with, for one thread. */
import type { Geometry } from '../layout/heap-header.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import {
  NoSource,
  OpportunisticSource,
  POINTER_PAGE_SOURCES,
  type PointerPageSource,
  RawLockSource,
} from './pointer-page-source.js';
import { SheafReserve } from './sheaf-reserve.js';
import type { SlabCaches } from './slab-caches.js';

/** True in a heap whose allocator's locks may be taken as raw ones. */
export function hasRawLocks({ pointerPageSource }: Geometry): boolean {
  return POINTER_PAGE_SOURCES[pointerPageSource] === 'raw-lock';
}

/** @param slot word index of this thread's slot; @param tag its owner tag */
export function makePointerPageSource(
  words: Words,
  geometry: Geometry,
  slot: number,
  tag: number,
  caches: SlabCaches,
  host: Host,
): PointerPageSource {
  const reserve = (wanted: number, carves: boolean) =>
    new SheafReserve(words, geometry, slot, wanted, carves, caches.sheaves, host);
  switch (POINTER_PAGE_SOURCES[geometry.pointerPageSource]) {
    case 'thread-list':
      return reserve(0, true);
    case 'reserved':
      return reserve(geometry.reservedSheaves, false);
    case 'none':
      return new NoSource();
    case 'raw-lock':
      return new RawLockSource(words, geometry, tag);
    default:
      return new OpportunisticSource(reserve(geometry.reservedSheaves, false));
  }
}
