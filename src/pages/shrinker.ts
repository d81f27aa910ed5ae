/**
 * Shrinkers: what can give memory back when an allocation finds none: caches of any kind, each with a count and a scan.
 *
 *     priority 12   each is asked for count >> 12        what is plentiful gives a little
 *              ..
 *              0    each is asked for all that it has
 *
 * Who may call: the thread that registered them, in reclaim, outside of every lock of the heap. A shrinker may free
 * and delete. What it allocates ignores the watermarks and never reclaims: it fails instead.
 *
 * I1  isScanning() exactly while a shrinker runs, also where one throws: its error goes to whoever allocates.
 *
 * Follows mm/shrinker.c (do_shrink_slab) without its batches and what it carries over to the next pass.
 */
import { SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

/** Something that can give memory back. Its unit is its own: bytes, objects, entries. */
export interface Shrinker {
  /** For reports, and for errors. */
  readonly name: string;
  /** How much could be given back: 0 or more; an estimate. */
  count(): number;
  /** Gives back about `n`, or what can be had at once; returns how much that was. */
  scan(n: number): number;
}

/** The mildest pass: a share of 1 / 4096. */
export const DEF_PRIORITY = 12;

export class ShrinkerList {
  private readonly _words: Words;
  private readonly _slot: number;
  private _shrinkers: readonly Shrinker[] = [];
  private _isScanning = false;

  /** @param slot word index of this thread's slot */
  constructor(words: Words, slot: number) {
    this._words = words;
    this._slot = slot;
  }

  /** True inside a shrinker. */
  isScanning(): boolean {
    return this._isScanning;
  }

  /**
   * Asks `shrinker` from now on. Returns a function that takes it off again.
   *
   * Errors   TypeError for what has no name, count and scan.
   */
  register(shrinker: Shrinker): () => void {
    requireShrinker(shrinker);
    // An entry of its own: one that is registered twice is taken off once at a time.
    const entry: Shrinker = {
      name: shrinker.name,
      count: () => shrinker.count(),
      scan: (n) => shrinker.scan(n),
    };
    this._shrinkers = [...this._shrinkers, entry];
    return () => {
      this._shrinkers = this._shrinkers.filter((other) => other !== entry);
    };
  }

  /** The mildest pass that asks anybody for anything: at most DEF_PRIORITY. */
  firstPriority(): number {
    let most = 1;
    for (const shrinker of this._shrinkers) most = Math.max(most, this._countOf(shrinker));
    return Math.min(DEF_PRIORITY, Math.floor(Math.log2(most)));
  }

  /** One pass: asks each for its share. Returns the sum of what they gave back, in their units. */
  shrink(priority: number): number {
    let given = 0;
    // A copy by itself: a shrinker that takes itself off makes another list.
    for (const shrinker of this._shrinkers) {
      const share = Math.floor(this._countOf(shrinker) / 2 ** priority);
      if (share < 1) continue;
      const scanned = this._scan(shrinker, share);
      this._count(SLOT.scanned, share);
      this._count(SLOT.reclaimed, scanned);
      given += scanned;
    }
    return given;
  }

  private _scan(shrinker: Shrinker, share: number): number {
    this._isScanning = true;
    try {
      return requireAmount(shrinker.name, 'scan', shrinker.scan(share));
    } finally {
      this._isScanning = false;
    }
  }

  private _countOf(shrinker: Shrinker): number {
    this._isScanning = true;
    try {
      return requireAmount(shrinker.name, 'count', shrinker.count());
    } finally {
      this._isScanning = false;
    }
  }

  private _count(word: number, by: number): void {
    this._words.storePlain(this._slot + word, this._words.loadPlain(this._slot + word) + Math.floor(by));
  }
}

function requireShrinker(shrinker: Shrinker): void {
  const { name, count, scan } = (shrinker ?? {}) as Partial<Shrinker>;
  if (typeof name === 'string' && name !== '' && typeof count === 'function' && typeof scan === 'function')
    return;
  throw new TypeError(
    `registered shrinker ${String(name)} with count: ${typeof count} and scan: ${typeof scan}; a shrinker has a name ` +
      'that is a string and not empty, and the functions count() and scan(n)',
  );
}

function requireAmount(name: string, call: string, amount: number): number {
  if (typeof amount === 'number' && amount >= 0 && amount <= Number.MAX_SAFE_INTEGER) return amount;
  throw new TypeError(
    `shrinker ${name} returned ${String(amount)} from ${call}(); it is a number, 0 to ${Number.MAX_SAFE_INTEGER}`,
  );
}
