/**
 * Threads that end with callbacks waiting: those are called by the thread itself, or by one that has registered their
 * name; each once, and barriers wait for them wherever they go.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Address, Heap, type HeapOptions, TINY } from '../../src/index.js';
import {
  CALLED,
  COUNTS,
  type Ending,
  HEAD_WORDS,
  HEADS,
  headAt,
  OBJECTS,
  type RcuEndingsBriefing,
} from './rcu-endings.js';
import { requireBalance, settle } from './rest.js';
import { Random, SEED, SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 16 * 2 ** 20 }],
  ['TINY sizes', { ...TINY, pages: 2048 }],
];
const WORD_BYTES = 4;

/** A heap with rows of heads, of which this thread can call the callbacks. */
class Scene {
  readonly heap: Heap;
  readonly heads: Address[];
  readonly progress: Address;

  constructor(options: HeapOptions, rows: number) {
    this.heap = Heap.create({ ...options, name: 'parent' });
    const { heap } = this;
    heap.rcu.register(COUNTS, (head) => void heap.words.add(head + CALLED, 1));
    this.heads = Array.from({ length: rows }, () => this._zeroed(HEADS * HEAD_WORDS));
    this.progress = this._zeroed(64);
  }

  briefing(ending: Ending): RcuEndingsBriefing {
    const { heads, progress, heap } = this;
    return { handle: heap.handle, ending, heads, progress, rows: heads.length };
  }

  queued(row: number): number {
    return this.heap.words.load(this.progress + row);
  }

  /** How often each callback of a row was called. */
  calls(row: number): number[] {
    return Array.from({ length: HEADS }, (_, n) =>
      this.heap.words.load(headAt(this.heads[row]!, n) + CALLED),
    );
  }

  /** Everything that was queued is over; gives back what the scene is made of. */
  async end(): Promise<void> {
    const { heap } = this;
    await settle(heap);
    heap.kfreeBulk([...this.heads, this.progress]);
    requireBalance(heap, []);
    heap.detach();
  }

  private _zeroed(words: number): Address {
    const p = this.heap.kmalloc(words * WORD_BYTES);
    this.heap.words.fillPlain(p, p + words, 0);
    return p;
  }
}

function times(calls: readonly number[], count: number): number {
  return calls.filter((one) => one === count).length;
}

function startWorker(scene: Scene, ending: Ending): { worker: Worker; ended: Promise<unknown> } {
  const workerData = { ...scene.briefing(ending), worker: 0, seed: SEED };
  const worker = new Worker(new URL('./rcu-endings-worker.js', import.meta.url), { workerData });
  return { worker, ended: new Promise((resolve) => worker.on('exit', resolve)) };
}

for (const [sizes, options] of SIZES) {
  test(`callbacks of a worker that is terminated are called once, but for one that it had in hand (${sizes})`, async () => {
    const random = new Random(SEED, 0);
    for (let round = 0; round < 4; round++) {
      const scene = new Scene(options, 1);
      const { worker, ended } = startWorker(scene, 'is terminated');
      const least = random.below(HEADS);
      while (scene.queued(0) <= least) await new Promise((resolve) => setTimeout(resolve, 1));
      await worker.terminate();
      await ended;
      const queued = scene.queued(0);
      await scene.heap.rcu.barrier({ timeoutMillis: 20_000 });
      const calls = scene.calls(0);
      assert.equal(times(calls, 0) + times(calls, 1), HEADS, `some were called twice ${SEED_NOTE}`);
      assert.ok(times(calls, 1) >= queued - 1, `${queued} queued, ${times(calls, 1)} called ${SEED_NOTE}`);
      assert.ok(times(calls, 1) <= queued + 1, `${queued} queued, ${times(calls, 1)} called ${SEED_NOTE}`);
      // Grace periods go on, though it may have been in a turn, or driving one.
      scene.heap.synchronizeRcuSync();
    }
  });

  test(`what a worker has freed in a turn in which it is terminated is freed by others (${sizes})`, async () => {
    const scene = new Scene(options, 1);
    const { worker, ended } = startWorker(scene, 'is terminated in its turn');
    while (scene.queued(0) < OBJECTS) await new Promise((resolve) => setTimeout(resolve, 1));
    await assert.rejects(scene.heap.synchronizeRcu({ timeoutMillis: 20 }), /gave up waiting/);
    await worker.terminate();
    await ended;
    await scene.heap.kfreeRcuBarrier({ timeoutMillis: 20_000 });
    const { objectsWaiting, freedThroughSheaf, freedThroughList } = scene.heap.stats();
    assert.deepEqual([objectsWaiting, freedThroughSheaf + freedThroughList], [0, OBJECTS], SEED_NOTE);
    // Its page lists and sheaves are its own for good, and in nobody's way.
    assert.deepEqual(
      scene.heap.balance({ held: [...scene.heads, scene.progress] }).unreachable,
      [],
      SEED_NOTE,
    );
    scene.heap.detach();
  });

  for (const ending of ['detaches', 'calls process.exit()', 'calls process.exit() in a callback'] as const) {
    test(`callbacks of a worker that ${ending} are called once each (${sizes})`, async () => {
      const scene = new Scene(options, 1);
      const { ended } = startWorker(scene, ending);
      await ended;
      assert.equal(scene.queued(0), HEADS, SEED_NOTE);
      await scene.heap.rcu.barrier({ timeoutMillis: 20_000 });
      assert.deepEqual(scene.calls(0), new Array(HEADS).fill(1), SEED_NOTE);
      await scene.end();
    });
  }

  test(`rcu.barrier() in a loop misses no callback while two threads queue and leave (${sizes})`, async () => {
    const scene = new Scene(options, 2);
    const leaver = scene.briefing('detaches');
    const team = startTeam<unknown>('rcu-endings-worker', [
      leaver,
      leaver,
      scene.briefing('waits in barriers'),
    ]);
    const results = await team.results;
    assert.ok((results[2] as number) >= 1, SEED_NOTE);
    await scene.heap.rcu.barrier({ timeoutMillis: 20_000 });
    for (const row of [0, 1]) assert.deepEqual(scene.calls(row), new Array(HEADS).fill(1), SEED_NOTE);
    await scene.end();
  });
}
