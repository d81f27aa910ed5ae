/**
 * What the main thread of `lull lockdep` does with the heap, while the workers look up and replace records: a
 * little of everything that takes a lock, in the same order each round.
 */
import { type Address, GFP_NOWAIT, type Heap, OutOfMemoryError, type SharedMap } from '../../src/index.js';

/** Names and caches are never taken away, so only so many rounds make new ones. */
const NAMING_ROUNDS = 4;
const OBJECTS = 24;
/** From the smallest size class to one that is made of pages. */
const OBJECT_BYTES = [16, 96, 520, 3000, 10_000];
const MAP_KEYS = 64;

export class LockMixture {
  private readonly _heap: Heap;
  private readonly _map: SharedMap<number, string>;
  private _round = 0;

  constructor(heap: Heap) {
    this._heap = heap;
    this._map = heap.map<number, string>('mixture');
  }

  /** One round, in one turn of this thread's. Leaves nothing allocated but the entries of its map. */
  run(): void {
    const round = this._round++;
    if (round < NAMING_ROUNDS) this._openNames(round);
    this._takeAndFree();
    this._usePages();
    this._fillMap(round);
  }

  /** Takes all memory that is left and gives it back, so that reclaim runs. */
  exhaust(): void {
    const taken: Address[] = [];
    for (let object = this._take(); object !== 0; object = this._take()) taken.push(object);
    for (const object of taken) this._heap.kfree(object);
  }

  private _openNames(round: number): void {
    const cache = this._heap.slabCache(`mixture ${round}`, 64 * (round + 1));
    cache.free(cache.alloc());
    // A map that grows, from what the rounds before have freed too.
    const map = this._heap.map<number, number>(`mixture ${round}`);
    for (let key = 0; key < MAP_KEYS; key++) map.set(key, round);
  }

  /** Objects of all sizes, freed at once and after a grace period. */
  private _takeAndFree(): void {
    for (const bytes of OBJECT_BYTES) {
      const objects = Array.from({ length: OBJECTS }, () => this._heap.kmalloc(bytes));
      for (const [index, object] of objects.entries()) {
        if (index % 2 === 0) this._heap.kfree(object);
        else this._heap.kfreeRcu(object);
      }
    }
  }

  private _usePages(): void {
    for (let order = 0; order < 5; order++) {
      const pages = [this._heap.allocPages(order), this._heap.allocPagesNolock(order)];
      for (const page of pages) if (page !== 0) this._heap.freePages(page);
    }
  }

  private _fillMap(round: number): void {
    for (let key = 0; key < MAP_KEYS; key++) this._map.set(key, `value ${round} of ${key}`);
    for (let key = round % 2; key < MAP_KEYS; key += 2) this._map.delete(key);
    this._heap.turn(() => [...this._map.keys()].length);
  }

  private _take(): Address {
    try {
      return this._heap.kmalloc(3000) || this._heap.kmalloc(3000, GFP_NOWAIT);
    } catch (error) {
      if (error instanceof OutOfMemoryError) return 0 as Address;
      throw error;
    }
  }
}
