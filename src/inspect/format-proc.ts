/** Statistics as text: what `cat /proc/buddyinfo` and its like print, of a heap. */
import { formatAllocinfo } from './allocinfo.js';
import { formatBuddyinfo } from './buddyinfo.js';
import { formatMemoryStat } from './memory-stat.js';
import { formatSlabinfo } from './slabinfo.js';
import type { HeapStats } from './statistics.js';
import { formatVmstat } from './vmstat.js';
import { formatZoneinfo } from './zoneinfo.js';

const FORMATS = {
  buddyinfo: ({ buddyinfo }: HeapStats) => formatBuddyinfo(buddyinfo),
  zoneinfo: ({ zoneinfo }: HeapStats) => formatZoneinfo(zoneinfo),
  slabinfo: ({ slabinfo }: HeapStats) => formatSlabinfo(slabinfo),
  vmstat: ({ vmstat }: HeapStats) => formatVmstat(vmstat),
  allocinfo: ({ allocinfo }: HeapStats) => formatAllocinfo(allocinfo),
  'memory.stat': ({ memoryStat }: HeapStats) => formatMemoryStat(memoryStat),
};

/** The names that formatProc() takes. */
export type ProcFile = keyof typeof FORMATS;
export const PROC_FILES = Object.keys(FORMATS) as readonly ProcFile[];

/**
 * @param stats what heap.stats() returned
 * @param file  which of the kernel's files to imitate
 * @returns     its lines, each with its end; '' where there is nothing to list.
 *
 * Errors   TypeError for another name.
 */
export function formatProc(stats: HeapStats, file: ProcFile): string {
  if (Object.hasOwn(FORMATS, file)) return FORMATS[file](stats);
  throw new TypeError(`formatted statistics as ${String(file)}; it is one of ${PROC_FILES.join(', ')}`);
}

/** The part of the statistics that formatProc() writes under a name. */
export function procOf(stats: HeapStats, file: ProcFile): unknown {
  return file === 'memory.stat' ? stats.memoryStat : stats[file];
}
