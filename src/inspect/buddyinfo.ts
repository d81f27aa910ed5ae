/** What /proc/buddyinfo prints: how many free blocks of each order every zone has. */
import type { Geometry } from '../layout/heap-header.js';
import { zoneStart } from '../layout/heap-layout.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { MAX_ORDER } from '../words/units.js';
import type { Words } from '../words/words.js';
import { readBetween } from './plausible.js';

/** One zone. */
export interface BuddyInfo {
  readonly zone: number;
  /** Free blocks by order, 0 to 10. */
  readonly nr_free: readonly number[];
}

export function readBuddyinfo(words: Words, geometry: Geometry): BuddyInfo[] {
  const zones: BuddyInfo[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) {
    const areas = zoneStart(geometry, zone) + ZONE.freeArea;
    const free: number[] = [];
    for (let order = 0; order <= MAX_ORDER; order++) {
      const blocks = areas + order * FREE_AREA_WORDS + FREE_AREA.blocks;
      free.push(readBetween(words, blocks, 0, geometry.zonePages >>> order));
    }
    zones.push({ zone, nr_free: free });
  }
  return zones;
}

/** One line for each zone, as the kernel's. */
export function formatBuddyinfo(zones: readonly BuddyInfo[]): string {
  const lines = zones.map(
    ({ zone, nr_free }) => `${zoneHeading(zone)} ${nr_free.map((n) => `${String(n).padStart(6)} `).join('')}`,
  );
  return `${lines.join('\n')}\n`;
}

/** How the lines of a zone begin. Zones of a heap are all alike: their name is their number. */
export function zoneHeading(zone: number): string {
  return `Node 0, zone ${String(zone).padStart(8)}`;
}
