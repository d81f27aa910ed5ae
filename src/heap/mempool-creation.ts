/**
 * Opens mempools: a record in the heap for each, found by name, filled before anybody can find it.
 *
 * I1  A record whose name was taken by another thread meanwhile is given back with its elements.
 */
import { MAX_MEMPOOL_ELEMENTS, MEMPOOL, mempoolRecordWords } from '../layout/mempool-record.js';
import { NAME_INTENT, NAME_KIND } from '../layout/name-record.js';
import { MEMPOOL_LOCK } from '../locks/lull-classes.js';
import { __GFP_ZERO, GFP_KERNEL } from '../pages/gfp.js';
import { ElementPool } from '../pages/mempool.js';
import { counted } from '../words/counted.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { HeapParts } from './heap-parts.js';
import { Mempool } from './mempool.js';
import { type MempoolElements, type PoolElement, poolElementOf, requireIn } from './mempool-element.js';
import type { NameIntent } from './name-intent.js';
import type { HardAllocator } from './named-cache.js';

/** Names of a heap, and its hard way of allocating. */
export interface PoolMaker extends HardAllocator {
  /** What a name stands for; what `make` returns where it is new. `discard` takes that back where it is not used. */
  findOrPublish(
    kind: number,
    name: string,
    make: (intent: NameIntent) => number,
    discard: (record: number, intent: NameIntent) => void,
  ): number;
}

/**
 * The mempool of this name; made and filled where it is new.
 *
 * Errors   OutOfMemoryError where it cannot be filled; then nothing has changed. RangeError for what cannot be kept, or
 *          where the name was made with something else. ContextError for a new name where not even spinning is allowed.
 */
export function openMempool(
  parts: HeapParts,
  maker: PoolMaker,
  name: string,
  minimum: number,
  elements: MempoolElements,
): Mempool {
  requireIn(name, 'minimum', minimum, 1, MAX_MEMPOOL_ELEMENTS);
  const element = poolElementOf(parts, name, elements);
  const record = maker.findOrPublish(
    NAME_KIND.mempool,
    name,
    (intent) => makeRecord(parts, maker, minimum, element, intent),
    (fresh, intent) => discard(parts, fresh, intent),
  );
  requireSame(parts, record, name, minimum, element);
  const lock = parts.locks.rawSpinLock(record + MEMPOOL.lock, MEMPOOL_LOCK, `mempool ${name}`);
  return new Mempool(parts, name, minimum, new ElementPool(parts.words, record, lock, element), element);
}

function makeRecord(
  parts: HeapParts,
  maker: PoolMaker,
  minimum: number,
  element: PoolElement,
  intent: NameIntent,
): number {
  const record = takeRecord(parts, maker, minimum, element);
  intent.tell(record, NAME_INTENT.mempool);
  let isFull = false;
  try {
    fill(parts, maker, record, minimum, element, intent);
    isFull = true;
    return record;
  } finally {
    if (!isFull) discard(parts, record, intent);
  }
}

function takeRecord(parts: HeapParts, maker: PoolMaker, minimum: number, element: PoolElement): number {
  const { words, kmalloc, turn } = parts;
  const bytes = mempoolRecordWords(minimum) * BYTES_PER_WORD;
  const gfp = GFP_KERNEL | __GFP_ZERO;
  const take = () => kmalloc.alloc(bytes, gfp);
  const record = turn.run(() => take() || maker.allocHard(bytes, undefined, take));
  words.storePlain(record + MEMPOOL.kind, element.kind);
  words.storePlain(record + MEMPOOL.size, element.size);
  words.storePlain(record + MEMPOOL.minimum, minimum);
  return record;
}

function fill(
  parts: HeapParts,
  maker: PoolMaker,
  record: number,
  minimum: number,
  element: PoolElement,
  intent: NameIntent,
): void {
  const { words, turn } = parts;
  const take = () => element.alloc(GFP_KERNEL);
  for (let i = 0; i < minimum; i++) {
    const p = turn.run(() => take() || maker.allocHard(element.bytes, undefined, take));
    words.storePlain(record + MEMPOOL.objects + i, p);
    // Publishes nothing: the record is this thread's alone until its name is made.
    words.store(record + MEMPOOL.elements, i + 1);
    intent.tellPart();
  }
}

function discard({ words }: HeapParts, record: number, intent: NameIntent): void {
  for (let left = words.loadPlain(record + MEMPOOL.elements) - 1; left >= 0; left--) {
    intent.giveBackPart(record + MEMPOOL.objects + left);
    // Publishes nothing: nobody else has seen the record.
    words.store(record + MEMPOOL.elements, left);
  }
  intent.giveBack(record);
}

function requireSame(
  { words }: HeapParts,
  record: number,
  name: string,
  minimum: number,
  { kind, size }: PoolElement,
): void {
  const made = words.loadPlain(record + MEMPOOL.minimum);
  if (made !== minimum) {
    throw new RangeError(
      `opened mempool '${name}' for ${counted(minimum, 'element')}; it was made for ${made}, and is so in all threads`,
    );
  }
  const [madeKind, madeSize] = [
    words.loadPlain(record + MEMPOOL.kind),
    words.loadPlain(record + MEMPOOL.size),
  ];
  if (madeKind === kind && madeSize === size) return;
  throw new RangeError(
    `opened mempool '${name}' for elements of kind ${kind} and size ${size}; it was made for kind ${madeKind} and size ` +
      `${madeSize} (kinds: 1 bytes, 2 order, 3 cache)`,
  );
}
