/**
 * Stage: a heap with several threads attached, all of them played by the test on one thread: each has a slot
 * and a FakeHost of its own, and nothing happens between two statements of the test.
 *
 *     heapTest(name, body)  ->  for each configuration: test: a new stage, body, endTurns(), assertBalanced()
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeapOptions, Surroundings } from '../../src/heap/heap-options.js';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import type { BalanceReport } from '../../src/inspect/balance-report.js';
import { type HeapStats, readStatistics } from '../../src/inspect/statistics.js';
import type { PageFault } from '../../src/pages/page-allocator.js';
import { Heap } from '../../src/shared-heap.js';
import type { Words } from '../../src/words/words.js';
import { assertBalanced } from './balanced.js';
import { CONFIGURATIONS, type Configuration, type Sizes, sizedOptions } from './configurations.js';
import { FakeHost } from './fake-host.js';

let isPlain = false;

/**
 * For test files that replace words of a heap, break rules of turns, or count locks: where all tests run in validating
 * heaps (LULL_VALIDATE), theirs are plain all the same. The same for
 * debug heaps (LULL_DEBUG).
 */
export function plainHeapsOnly(): void {
  isPlain = true;
}

function newHost(): FakeHost {
  const host = new FakeHost();
  for (const variable of ['LULL_VALIDATE', 'LULL_DEBUG']) {
    const wanted = process.env[variable];
    if (!isPlain && wanted !== undefined) host.variables.set(variable, wanted);
  }
  return host;
}

/** One thread of the heap. */
export interface Actor {
  readonly heap: Heap;
  readonly host: FakeHost;
}

export class Stage implements Actor {
  readonly label: Configuration['label'];
  readonly options: HeapOptions;
  readonly heap: Heap;
  readonly host = newHost();
  /** Addresses that the test still has at its end. */
  readonly held = new Set<number>();
  private readonly _actors: Actor[] = [this];

  constructor(configuration: Configuration, sizes: Sizes = {}, pageFault?: PageFault) {
    this.label = configuration.label;
    this.options = sizedOptions(configuration, sizes);
    const surroundings: Surroundings = { host: this.host };
    if (pageFault !== undefined) surroundings.pageFault = pageFault;
    this.heap = Heap.create(this.options, surroundings);
  }

  get words(): Words {
    return this.heap.words;
  }

  /** True where sheaves hold two objects and slabs two. */
  get isTiny(): boolean {
    return this.label === 'TINY sizes';
  }

  /** One more thread that attaches. */
  attach(name = 'other'): Actor {
    const host = newHost();
    const actor = { heap: Heap.attach(this.heap.handle, { name }, { host }), host };
    this._actors.push(actor);
    return actor;
  }

  /** Notes that the test keeps `p`. Returns it. */
  hold<P extends number>(p: P): P {
    assert.notEqual(p, 0);
    this.held.add(p);
    return p;
  }

  /** Ends the synchronous run of every thread, and so their turns. */
  endTurns(): void {
    for (const { host } of this._actors) host.runMicrotasks();
  }

  /** Lets `millis` pass in every thread. */
  pass(millis: number): void {
    for (const { host } of this._actors) host.advance(millis);
  }

  /** Lets time pass until nothing waits for a grace period. */
  settle(): void {
    const { drainMillis, pollMillis } = this.heap.geometry;
    for (let round = 0; round < 5 && this.stats().objectsWaiting > 0; round++)
      this.pass(drainMillis + pollMillis);
    assert.equal(this.stats().objectsWaiting, 0, 'objects still wait, though every turn has ended');
  }

  stats(): HeapStats {
    return readStatistics(this.words);
  }

  /** Asserts that the books add up now. */
  balance(): BalanceReport {
    return assertBalanced(this.heap, this.held);
  }
}

/** What the heap is wired of, for tests that reach below its public side. */
export function partsOf(heap: Heap): HeapParts {
  return (heap as unknown as { parts: HeapParts }).parts;
}

/** Registers a test for each configuration; after it every turn is ended, and the books must add up. */
export function heapTest(
  name: string,
  body: (stage: Stage) => void | Promise<void>,
  sizes: Sizes = {},
): void {
  for (const configuration of CONFIGURATIONS) {
    test(`${name} (${configuration.label})`, async () => {
      const stage = new Stage(configuration, sizes);
      await body(stage);
      stage.endTurns();
      stage.balance();
    });
  }
}
