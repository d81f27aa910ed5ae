/** A thread that does one thing over and over until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type Address,
  GFP_KERNEL_ACCOUNT,
  GroupLimitError,
  Heap,
  LockTimeoutError,
  NONE,
  OutOfMemoryError,
} from '../../src/index.js';
import {
  FREES,
  GROUP,
  GROUP_BYTES,
  GROWING_MAPS,
  KEPT,
  KEYS,
  type PastimeBriefing,
  PERMITS,
  PLACES,
  RECORD_WORDS,
  SHARED,
  STAYS,
} from './death-pastimes.js';
import { Random } from './seed.js';

const { heap: handle, pastime, seed, places } = workerData as PastimeBriefing;
const heap = Heap.attach(handle, { name: pastime });
const map = heap.map<number, string | number>(SHARED);
const random = new Random(seed, 1);

parentPort!.postMessage('begun');
// The turn ends; what is said arrives.
await new Promise((resolve) => setTimeout(resolve, 1));

function forEver(): never {
  for (;;);
}

function mix(): void {
  map.set(random.below(KEYS), 'of a worker '.repeat(random.below(20)));
  if (random.oneIn(3)) map.delete(random.below(KEYS));
}

/** Where there is no room, a few entries make some. */
function roomy(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof OutOfMemoryError || error instanceof GroupLimitError)) throw error;
    for (let key = 0; key < KEYS; key++) map.delete(key);
    heap.quiesce();
  }
}

function place(): Address {
  return (places + random.below(PLACES)) as Address;
}

function change(at: Address): void {
  if (heap.words.loadPlain(at) === 0) heap.kmallocAt(at, 8 + random.below(random.oneIn(20) ? 20_000 : 300));
  else if (random.oneIn(2)) heap.kfreeAt(at);
  else heap.kfreeRcuAt(at);
}

function queue(id: number): void {
  heap.rcu.call(heap.kmalloc(16 + random.below(100)), id);
}

async function play(): Promise<void> {
  switch (pastime) {
    case 'never ends turn(fn)':
      heap.turn(() => {
        mix();
        forEver();
      });
      break;
    case 'never ends rcu.read(fn)':
      heap.rcu.read(() => {
        mix();
        forEver();
      });
      break;
    case 'never ends idle(fn)':
      for (let n = 0; n < 50; n++) mix();
      heap.idle(forEver);
      break;
    case 'never ends update(fn)':
      for (let n = 0; n < 50; n++) mix();
      map.update(1, forEver);
      break;
    case 'never ends a callback of RCU':
      heap.rcu.register(FREES, (head) => heap.kfree(head as Address));
      queue(heap.rcu.register(STAYS, forEver));
      for (let n = 0; n < 20; n++) queue(heap.rcu.register(FREES, (head) => heap.kfree(head as Address)));
      heap.rcu.barrierSync();
      break;
    case 'never ends a write of a seqlock':
      heap.seqLock(SHARED, RECORD_WORDS).write((words) => {
        words.fill(7);
        forEver();
      });
      break;
    case 'writes and reads under a readers-writer lock': {
      const lock = heap.rwLock(SHARED);
      for (;;) {
        const guard = random.oneIn(2) ? lock.writeSync() : lock.readSync();
        mix();
        guard.release();
      }
    }
    case 'takes and returns permits': {
      const permits = heap.semaphore(SHARED, PERMITS);
      for (;;) {
        const permit = permits.acquireSync();
        permits.tryAcquire()?.release();
        permit.release();
      }
    }
    case 'waits for a mutex':
      heap.mutex(KEPT).lockSync();
      break;
    case 'awaits a mutex':
      await Promise.all([1, 2, 3].map(() => heap.mutex(KEPT).lock()));
      break;
    case 'waits for a permit':
      heap.semaphore(KEPT, PERMITS).acquireSync();
      break;
    case 'awaits a permit':
      await Promise.all([1, 2, 3].map(() => heap.semaphore(KEPT, PERMITS).acquire()));
      break;
    case 'waits to write':
      for (;;) {
        try {
          heap.rwLock(KEPT).writeSync({ timeoutMillis: random.below(3) });
        } catch (error) {
          if (!(error instanceof LockTimeoutError)) throw error;
        }
        if (random.oneIn(3)) await heap.rwLock(KEPT).write();
      }
    case 'waits for a condition': {
      const guard = heap.mutex(SHARED).lockSync();
      for (;;) heap.condVar(SHARED).waitSync(guard, { timeoutMillis: random.below(3) });
    }
    case 'waits for grace periods':
      for (;;) {
        mix();
        if (random.oneIn(3)) heap.synchronizeRcuExpeditedSync();
        else heap.synchronizeRcuSync();
      }
    case 'awaits grace periods':
      for (;;) {
        mix();
        await Promise.all([heap.synchronizeRcu(), heap.kfreeRcuBarrier(), heap.rcu.barrier()]);
      }
    case 'queues callbacks, and waits for them': {
      const id = heap.rcu.register(FREES, (head) => {
        heap.words.storePlain(head as number, 0);
        // It is known to the callback alone: where the thread dies there, its user has it.
        heap.kfree(head as Address);
      });
      for (;;) {
        for (let n = 0; n < 10; n++) {
          queue(id);
        }
        heap.rcu.barrierSync();
      }
    }
    case 'attaches and detaches':
      for (;;) Heap.attach(handle, { name: 'second' }).detach();
    case 'attaches and detaches, with something in every structure':
      for (;;) {
        const other = Heap.attach(handle, { name: 'second' });
        const same = other.map<number, string>(SHARED);
        for (let n = 0; n < 60; n++) {
          same.set(random.below(KEYS), 'second '.repeat(random.below(60)));
          same.delete(random.below(KEYS));
        }
        // Another worker may have it.
        other.mutex(SHARED).tryLock();
        other.detach();
      }
    case 'makes maps grow':
      for (let n = 0; ; n++) {
        const growing = heap.map<number, number>(`growing ${n % GROWING_MAPS} of ${seed}`);
        for (let key = 0; key < 150; key++) growing.set(random.next(), key);
        growing.clear();
      }
    case 'fills the heap':
      for (let key = 0; ; key++) {
        try {
          map.set(key % 1000, 'full '.repeat(random.below(2000)));
        } catch (error) {
          if (!(error instanceof OutOfMemoryError)) throw error;
          for (let n = 0; n < 50; n++) map.delete(random.below(1000));
          heap.quiesce();
        }
      }
    case 'meets the limit of a group': {
      const group = heap.group(GROUP, { maxBytes: GROUP_BYTES });
      const limited = heap.map<number, string>('limited', { group });
      for (;;) {
        try {
          limited.set(random.below(KEYS), 'charged '.repeat(random.below(500)));
        } catch (error) {
          if (!(error instanceof GroupLimitError)) throw error;
          for (let n = 0; n < 20; n++) limited.delete(random.below(KEYS));
          heap.quiesce();
        }
      }
    }
    case 'opens and closes groups':
      for (let n = 0; ; n++) {
        const parent = heap.group(`parent ${n % 3} of ${places}`, { maxBytes: 2 ** 20 });
        const child = heap.group(`child ${n % 7} of ${places}`, { parent });
        child.run(() => heap.kmallocAt(places, 1 + random.below(500), GFP_KERNEL_ACCOUNT));
        heap.kfreeAt(places);
        child.setMaxBytes(2 ** 16 + random.below(1000));
        child.close();
        parent.close();
      }
    case 'opens caches and mempools':
      for (let n = 0; ; n++) {
        const cache = heap.slabCache(`cache ${n % 20}`, 24 + (n % 20), { typesafeByRcu: n % 2 === 0 });
        heap.mempool(`pool ${n % 20}`, 3, n % 2 === 1 ? { cache } : { bytes: 100 + (n % 20) });
        heap.condVar(`condition ${n % 100}`);
        heap.seqLock(`record ${n % 100}`, 4);
        heap.rwLock(`rwlock ${n % 100}`);
      }
    case 'takes and returns elements of a mempool': {
      const pool = heap.mempool(SHARED, 4, { bytes: 200 });
      for (;;) {
        const taken = [1, 2, 3].map(() => pool.alloc());
        for (const p of taken) pool.free(p);
      }
    }
    case 'takes and returns what words lead to':
      for (;;) roomy(() => change(place()));
    case 'takes and returns pages':
      for (;;) {
        roomy(() => heap.freePages(heap.allocPages(random.below(random.oneIn(9) ? 7 : 2))));
        heap.quiesce();
      }
    case 'shrinks the heap':
      for (;;) {
        for (let n = 0; n < 50; n++) mix();
        heap.quiesce();
        heap.shrink();
        if (random.oneIn(4)) heap.kfreeRcuBarrierSync();
      }
    case 'tries all that is nolock':
      for (;;) {
        map.trySet(random.below(KEYS), 'tried '.repeat(random.below(30)));
        map.tryDelete(random.below(KEYS));
        const p = heap.kmallocNolock(random.below(600) + 1);
        if (p !== NONE) heap.kfreeNolock(p);
        const block = heap.allocPagesNolock(random.below(3));
        if (block !== NONE) heap.freePagesNolock(block);
        heap.quiesce();
      }
    case 'looks at statistics':
      for (;;) {
        mix();
        heap.stats();
        for (const [key] of map) if (key < 0) break;
      }
  }
}

await play();
