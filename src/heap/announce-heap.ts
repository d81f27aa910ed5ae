/**
 * Tells who watches this thread, if anybody does, that a heap was made: `lull stat` runs programs that know nothing
 * of it, and finds their heaps this way, whichever copy of this package made them.
 */

/** The property of globalThis that holds the watcher: a function of one heap. */
export const HEAP_CREATED = Symbol.for('lull.heapCreated');

/** Errors   none: a watcher that is no function is not called. */
export function announceHeap(heap: object): void {
  const watcher = (globalThis as Record<symbol, unknown>)[HEAP_CREATED];
  if (typeof watcher === 'function') watcher(heap);
}
