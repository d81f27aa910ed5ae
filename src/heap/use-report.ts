/**
 * Who holds what, when an allocation has failed: a sentence, and a table in the manner of the kernel's out-of-memory
 * report.
 *
 *     asked for | zones | free blocks by order | threads | caches that hold most | mempools | groups
 *
 * Nothing here takes a lock or waits. Other threads go on, so two numbers need not be of one moment.
 *
 * Follows mm/show_mem.c (show_free_areas) and mm/oom_kill.c (dump_header).
 */
import { readBuddyinfo } from '../inspect/buddyinfo.js';
import { largestCaches } from '../inspect/largest-caches.js';
import { readMemoryStat } from '../inspect/memory-stat.js';
import { readMempools } from '../inspect/mempools.js';
import { readCounters } from '../inspect/statistics.js';
import { readThreadHoldings } from '../inspect/thread-holdings.js';
import { readZoneinfo } from '../inspect/zoneinfo.js';
import { SLOT } from '../layout/thread-slot.js';
import { describeGfp, type Gfp } from '../pages/gfp.js';
import { counted } from '../words/counted.js';
import { orderFor, PAGE_BYTES } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';
import type { HeapParts } from './heap-parts.js';
import { countReclaim } from './reclaim.js';

/** Caches that a report names. */
const MOST_CACHES = 10;
/** Memory groups that a report names. */
const MOST_GROUPS = 10;
const KIBIBYTE = 1024;

/** The error of an allocation that has failed for good, which is counted. */
export function outOfMemory(parts: HeapParts, bytes: number, gfp: Gfp): OutOfMemoryError {
  countReclaim(parts, SLOT.outOfMemory);
  return new OutOfMemoryError(bytes, reportUse(parts), reportHoldings(parts, bytes, gfp));
}

/** Describes in a sentence how the heap's pages and waiting objects stand. */
export function reportUse(parts: HeapParts): string {
  const { words, geometry } = parts;
  const { pages, objectsWaiting, callbacksWaiting, threads } = readCounters(words, geometry);
  const held = pages.total - pages.metadata;
  const waiting =
    objectsWaiting + callbacksWaiting === 0
      ? ''
      : `; ${waitingFor(objectsWaiting, callbacksWaiting)}` +
        (parts.turn.pinned ? ', which this turn holds up: call quiesce(), or return to the event loop' : '');
  const kept = Math.min(pages.free, geometry.minFreePages);
  const reserve = kept === 0 ? '' : ` (${kept} of them in reserve)`;
  return (
    `of ${counted(held, 'page')} ${pages.free} ${pages.free === 1 ? 'is' : 'are'} free${reserve} and ${pages.threadLists} ` +
    `kept by ${counted(threads.length, 'thread')}` +
    waiting
  );
}

/** The table: a line for each zone, thread, cache, pool and group. */
export function reportHoldings(parts: HeapParts, bytes: number, gfp: Gfp): string {
  return [
    ...askedLines(parts, bytes, gfp),
    ...zoneLines(parts),
    ...threadLines(parts),
    ...cacheLines(parts),
    ...poolLines(parts),
    ...groupLines(parts),
  ].join('\n');
}

/** 3 objects wait for a grace period; 1 object and 2 callbacks wait for a grace period. */
function waitingFor(objects: number, callbacks: number): string {
  const what = [
    objects > 0 ? counted(objects, 'object') : '',
    callbacks > 0 ? counted(callbacks, 'callback') : '',
  ];
  const verb = objects + callbacks === 1 ? 'waits' : 'wait';
  return `${what.filter((part) => part !== '').join(' and ')} ${verb} for a grace period`;
}

function askedLines({ context, shrinkers }: HeapParts, bytes: number, gfp: Gfp): string[] {
  const order = orderFor(Math.ceil(bytes / PAGE_BYTES));
  const where = shrinkers.isScanning() ? 'in a shrinker' : context.where();
  return [`asked for: ${counted(bytes, 'byte')}, order ${order}, gfp ${describeGfp(gfp)}, ${where}`];
}

function zoneLines({ words, geometry }: HeapParts): string[] {
  const blocks = readBuddyinfo(words, geometry);
  return readZoneinfo(words, geometry, []).zones.flatMap(
    ({ zone, managed, free, min, low, high, nr_deferred }) => [
      `zone ${zone}: ${managed} pages, free ${free}, min ${min}, low ${low}, high ${high}, deferred frees ${nr_deferred}`,
      `  ${freeBlocks(blocks[zone]?.nr_free ?? [])}`,
    ],
  );
}

/** As the kernel's: 3*4kB 0*8kB ... = 12kB. */
function freeBlocks(blocks: readonly number[]): string {
  const sizeOf = (order: number) => (PAGE_BYTES << order) / KIBIBYTE;
  const free = blocks.reduce((sum, count, order) => sum + count * sizeOf(order), 0);
  return `${blocks.map((count, order) => `${count}*${sizeOf(order)}kB`).join(' ')} = ${free}kB`;
}

function threadLines({ words, geometry, membership }: HeapParts): string[] {
  return readThreadHoldings(words, geometry).map((thread) => {
    const self = thread.slot === membership.slot ? ' (this one)' : '';
    const { objectsWaiting, callbacksWaiting } = thread;
    const isWaiting = objectsWaiting + callbacksWaiting > 0;
    const waiting = isWaiting ? `, ${waitingFor(objectsWaiting, callbacksWaiting)}` : '';
    const turn = thread.inTurn ? ', in a turn, which holds grace periods up' : '';
    return `thread ${thread.slot} '${thread.name}'${self}: ${counted(thread.listPages, 'page')} on lists${waiting}${turn}`;
  });
}

function cacheLines({ words, geometry }: HeapParts): string[] {
  const { largest, others } = largestCaches(words, geometry, MOST_CACHES);
  if (largest.length === 0) return ['slab caches: none has a page'];
  const width = Math.max(...largest.map(({ name }) => name.length), 'slab cache'.length);
  const row = (...cells: (string | number)[]) =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(width) : String(cell).padStart(9))).join(' ');
  const lines = largest.map(({ name, pages, slabs, inUse, objects }) =>
    row(name, pages, slabs, inUse, objects),
  );
  const rest =
    others.caches === 0
      ? []
      : [`and ${counted(others.pages, 'page')} in ${counted(others.caches, 'more slab cache')}`];
  return [row('slab cache', 'pages', 'slabs', 'in use', 'objects'), ...lines, ...rest];
}

function poolLines({ words, geometry }: HeapParts): string[] {
  return readMempools(words, geometry).map(
    ({ name, elements, minimum, what }) => `mempool '${name}': ${elements} of ${minimum} elements of ${what}`,
  );
}

function groupLines({ words, geometry }: HeapParts): string[] {
  const groups = readMemoryStat(words, geometry)
    .filter(({ current }) => current > 0)
    .sort((a, b) => b.current - a.current);
  const lines = groups
    .slice(0, MOST_GROUPS)
    .map(
      ({ group, current, peak, max, events }) =>
        `group '${group}': ${current} bytes, peak ${peak}, max ${max}, refused ${events.max}`,
    );
  const rest = groups.length - lines.length;
  return rest === 0 ? lines : [...lines, `and ${counted(rest, 'more group')}`];
}
