/**
 * The parts of a heap, for tests that drive its layers one by one: nothing happens between two statements of a
 * test, since no timer and no microtask runs by itself.
 */

import { attachParts, createParts } from '../../src/heap/attach-parts.js';
import type { HeapHandle } from '../../src/heap/heap-handle.js';
import type { HeapOptions } from '../../src/heap/heap-options.js';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { leaveHeap } from '../../src/threads/thread-registry.js';
import { FakeHost } from './fake-host.js';

/** Makes a heap and joins it as slot 0. */
export function makeStillHeap(options: HeapOptions): HeapParts {
  return createParts(options, { host: new FakeHost() });
}

/** Joins a heap as one more thread, which is this one again. */
export function joinStillHeap(handle: HeapHandle, name: string): HeapParts {
  return attachParts(handle, name, { host: new FakeHost() });
}

/** Leaves as a thread does that cannot wait for what it has freed: others adopt it. */
export function leaveStillHeap({ kfreeRcu, caches, pages, words, membership }: HeapParts): void {
  kfreeRcu.seal();
  kfreeRcu.abandon();
  caches.flush();
  pages.drain();
  leaveHeap(words, membership);
}
