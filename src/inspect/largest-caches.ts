/** The slab caches that hold most pages: for a report of who holds what. Any thread, any context: no lock, no wait. */
import type { Geometry } from '../layout/heap-header.js';
import type { Words } from '../words/words.js';
import { readInUse } from './allocinfo.js';
import { readSlabinfo } from './slabinfo.js';

/** What one cache holds. */
export interface CacheHolding {
  readonly id: number;
  readonly name: string;
  readonly pages: number;
  readonly slabs: number;
  /** On the slabs, in use or not. */
  readonly objects: number;
  /** Those that somebody has, or that wait for a grace period. */
  readonly inUse: number;
}

export interface LargestCaches {
  /** Most pages first. */
  readonly largest: readonly CacheHolding[];
  /** What is left out. */
  readonly others: { readonly caches: number; readonly pages: number };
}

/** The `most` largest caches of those that have a page. */
export function largestCaches(words: Words, geometry: Geometry, most: number): LargestCaches {
  const holdings = readHoldings(words, geometry).filter(({ pages }) => pages > 0);
  holdings.sort((a, b) => b.pages - a.pages || a.id - b.id);
  const rest = holdings.slice(most);
  const pages = rest.reduce((sum, holding) => sum + holding.pages, 0);
  return { largest: holdings.slice(0, most), others: { caches: rest.length, pages } };
}

function readHoldings(words: Words, geometry: Geometry): CacheHolding[] {
  const rows = readSlabinfo(words, geometry);
  const holdings: CacheHolding[] = [];
  for (let id = 0; id < rows.length; id++) {
    const row = rows[id]!;
    const { name, num_slabs: slabs, num_objs: objects, pagesperslab } = row;
    const inUse = readInUse(words, geometry, id, row);
    holdings.push({ id, name, pages: slabs * pagesperslab, slabs, objects, inUse });
  }
  return holdings;
}
