/**
 * What a thread that is terminated leaves in the heap, and how others look at it: inside a lock it sets a plain word
 * first thing and clears it last.
 *
 *     0 inside | 16 stop | 32 tokens | 33 made | 34 used
 *
 * I1  Whoever finds `inside` set in a lock that he has alone is told that the owner died.
 */
import type { Address, Heap, HeapHandle } from '../../src/index.js';
import { OwnerDiedError } from '../../src/locks/lock-errors.js';
import { type Guard, type Place, type PlaceKind, take, takeSync } from './locks-take.js';

/** What the victim loops over when it is terminated. */
export type VictimKind = PlaceKind | 'record' | 'condition';

export interface DeathBriefing {
  readonly handle: HeapHandle;
  readonly kind: VictimKind;
  /** Of the lock. */
  readonly name: string;
  readonly ledger: Address;
}

/** What a thread can visit: a lock, or a small record. */
export type VisitedPlace = Place | { readonly kind: 'record'; readonly name: string };

export interface Visit {
  readonly place: VisitedPlace;
  readonly ledger: Address;
  readonly timeoutMillis: number;
}

export const LEDGER = { inside: 0, stop: 16, tokens: 32, made: 33, used: 34 } as const;
export const LEDGER_WORDS = 64;
/** Of a small record: enough that a thread dies between two of them. */
export const RECORD_WORDS = 64;

/** Goes in, looks, and out again. Returns 1 when it was told of a death, else 0. */
export function visitSync(heap: Heap, { place, ledger, timeoutMillis }: Visit): number {
  if (place.kind === 'record') return visitRecord(heap, place.name);
  return inspect(heap, ledger, takeSync(heap, place, { timeoutMillis }));
}

/** visitSync() for a thread that goes on meanwhile. */
export async function visit(heap: Heap, { place, ledger, timeoutMillis }: Visit): Promise<number> {
  if (place.kind === 'record') return visitRecord(heap, place.name);
  return inspect(heap, ledger, await take(heap, place, { timeoutMillis }));
}

/** Mends what it is told of, where it may. */
function inspect(heap: Heap, ledger: Address, guard: Guard): number {
  const { words } = heap;
  const isTold = guard.ownerDied === true;
  const wasInside = words.loadPlain(ledger + LEDGER.inside) !== 0;
  if (wasInside && !isTold) throw new Error('the dead was inside, and who came next was not told');
  if (isTold && guard.markConsistent !== undefined) {
    words.storePlain(ledger + LEDGER.inside, 0);
    guard.markConsistent();
  }
  guard.release();
  return isTold ? 1 : 0;
}

/** A record that nobody tells of is whole; from the first write on it is whole again. */
function visitRecord(heap: Heap, name: string): number {
  const record = heap.seqLock(name, RECORD_WORDS);
  const found = readOrTold(() => record.read());
  if (found !== undefined) requireWhole(found);
  let isTold = false;
  record.write((current, ownerDied) => {
    isTold = ownerDied;
    if (!ownerDied) requireWhole(current);
    count(current);
  });
  // Who was told by the read alone has come between a death and another's write.
  return isTold ? 1 : 0;
}

/** Changes all words so that the first tells the others. */
export function count(current: Int32Array): void {
  const next = current[0]! + 1;
  for (let i = 0; i < current.length; i++) current[i] = Math.imul(next, i + 1);
}

function requireWhole(words: Int32Array): void {
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== Math.imul(words[0]!, i + 1))
      throw new Error(`nobody told of words that are torn: ${words}`);
  }
}

function readOrTold(read: () => Int32Array): Int32Array | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof OwnerDiedError) return undefined;
    throw error;
  }
}
