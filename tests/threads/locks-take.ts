/** Locks of all kinds that have guards, taken in the same words; for tests in which several threads take them. */
import type { Heap } from '../../src/index.js';
import { LOCK } from '../../src/layout/lock-record.js';
import type { LockOptions } from '../../src/locks/lock-options.js';

/** `permit` is of a semaphore of 2. */
export type PlaceKind = 'mutex' | 'reading' | 'writing' | 'permit';

/** A lock, and what of it to take. */
export interface Place {
  readonly kind: PlaceKind;
  readonly name: string;
}

export interface Guard {
  readonly ownerDied?: boolean;
  markConsistent?(): void;
  release(): void;
}

export const PERMITS = 2;
const TAKE_ALL_MILLIS = 2000;

export function takeSync(heap: Heap, { kind, name }: Place, options: { timeoutMillis?: number } = {}): Guard {
  switch (kind) {
    case 'mutex':
      return heap.mutex(name).lockSync(options);
    case 'reading':
      return heap.rwLock(name).readSync(options);
    case 'writing':
      return heap.rwLock(name).writeSync(options);
    case 'permit':
      return heap.semaphore(name, PERMITS).acquireSync(options);
  }
}

export function take(heap: Heap, { kind, name }: Place, options: LockOptions = {}): Promise<Guard> {
  switch (kind) {
    case 'mutex':
      return heap.mutex(name).lock(options);
    case 'reading':
      return heap.rwLock(name).read(options);
    case 'writing':
      return heap.rwLock(name).write(options);
    case 'permit':
      return heap.semaphore(name, PERMITS).acquire(options);
  }
}

export function tryTake(heap: Heap, { kind, name }: Place): Guard | undefined {
  switch (kind) {
    case 'mutex':
      return heap.mutex(name).tryLock();
    case 'reading':
      return heap.rwLock(name).tryRead();
    case 'writing':
      return heap.rwLock(name).tryWrite();
    case 'permit':
      return heap.semaphore(name, PERMITS).tryAcquire();
  }
}

/** Takes so much of the lock that nobody else can have what the place names. Sleeps for a moment at most. */
export function takeAll(heap: Heap, { kind, name }: Place): Guard[] {
  const options = { timeoutMillis: TAKE_ALL_MILLIS };
  if (kind === 'reading') return [takeSync(heap, { kind: 'writing', name }, options)];
  const many = kind === 'permit' ? PERMITS : 1;
  return Array.from({ length: many }, () => takeSync(heap, { kind, name }, options));
}

/** Lets a lock go, whole whatever has happened before. */
export function letGo(guard: Guard): void {
  if (guard.ownerDied === true) guard.markConsistent?.();
  guard.release();
}

/** How many threads wait in the lock's queue at this moment. */
export function countWaiters(heap: Heap, { kind, name }: Place): number {
  const lock =
    kind === 'mutex'
      ? heap.mutex(name)
      : kind === 'permit'
        ? heap.semaphore(name, PERMITS)
        : heap.rwLock(name);
  const { _record: record } = lock as unknown as { readonly _record: number };
  let waiters = 0;
  for (let slot = 0; slot < heap.geometry.slots; slot++) {
    if (heap.words.load(record + LOCK.waiters + slot) !== 0) waiters++;
  }
  return waiters;
}
