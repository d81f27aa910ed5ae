/**
 * The heaps that a program makes in this thread, by whichever copy of the package. They are held weakly: a program
 * that makes many and lets them go may have their memory back.
 */
import { HEAP_CREATED } from '../../src/heap/announce-heap.js';
import type { HeapStats } from '../../src/index.js';
import { allocSitesOf, type StackOwner } from './alloc-sites.js';

/** What is used of a heap. */
interface WatchedHeap {
  stats(): HeapStats;
  /** Throws where the heap keeps no such books: in all but debug heaps. */
  owners?(): readonly StackOwner[];
}

/** The statistics of one heap. */
export interface HeapReport {
  /** Counts the heaps in the order in which they were made, from 1. */
  readonly heap: number;
  readonly stats: HeapStats;
}

export class HeapWatch {
  readonly #heaps: WeakRef<WatchedHeap>[] = [];

  /** From now on heaps are noticed, until the thread ends. */
  start(): void {
    (globalThis as Record<symbol, unknown>)[HEAP_CREATED] = (heap: WatchedHeap) => {
      this.#heaps.push(new WeakRef(heap));
    };
  }

  /** How many heaps were made. */
  get made(): number {
    return this.#heaps.length;
  }

  /** The statistics of the heaps that are still there. */
  read(): HeapReport[] {
    const reports: HeapReport[] = [];
    for (const [index, reference] of this.#heaps.entries()) {
      const heap = reference.deref();
      if (heap !== undefined) reports.push({ heap: index + 1, stats: readHeap(heap) });
    }
    return reports;
  }
}

/** A heap's statistics, with the places that hold its memory where the heap knows them. */
function readHeap(heap: WatchedHeap): HeapStats {
  const stats = heap.stats();
  const owners = ownersOf(heap);
  return owners === undefined ? stats : { ...stats, allocinfo: allocSitesOf(owners, process.cwd()) };
}

function ownersOf(heap: WatchedHeap): readonly StackOwner[] | undefined {
  try {
    return heap.owners?.();
  } catch {
    return undefined;
  }
}
