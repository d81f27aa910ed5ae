/**
 * Every size and batch of a heap: what a user may set, what it is otherwise, and the TINY configuration that
 * makes the rare paths common in tests.
 */
import type { Shape } from '../layout/heap-layout.js';
import { MAX_SHEAF_CAPACITY } from '../layout/sheaf-record.js';
import type { LockMaker } from '../locks/lock-maker.js';
import type { PageFault } from '../pages/page-allocator.js';
import { pageListSizes } from '../pages/page-list-sizes.js';
import { defaultMinFreePages, watermarksFor } from '../pages/watermarks.js';
import { POINTER_PAGE_SOURCES, type PointerPageSourceName } from '../slab/pointer-page-source.js';
import type { Host } from '../words/host.js';
import { BYTES_PER_WORD, MAX_HEAP_BYTES, PAGE_BYTES } from '../words/units.js';
import type { DebugOptions } from './debug-options.js';
import type { ReaperStep } from './reaper-steps.js';
import { SPIN_ROUNDS } from './spin-rounds.js';
import type { ValidateOptions } from './validation.js';

/** What Heap.create takes. All are optional. */
export interface HeapOptions {
  /** Size of the whole buffer in bytes, rounded up to 4 KiB. Reserved at once, touched as needed. */
  bytes?: number;
  /** Instead of `bytes`: how many pages can be handed out, beside what the heap needs for itself. */
  pages?: number;
  /** Slots for threads, 1 to 255. */
  threads?: number;
  /** Slab caches, those of the size classes included: 66 to 1024. */
  maxCaches?: number;
  /** Objects in a sheaf, 1 to 58. */
  sheafCapacity?: number;
  /** Full sheaves, and empty ones, that a barn keeps. */
  barnSheaves?: number;
  /** Slabs without an object in use that a cache keeps. */
  minPartialSlabs?: number;
  /** Most objects in a slab. */
  maxSlabObjects?: number;
  /** Pages that a thread's lists keep before they give some back. Unless given it follows the use, within bounds from the heap's size. */
  pageListHigh?: number;
  /** Pages moved between a thread's lists and a zone at once, to begin with. From the heap's size unless given. */
  pageListBatch?: number;
  /** Pages that calls of the nolock kind leave on each of a thread's lists, so that they slow nobody else. */
  pageListFloor?: number;
  /** Free pages that only GFP_ATOMIC may take. From the heap's size unless given: about half a percent. */
  minFreePages?: number;
  /** Where kfreeRcu gets the memory for its arrays of addresses from. */
  pointerPageSource?: PointerPageSourceName;
  /** Arrays that each thread keeps in reserve, with pointerPageSource 'reserved', and 'opportunistic' once it missed one. */
  reservedSheaves?: number;
  /** Map operations after which a turn is renewed. */
  turnOperations?: number;
  /** How long a part-filled sheaf of deferred frees may lie. */
  drainMillis?: number;
  /** Time between looks at threads that hold up a grace period. */
  pollMillis?: number;
  /** A thread whose turn holds up a grace period for so long is reported, and again after twice that; 0 = never. */
  stallMillis?: number;
  /**
   * Bytes that may wait for a grace period, all threads together. A thread that has posted more than its share is slowed
   * down between its turns, where it may wait. A quarter of the heap unless given; 0 = never.
   */
  maxWaitingBytes?: number;
  /** How often a waiter looks at a lock before it gives up with LockTimeoutError. About two seconds unless given, as measured. */
  spinRounds?: number;
  /** log2 of the buckets, and of the locks, that a map starts with. */
  mapBucketsLog2?: number;
  /** Grace-period number to start from, a multiple of 4. */
  firstSequence?: number;
  /** Seed of the maps' hashes, two words; random unless given. */
  hashSeed?: readonly [number, number];
  /** Readers use atomic loads: publishing then rests on ECMAScript's own guarantees alone. */
  strict?: boolean;
  /** Finds deadlocks and other misuse before they happen, in all threads of the heap: for development and tests. */
  validate?: boolean | ValidateOptions;
  /** Finds writes beside objects and after their free, and double frees, in all threads: for development and tests. */
  debug?: boolean | DebugOptions;
  /** Allocations can be made to fail: heap.failslab and heap.failPageAlloc. For tests. */
  faultInjection?: boolean;
  /** Name of this thread in reports. */
  name?: string;
  /** Other threads leave the page lists of this one alone, also while it is idle: its turns begin without delay. */
  isolated?: boolean;
}

/** What Heap.attach takes. */
export interface AttachOptions {
  /** Name of this thread in reports. */
  name?: string;
  /** Other threads leave the page lists of this one alone, also while it is idle: its turns begin without delay. */
  isolated?: boolean;
  /** Where reports go in this thread, in a heap that was made with `validate`. */
  validate?: ValidateOptions;
}

/** What both create and attach take from tests: the surroundings. */
export interface Surroundings {
  host?: Host;
  pageFault?: PageFault;
  /** Makes the locks of a heap that does not validate: others than those of LockMaker. */
  lockMaker?: (...given: ConstructorParameters<typeof LockMaker>) => LockMaker;
  /** Steps that a broken reaper leaves out (reaper-steps.ts): for tests of what finds that out. */
  reaperSkips?: ReadonlySet<ReaperStep>;
}

const MEBIBYTE = 2 ** 20;

const DEFAULTS = {
  threads: 64,
  maxCaches: 192,
  sheafCapacity: MAX_SHEAF_CAPACITY,
  barnSheaves: 256,
  minPartialSlabs: 5,
  maxSlabObjects: 32767,
  pageListFloor: 4,
  reservedSheaves: 5,
  turnOperations: 1000,
  drainMillis: 20,
  pollMillis: 1,
  stallMillis: 1000,
  spinRounds: SPIN_ROUNDS,
  mapBucketsLog2: 6,
  // 300 grace periods before the wrap, as the kernel starts its own.
  firstSequence: -1200,
} as const;

/** Bytes of each page that may wait for a grace period. */
const WAITING_SHARE = PAGE_BYTES / 4;

const DEFAULT_BYTES = 256 * MEBIBYTE;

/** Sixteen pages, lists and sheaves of 2, slabs of 2 objects, a table of 2 buckets, numbers near their wrap. */
export const TINY = {
  pages: 16,
  threads: 4,
  maxCaches: 80,
  sheafCapacity: 2,
  barnSheaves: 2,
  minPartialSlabs: 1,
  maxSlabObjects: 2,
  pageListHigh: 2,
  pageListBatch: 2,
  pageListFloor: 0,
  minFreePages: 0,
  reservedSheaves: 0,
  maxWaitingBytes: 0,
  turnOperations: 3,
  drainMillis: 1,
  pollMillis: 1,
  spinRounds: 10_000_000,
  mapBucketsLog2: 1,
  firstSequence: 0x7ffffff0,
} as const satisfies HeapOptions;

/** Range of each option, inclusive. */
const RANGES: Readonly<Record<keyof typeof DEFAULTS, readonly [least: number, most: number]>> = {
  threads: [1, 255],
  maxCaches: [66, 1024],
  sheafCapacity: [1, MAX_SHEAF_CAPACITY],
  barnSheaves: [0, 1000],
  minPartialSlabs: [0, 1000],
  maxSlabObjects: [1, 32767],
  pageListFloor: [0, 65536],
  reservedSheaves: [0, 1000],
  turnOperations: [1, 1_000_000],
  drainMillis: [0, 60_000],
  pollMillis: [1, 1000],
  stallMillis: [0, 2 ** 31 - 1],
  spinRounds: [1, 2_000_000_000],
  mapBucketsLog2: [1, 12],
  firstSequence: [-(2 ** 31), 2 ** 31 - 1],
};

/** Range of each option whose default follows from the heap's size, inclusive. */
const SIZED_RANGES = {
  pageListHigh: [0, 65536],
  pageListBatch: [1, 4096],
  minFreePages: [0, MAX_HEAP_BYTES / PAGE_BYTES],
  maxWaitingBytes: [0, MAX_HEAP_BYTES],
} as const;

/** What resolveSizedOptions() fills in. */
export type SizedShape = Pick<
  Shape,
  'pageListHighMin' | 'pageListHighMax' | 'pageListBatch' | 'minFreePages' | 'maxWaitingWords'
>;

/** Options with every default filled in; throws RangeError or TypeError for what makes no heap. */
export function resolveOptions(
  options: HeapOptions,
): Omit<
  Shape,
  'totalPages' | 'hashSeed0' | 'hashSeed1' | 'debugHooks' | 'faultInjection' | keyof SizedShape
> {
  const resolved = { ...DEFAULTS } as Record<keyof typeof DEFAULTS, number>;
  for (const name of Object.keys(RANGES) as (keyof typeof DEFAULTS)[]) {
    const value = options[name] ?? DEFAULTS[name];
    const [least, most] = RANGES[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(
        `created a heap with ${name}: ${String(value)}; it is an integer in ${least}..${most}`,
      );
    }
    resolved[name] = value;
  }
  const { threads, firstSequence, ...sizes } = resolved;
  return {
    ...sizes,
    slots: threads,
    firstSequence: firstSequence & ~3,
    pointerPageSource: resolvePointerPageSource(options.pointerPageSource ?? 'opportunistic'),
  };
}

/** The options that follow from the `pages` that can be handed out, unless given. Throws as resolveOptions(). */
export function resolveSizedOptions(options: HeapOptions, pages: number, threads: number): SizedShape {
  for (const [name, [least, most]] of Object.entries(SIZED_RANGES)) {
    const value = options[name as keyof typeof SIZED_RANGES];
    if (value !== undefined) requireCount(name, value, least, most);
  }
  const minFreePages = options.minFreePages ?? defaultMinFreePages(pages);
  const tuned = pageListSizes(pages, threads, watermarksFor(pages, minFreePages).low);
  return {
    minFreePages,
    maxWaitingWords: Math.ceil((options.maxWaitingBytes ?? pages * WAITING_SHARE) / BYTES_PER_WORD),
    pageListBatch: options.pageListBatch ?? tuned.batch,
    pageListHighMin: options.pageListHigh ?? tuned.highMin,
    pageListHighMax: options.pageListHigh ?? tuned.highMax,
  };
}

function resolvePointerPageSource(name: PointerPageSourceName): number {
  const source = POINTER_PAGE_SOURCES.indexOf(name);
  if (source >= 0) return source;
  throw new TypeError(
    `created a heap with pointerPageSource: ${String(name)}; it is one of ${POINTER_PAGE_SOURCES.join(', ')}`,
  );
}

/** Throws TypeError for what does not say whether a thread is isolated. */
export function requireIsolated(isolated: boolean): void {
  if (typeof isolated === 'boolean') return;
  throw new TypeError(`joined a heap with isolated: ${String(isolated)}; it is true or false`);
}

/** Bytes or pages asked for, checked. */
export function requestedSize(options: HeapOptions): { bytes: number } | { pages: number } {
  if (options.pages !== undefined) {
    return { pages: requireCount('pages', options.pages, 1, MAX_HEAP_BYTES / PAGE_BYTES) };
  }
  const bytes = requireCount('bytes', options.bytes ?? DEFAULT_BYTES, 1, MAX_HEAP_BYTES);
  return { bytes };
}

function requireCount(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `created a heap with ${name}: ${String(value)}; it is an integer in ${least}..${most}`,
  );
}
