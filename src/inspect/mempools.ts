/** The mempools of a heap and what they keep, by name. Any thread, any context: no lock, no wait. */
import type { Geometry } from '../layout/heap-header.js';
import { MEMPOOL, MEMPOOL_KIND } from '../layout/mempool-record.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import type { Words } from '../words/words.js';
import { liesOnPages } from './plausible.js';
import { readName, readNameRecords } from './record-name.js';

/** One pool. */
export interface MempoolHolding {
  readonly name: string;
  /** What it keeps now. */
  readonly elements: number;
  readonly minimum: number;
  /** What an element is: '64 bytes', 'order 3', 'cache 70'. */
  readonly what: string;
}

/** In the order in which they were made. */
export function readMempools(words: Words, geometry: Geometry): MempoolHolding[] {
  const pools: MempoolHolding[] = [];
  for (const record of readNameRecords(words, geometry, NAME_KIND.mempool)) {
    const pool = words.loadPlain(record + NAME.target);
    if (!liesOnPages(geometry, pool, MEMPOOL.objects)) continue;
    const name = readName(words, geometry, record + NAME.nameBytes, record + NAME.name);
    pools.push(readMempool(words, pool, name));
  }
  return pools.reverse();
}

function readMempool(words: Words, pool: number, name: string): MempoolHolding {
  return {
    name,
    // Publishes nothing: a number for a report.
    elements: words.load(pool + MEMPOOL.elements),
    minimum: words.loadPlain(pool + MEMPOOL.minimum),
    what: elementName(words.loadPlain(pool + MEMPOOL.kind), words.loadPlain(pool + MEMPOOL.size)),
  };
}

/** What an element of a pool is, in words. */
function elementName(kind: number, size: number): string {
  if (kind === MEMPOOL_KIND.order) return `order ${size}`;
  return kind === MEMPOOL_KIND.cache ? `cache ${size}` : `${size} bytes`;
}
