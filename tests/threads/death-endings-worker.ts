/** A thread that is in the middle of something, and ends as it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Address, Heap } from '../../src/index.js';
import { type DeathEndingsBriefing, EXIT_CODE, MESSAGE, SHARED } from './death-endings.js';
import { Random } from './seed.js';

const { heap: handle, ending, seed } = workerData as DeathEndingsBriefing;
const heap = Heap.attach(handle, { name: ending });
const map = heap.map<number, string | number>(SHARED);
const random = new Random(seed, 1);
const KEYS = 300;

/** Something in every structure: sheaves, page lists, waiting frees. */
for (let n = 0; n < 200; n++) {
  map.set(random.below(KEYS), 'of a worker '.repeat(random.below(20)));
  if (n % 3 === 0) map.delete(random.below(KEYS));
}
parentPort!.postMessage('begun');
// The turn ends; what is said arrives.
await new Promise((resolve) => setTimeout(resolve, 1));

function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
}

function overflow(depth: number): number {
  map.set(depth % KEYS, 'deep');
  return overflow(depth + 1) + 1;
}

/** Until the engine's memory is at its end. */
function runOut(): void {
  const kept: unknown[] = [];
  for (;;) {
    map.set(kept.length % KEYS, kept.length);
    kept.push(new Array(10_000).fill(kept.length));
  }
}

/** Fills the heap; the shrinker that is asked for memory does not return. */
function exitInAShrinker(): void {
  heap.registerShrinker({ name: 'ends', count: () => 1, scan: () => process.exit(EXIT_CODE) });
  for (let key = 1000; ; key++) map.set(key, 'more '.repeat(1000));
}

function exitInACallback(): void {
  const id = heap.rcu.register('ends', (head) => {
    heap.kfree(head as Address);
    process.exit(EXIT_CODE);
  });
  heap.rcu.call(heap.kmalloc(64), id);
  heap.rcu.barrierSync();
}

switch (ending) {
  case 'returns':
    break;
  case 'calls process.exit()':
    map.set(1, 'last');
    process.exit(EXIT_CODE);
    break;
  case 'calls process.exit() in a turn':
    heap.turn(() => {
      map.set(1, 'last');
      process.exit(EXIT_CODE);
    });
    break;
  case 'calls process.exit() in update()':
    map.update(1, () => process.exit(EXIT_CODE));
    break;
  case 'calls process.exit() in a shrinker':
    exitInAShrinker();
    break;
  case 'calls process.exit() in an RCU callback':
    exitInACallback();
    break;
  case 'throws':
    throw new Error(MESSAGE);
  case 'throws in a turn':
    heap.turn(() => {
      map.set(1, 'last');
      throw new Error(MESSAGE);
    });
    break;
  case 'rejects':
    void Promise.reject(new Error(MESSAGE));
    break;
  case 'overflows its stack':
    overflow(0);
    break;
  case 'runs out of memory':
    runOut();
    break;
  case 'is terminated in set()':
    for (;;) map.set(random.below(KEYS), random.oneIn(2) ? 'x'.repeat(random.below(3000)) : random.below(9));
  case 'is terminated in update() and delete()':
    for (;;) {
      map.update(random.below(KEYS), (value) => (value === undefined ? 'new' : `${value}`.slice(0, 50)));
      map.delete(random.below(KEYS));
    }
  case 'is terminated in clear()':
    for (;;) {
      for (let n = 0; n < 20; n++) map.set(random.below(KEYS), 'cleared soon');
      map.clear();
    }
  case 'is terminated while it frees':
    for (;;) {
      for (let n = 0; n < 50; n++) map.set(n, 'waits for a grace period');
      heap.quiesce();
      heap.shrink();
    }
  case 'is terminated while it opens names':
    for (let n = 0; ; n++) {
      heap.map(`map ${n % 500} of ${seed}`).set(1, 1);
      heap.mutex(`mutex ${n % 500} of ${seed}`);
    }
  case 'is terminated asleep in its turn':
    for (let n = 0; n < 50; n++) map.set(n, 'never read');
    map.get(1);
    sleep();
    break;
  case 'is terminated holding a mutex':
    heap.mutex(SHARED).lockSync();
    sleep();
    break;
  case 'is terminated in its event loop':
    setInterval(() => map.set(random.below(KEYS), 'ticks'), 1);
    break;
}
