/**
 * What is written to by a thread that is terminated: shared maps and mutexes, each with what it needs in the thread that dies
 * and a look at what is left.
 *
 * The writer sets and deletes keys of its own, or counts inside a mutex. A thing is left whole where every key can be read and
 * written afterwards, holds a value that is its own, and is counted; hung where that never ends.
 */
import { Heap, type HeapHandle } from '../../src/index.js';
import { verifyPair } from './values.js';

/** `T` is sent to the thread that dies. */
export interface DeathSubject<T> {
  readonly name: string;
  /** In the main thread. */
  create(): Promise<T>;
  /** In the thread that dies: one round of its loop. */
  writer(shared: T): Promise<(round: number) => void>;
  /** In the main thread, after the death. Returns what is wrong; undefined where all is well. */
  check(shared: T): Promise<string | undefined>;
}

/** What all maps here have. */
interface TextMap {
  get(key: string): unknown;
  has(key: string): boolean;
  set(key: string, value: string): unknown;
  delete(key: string): unknown;
}

export const KEYS = 500;
const KEY_CHARACTERS = 16;
const VALUE_CHARACTERS = 32;
/** Longer than anybody holds it. */
const LOCK_MILLIS = 2000;

const keyOf = (number: number) => `key ${number % KEYS}`;
const textOf = (key: string, round: number) => `${key}=${round}`;

function fill(map: TextMap): void {
  for (let i = 0; i < KEYS; i += 2) map.set(keyOf(i), textOf(keyOf(i), 0));
}

/** One key in four rounds is taken out, the others are set. */
function writeRound(map: TextMap): (round: number) => void {
  return (round) => {
    const key = keyOf(Math.imul(round, 7919) >>> 8);
    if (round % 4 !== 3) map.set(key, textOf(key, round));
    // Some throw where there is none.
    else if (map.has(key)) map.delete(key);
  };
}

/** Reads, writes and counts everything. */
function checkMap(map: TextMap, size: () => number): string | undefined {
  let entries = 0;
  for (let i = 0; i < KEYS; i++) {
    const found = map.get(keyOf(i));
    if (found === undefined) continue;
    entries++;
    if (!verifyPair(keyOf(i), found)) return `the value of ${keyOf(i)} is ${String(found)}`;
  }
  if (size() !== entries) return `its size is ${size()}, and it holds ${entries} keys`;
  for (let i = 0; i < KEYS; i++) map.set(keyOf(i), textOf(keyOf(i), 1));
  for (let i = 0; i < KEYS; i++) {
    const found = map.get(keyOf(i));
    if (found !== textOf(keyOf(i), 1)) return `${keyOf(i)} was set, and reads ${String(found)}`;
  }
  return size() === KEYS ? undefined : `its size is ${size()}, and ${KEYS} keys were set`;
}

interface HashTable extends TextMap {
  readonly length: number;
}

const sharedMap: DeathSubject<HashTable> = {
  name: 'sharedmap',
  async create() {
    const { default: SharedMap } = (await import('sharedmap' as string)) as {
      default: new (entries: number, keyCharacters: number, valueCharacters: number) => HashTable;
    };
    const map = new SharedMap(4 * KEYS, KEY_CHARACTERS, VALUE_CHARACTERS);
    fill(map);
    return map;
  },
  async writer(shared) {
    const { default: SharedMap } = (await import('sharedmap' as string)) as {
      default: { prototype: object };
    };
    // What arrives in another thread has lost its class: the package's own advice.
    return writeRound(Object.setPrototypeOf(shared, SharedMap.prototype) as HashTable);
  },
  check: async (map) => checkMap(map, () => map.length),
};

interface JsonMap extends TextMap {
  readonly size: number;
  toSharedBuffer(): SharedArrayBuffer;
}
type JsonMapModule = { WorkerMap: new (shared?: SharedArrayBuffer) => JsonMap };

const workerMap: DeathSubject<SharedArrayBuffer> = {
  name: 'worker_map',
  async create() {
    const { WorkerMap } = (await import('worker_map' as string)) as JsonMapModule;
    const map = new WorkerMap();
    fill(map);
    return map.toSharedBuffer();
  },
  async writer(shared) {
    const { WorkerMap } = (await import('worker_map' as string)) as JsonMapModule;
    return writeRound(new WorkerMap(shared));
  },
  async check(shared) {
    const { WorkerMap } = (await import('worker_map' as string)) as JsonMapModule;
    const map = new WorkerMap(shared);
    return checkMap(map, () => map.size);
  },
};

interface ForeignMutex {
  blockingLock(): { dispose(): void };
  lock(): Promise<{ dispose(): void }>;
}

interface Counted {
  readonly lock: SharedArrayBuffer;
  readonly counters: Int32Array;
}

/** Two counters that agree whenever nobody is inside. */
function countInside(counters: Int32Array): void {
  counters[0]!++;
  for (let i = 0; i < 20; i++) Atomics.load(counters, 0);
  counters[1]!++;
}

async function openMutex(lock: SharedArrayBuffer): Promise<ForeignMutex> {
  // Its pool of workers, which is not used here, asks for this; Node has it from version 21 on.
  (globalThis as { navigator?: unknown }).navigator ??= { hardwareConcurrency: 2 };
  const { Mutex } = (await import('multithreading' as string)) as {
    Mutex: new (data: undefined, lock: SharedArrayBuffer) => ForeignMutex;
  };
  return new Mutex(undefined, lock);
}

const sharedCounters = () => new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));

const foreignMutex: DeathSubject<Counted> = {
  name: 'multithreading Mutex',
  async create() {
    const lock = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    await openMutex(lock);
    return { lock, counters: sharedCounters() };
  },
  async writer({ lock, counters }) {
    const mutex = await openMutex(lock);
    return () => {
      const guard = mutex.blockingLock();
      countInside(counters);
      guard.dispose();
    };
  },
  async check({ lock, counters }) {
    const guard = (await openMutex(lock)).blockingLock();
    const [first, second] = counters;
    guard.dispose();
    return first === second ? undefined : 'what it guards is half changed, and nobody was told';
  },
};

interface LullShared {
  readonly handle: HeapHandle;
  readonly counters: Int32Array;
}

/** Of the main thread: one trial a process. */
let heapOfMain: Heap | undefined;

function createHeap(): LullShared {
  heapOfMain = Heap.create({ bytes: 16 * 2 ** 20 });
  return { handle: heapOfMain.handle, counters: sharedCounters() };
}

/** What the heap's own account says. */
async function checkBooks(heap: Heap): Promise<string | undefined> {
  await heap.kfreeRcuBarrier();
  const { problems, unreachableObjects, unreachablePages } = heap.balance();
  if (problems.length > 0) return problems[0];
  if (unreachableObjects + unreachablePages === 0) return undefined;
  return `${unreachableObjects} objects and ${unreachablePages} pages are lost`;
}

const lullMap: DeathSubject<LullShared> = {
  name: 'Lull SharedMap',
  async create() {
    const shared = createHeap();
    fill(heapOfMain!.map<string, string>('death'));
    return shared;
  },
  writer: async ({ handle }) => writeRound(Heap.attach(handle).map<string, string>('death')),
  async check() {
    const map = heapOfMain!.map<string, string>('death');
    return checkMap(map, () => map.size) ?? (await checkBooks(heapOfMain!));
  },
};

const lullMutex: DeathSubject<LullShared> = {
  name: 'Lull Mutex',
  create: async () => createHeap(),
  async writer({ handle, counters }) {
    const mutex = Heap.attach(handle).mutex('death');
    return () => {
      const guard = mutex.lockSync();
      countInside(counters);
      guard.release();
    };
  },
  async check({ counters }) {
    const guard = heapOfMain!.mutex('death').lockSync({ timeoutMillis: LOCK_MILLIS });
    const [first, second] = counters;
    const isTold = guard.ownerDied;
    guard.markConsistent();
    guard.release();
    if (first !== second && !isTold) return 'what it guards is half changed, and nobody was told';
    return checkBooks(heapOfMain!);
  },
};

// Each is used with what it has itself created.
export const DEATH_SUBJECTS = [
  sharedMap,
  workerMap,
  foreignMutex,
  lullMap,
  lullMutex,
] as unknown as readonly DeathSubject<unknown>[];
