/**
 * A small heap over the words of a model: formatted and joined once, wired anew for each execution.
 *
 *     const memory = heapModelMemory({ pages: 4 });
 *     model({
 *       lengthWords: memory.lengthWords,
 *       prepare: (words) => memory.prepare(words),                 once: format, join, what threads begin with
 *       setup: (stage) => memory.wire(stage, 'alpha', 0),          per execution: objects alone, no word is touched
 *       nameOf: memory.nameOf, ...
 *     })
 *
 * A model's `final` asks assertBalanced() for all books, or assertPagesAccounted() for those of the pages.
 * Slot n is the place of the model's thread n. Threads share words and nothing else: each wires its own parts.
 *
 * I1  prepare() comes before the first wire(): what it leaves in the slots is what the parts are made for.
 */
import { joinEmptyHanded } from '../../../src/heap/attach-parts.js';
import { formatHeap, planFrom } from '../../../src/heap/format-heap.js';
import { makeHandle } from '../../../src/heap/heap-handle.js';
import { type HeapOptions, TINY } from '../../../src/heap/heap-options.js';
import { type HeapParts, wireParts } from '../../../src/heap/heap-parts.js';
import type { Geometry } from '../../../src/layout/heap-header.js';
import { SLOT } from '../../../src/layout/thread-slot.js';
import type { PageFault } from '../../../src/pages/page-allocator.js';
import type { Membership } from '../../../src/threads/thread-registry.js';
import type { Host } from '../../../src/words/host.js';
import { PAGE_WORDS } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import { HeapWordNames } from '../../../tools/checker/heap-words/name-of-word.js';
import type { Stage } from '../../../tools/checker/model.js';
import { FakeHost } from '../../support/fake-host.js';
import type { MakesLocks } from './never-spins.js';

/** The smallest heap in which two threads can do everything: models add what they need more. */
export const MODEL_SIZES = {
  ...TINY,
  pages: 8,
  threads: 2,
  maxCaches: 66,
  // A waiter looks again only when the lock word has changed: a model changes it fewer times than this.
  spinRounds: 50,
  hashSeed: [1, 2],
  // No time passes in a model.
  stallMillis: 0,
} as const satisfies HeapOptions;

/** What a thread has before the model's threads start. */
export type WarmUp = (threads: readonly HeapParts[]) => void;

/** The memory of a model of the heap. */
export interface HeapModelMemory {
  readonly geometry: Geometry;
  readonly lengthWords: number;
  /**
   * Formats the heap and joins every slot.
   * @param warmUp runs in a turn of every thread, and leaves nothing that waits for a grace period
   */
  prepare(words: Words, warmUp?: WarmUp): void;
  /**
   * Makes the objects of the model's thread `thread`, which is the one in slot `slot`.
   *
   * @param lockMaker makes its locks, unless they are plain ones
   *
   * Errors   RangeError where nobody joined the slot, or before prepare().
   */
  wire(stage: Stage, thread: string, slot: number, lockMaker?: MakesLocks): HeapParts;
  /** What a word is called, by what the words given to prepare() hold now. */
  nameOf(index: number): string;
}

/** A heap for models, of MODEL_SIZES with `options` on top. */
export function heapModelMemory(options: HeapOptions = {}): HeapModelMemory {
  const geometry = planFrom({ ...MODEL_SIZES, ...options }, new FakeHost());
  const names = new HeapWordNames(geometry);
  let memberships: readonly Membership[] = [];

  function prepare(words: Words, warmUp?: WarmUp): void {
    formatHeap(words, geometry);
    memberships = joinAll(words, geometry);
    if (warmUp !== undefined) memberships = warmUpAll(words, geometry, memberships, warmUp);
    names.lookAt(words);
  }

  function wire(stage: Stage, thread: string, slot: number, lockMaker?: MakesLocks): HeapParts {
    const membership = memberships[slot];
    if (membership === undefined) {
      throw new RangeError(
        `wired thread ${thread} as slot ${slot} of a model's heap with ${memberships.length} joined slots; ` +
          'call prepare() first, and give heapModelMemory() as many `threads` as the model has',
      );
    }
    const pageFault: PageFault = { shouldFail: () => stage.shouldFail() };
    const host = stage.host(thread);
    const surroundings = lockMaker === undefined ? { host, pageFault } : { host, pageFault, lockMaker };
    return wireThread(stage.words, geometry, membership, surroundings);
  }

  return { geometry, lengthWords: geometry.totalPages * PAGE_WORDS, prepare, wire, nameOf: names.nameOf };
}

// Nobody attaches by the handle of a model's heap: its threads are wired over words that stand for a buffer.
const UNSENT = makeHandle(new SharedArrayBuffer(0), false);

function wireThread(
  words: Words,
  geometry: Geometry,
  membership: Membership,
  surroundings: { readonly host: Host; readonly pageFault?: PageFault; readonly lockMaker?: MakesLocks },
): HeapParts {
  const { host } = surroundings;
  const parts = wireParts(UNSENT, host, words, geometry, membership, surroundings);
  // As a Heap does: who is about to sleep leaves its turn first.
  host.entered.add(parts.turn);
  return parts;
}

function joinAll(words: Words, geometry: Geometry): Membership[] {
  const memberships: Membership[] = [];
  for (let slot = 0; slot < geometry.slots; slot++) {
    memberships.push(joinEmptyHanded(words, geometry, `slot ${slot}`));
  }
  return memberships;
}

/** Runs `warmUp`, ends its turns, and returns the memberships as they are then. */
function warmUpAll(
  words: Words,
  geometry: Geometry,
  joined: readonly Membership[],
  warmUp: WarmUp,
): Membership[] {
  const hosts: FakeHost[] = [];
  const threads: HeapParts[] = [];
  for (const membership of joined) {
    const host = new FakeHost();
    hosts.push(host);
    threads.push(wireThread(words, geometry, membership, { host }));
  }
  for (const { turn } of threads) turn.pin();
  warmUp(threads);
  for (const host of hosts) host.runMicrotasks();
  const memberships: Membership[] = [];
  for (const membership of joined) {
    memberships.push({ ...membership, turn: words.loadPlain(membership.start + SLOT.turn) });
  }
  return memberships;
}
