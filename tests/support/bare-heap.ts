/** A heap that was formatted and that nobody has joined: for tests of what lies below threads. */
import { formatHeap, planFrom } from '../../src/heap/format-heap.js';
import type { HeapOptions } from '../../src/heap/heap-options.js';
import type { Geometry } from '../../src/layout/heap-header.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import { PAGE_BYTES } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { FakeHost } from './fake-host.js';

export interface BareHeap {
  readonly words: Words;
  readonly geometry: Geometry;
}

export function formatBareHeap(options: HeapOptions): BareHeap {
  const geometry = planFrom(options, new FakeHost());
  const words = new NativeWords(reserveBuffer(geometry.totalPages * PAGE_BYTES));
  formatHeap(words, geometry);
  return { words, geometry };
}

/** What a lock word holds when a thread of slot 99 has it: nobody in these tests. */
export const STRANGER_TAG = (7 << 8) | 100;

/** A lock that gives up soon: nobody else runs, so it would wait for ever. */
export function impatientLock(words: Words, word: number, name: string): RawSpinLock {
  return new RawSpinLock(words, word, (1 << 8) | 1, 10, name);
}

/** Runs `fn` while a stranger has the lock at `word`. */
export function whileLocked<T>(words: Words, word: number, fn: () => T): T {
  words.store(word, STRANGER_TAG);
  try {
    return fn();
  } finally {
    words.store(word, 0);
  }
}
