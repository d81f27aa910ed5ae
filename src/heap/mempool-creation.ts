/**
 * Opens mempools: a record in the heap for each, found by name, filled before anybody can find it.
 *
 * I1  A record whose name was taken by another thread meanwhile is given back with its elements.
 */
import { MAX_MEMPOOL_ELEMENTS, MEMPOOL, mempoolRecordWords } from '../layout/mempool-record.js';
import { NAME_KIND } from '../layout/name-record.js';
import { MEMPOOL_LOCK } from '../locks/lull-classes.js';
import { __GFP_ZERO, GFP_KERNEL } from '../pages/gfp.js';
import { ElementPool } from '../pages/mempool.js';
import { ContextError } from '../threads/context.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { HeapParts } from './heap-parts.js';
import { Mempool } from './mempool.js';
import { type MempoolElements, type PoolElement, poolElementOf, requireIn } from './mempool-element.js';
import type { HardAllocator } from './named-cache.js';

/** Names of a heap, and its hard way of allocating. */
export interface PoolMaker extends HardAllocator {
  find(kind: number, name: string): number;
  findOrMake(kind: number, name: string, make: () => number): number;
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
  const found = maker.find(NAME_KIND.mempool, name);
  const record = found !== 0 ? found : makeRecord(parts, maker, name, minimum, element);
  requireSame(parts, record, name, minimum, element);
  const lock = parts.locks.rawSpinLock(record + MEMPOOL.lock, MEMPOOL_LOCK, `mempool ${name}`);
  return new Mempool(parts, name, minimum, new ElementPool(parts.words, record, lock, element), element);
}

function makeRecord(
  parts: HeapParts,
  maker: PoolMaker,
  name: string,
  minimum: number,
  element: PoolElement,
): number {
  requireMaySpin(parts, name);
  let fresh = 0;
  try {
    fresh = takeRecord(parts, maker, minimum, element);
    fill(parts, maker, fresh, minimum, element);
    const record = maker.findOrMake(NAME_KIND.mempool, name, () => fresh);
    if (record === fresh) fresh = 0;
    return record;
  } finally {
    if (fresh !== 0) discard(parts, fresh, element);
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
): void {
  const { words, turn } = parts;
  const take = () => element.alloc(GFP_KERNEL);
  for (let i = 0; i < minimum; i++) {
    const p = turn.run(() => take() || maker.allocHard(element.bytes, undefined, take));
    words.storePlain(record + MEMPOOL.objects + i, p);
    // Publishes nothing: the record is this thread's alone until its name is made.
    words.store(record + MEMPOOL.elements, i + 1);
  }
}

function discard({ words, turn, kmalloc }: HeapParts, record: number, element: PoolElement): void {
  turn.run(() => {
    const elements = words.loadPlain(record + MEMPOOL.elements);
    for (let i = 0; i < elements; i++) element.free(words.loadPlain(record + MEMPOOL.objects + i), true);
    kmalloc.free(record);
  });
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
      `opened mempool '${name}' for ${minimum} elements; it was made for ${made}, and is so in all threads`,
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

function requireMaySpin({ context }: HeapParts, name: string): void {
  if (context.waitRight() !== 'may-neither') return;
  throw new ContextError(
    `made mempool '${name}' ${context.where()}, which may not wait for what fills it; make it in a worker first, and open ` +
      'it here by its name',
  );
}
