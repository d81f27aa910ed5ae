/** The mempools of a heap and what they keep, by name. Any thread, any context: no lock, no wait. */
import { HEADER } from '../layout/heap-header.js';
import { MEMPOOL, MEMPOOL_KIND } from '../layout/mempool-record.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';

/** One pool. */
export interface MempoolHolding {
  readonly name: string;
  /** What it keeps now. */
  readonly elements: number;
  readonly minimum: number;
  /** What an element is: '64 bytes', 'order 3', 'cache 70'. */
  readonly what: string;
}

export function readMempools(words: Words): MempoolHolding[] {
  const pools: MempoolHolding[] = [];
  // name-record:P1: observes the records that the list leads to. They are never taken away.
  for (
    let record = words.load(HEADER.registryHead);
    record !== 0;
    record = words.loadPlain(record + NAME.next)
  ) {
    if (words.loadPlain(record + NAME.kind) === NAME_KIND.mempool) pools.push(readMempool(words, record));
  }
  return pools.reverse();
}

function readMempool(words: Words, record: number): MempoolHolding {
  const bytes = new Uint8Array(words.loadPlain(record + NAME.nameBytes));
  words.readBytesPlain(record + NAME.name, bytes, bytes.length);
  const pool = words.loadPlain(record + NAME.target);
  return {
    name: decodeUtf8(bytes),
    // Publishes nothing: a number for a report.
    elements: words.load(pool + MEMPOOL.elements),
    minimum: words.loadPlain(pool + MEMPOOL.minimum),
    what: elementName(words.loadPlain(pool + MEMPOOL.kind), words.loadPlain(pool + MEMPOOL.size)),
  };
}

/** What an element of a pool is, in words. */
export function elementName(kind: number, size: number): string {
  if (kind === MEMPOOL_KIND.order) return `order ${size}`;
  return kind === MEMPOOL_KIND.cache ? `cache ${size}` : `${size} bytes`;
}
