/**
 * The public operations for the test of stack overflows: each is called again and again, with the stack at its end. What an
 * operation returns is kept by plain assignments alone: a call may find no stack any more.
 */
import { type Address, GFP_KERNEL_ACCOUNT, type Heap, type MapValue, NONE } from '../../src/index.js';

const KEYS = 24;
const HEADS = 1000;
const LONG = 'long '.repeat(1000);

/** A heap, and what a program has of it. */
export class Subject {
  readonly heap: Heap;
  /** Objects that the program has, the last at `heldCount` - 1. */
  readonly held: Address[] = new Array<Address>(4096).fill(NONE);
  heldCount = 0;
  /** Counts calls of operations: what varies from call to call. */
  n = 0;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  heldNow(): Address[] {
    return this.held.slice(0, this.heldCount);
  }
}

export interface Operation {
  readonly name: string;
  /** Makes what is called at the end of the stack. */
  prepare(subject: Subject): () => void;
}

function operation(name: string, prepare: (subject: Subject) => () => void): Operation {
  return { name, prepare };
}

function mapOf({ heap }: Subject) {
  return heap.map<number, MapValue>('of the test');
}

const VALUES: readonly MapValue[] = [1, 'short', LONG, { list: [1, 2] }, 0.5];

function nextValue(subject: Subject): MapValue {
  return VALUES[subject.n % VALUES.length]!;
}

/** Locks in one call and releases in the next that has the stack for it. */
function lockAndRelease(lock: () => { release(): void }): () => void {
  let guard: { release(): void } | undefined;
  return () => {
    if (guard === undefined) {
      guard = lock();
      return;
    }
    guard.release();
    guard = undefined;
  };
}

export const OPERATIONS: readonly Operation[] = [
  operation('kmalloc() and kfree()', (subject) => () => {
    const { heap, held } = subject;
    if (subject.n++ % 3 === 2 && subject.heldCount > 0) {
      heap.kfree(held[subject.heldCount - 1]!);
      subject.heldCount--;
    } else {
      held[subject.heldCount] = heap.kmalloc([8, 100, 700, 3000, 20_000][subject.n % 5]!);
      subject.heldCount++;
    }
  }),
  operation('kmallocNolock() and kfreeNolock()', (subject) => () => {
    const { heap, held } = subject;
    if (subject.n++ % 3 === 2 && subject.heldCount > 0) {
      heap.kfreeNolock(held[subject.heldCount - 1]!);
      subject.heldCount--;
    } else {
      const p = heap.kmallocNolock([8, 100, 700][subject.n % 3]!);
      if (p !== NONE) held[subject.heldCount++] = p;
    }
  }),
  operation('allocPages() and freePages()', (subject) => () => {
    const { heap, held } = subject;
    if (subject.heldCount === 0) {
      held[0] = heap.allocPages(subject.n++ % 6);
      subject.heldCount = 1;
    }
    heap.freePages(held[0]!);
    subject.heldCount = 0;
  }),
  operation('kfreeRcu()', (subject) => () => {
    const { heap, held } = subject;
    if (subject.heldCount === 0) {
      held[0] = heap.kmalloc([16, 100, 9000][subject.n++ % 3]!);
      subject.heldCount = 1;
    }
    heap.kfreeRcu(held[subject.heldCount - 1]!);
    subject.heldCount--;
  }),
  operation('kfreeRcu() and quiesce()', (subject) => () => {
    const { heap, held } = subject;
    if (subject.heldCount === 0) {
      held[0] = heap.kmalloc(64);
      subject.heldCount = 1;
    }
    heap.kfreeRcu(held[subject.heldCount - 1]!);
    subject.heldCount--;
    heap.quiesce();
  }),
  operation('shrink()', (subject) => () => {
    const { heap, held } = subject;
    if (subject.heldCount === 0) {
      held[0] = heap.kmalloc(64);
      subject.heldCount = 1;
    }
    heap.kfree(held[0]!);
    subject.heldCount = 0;
    heap.shrink();
  }),
  operation(
    'synchronizeRcuSync()',
    ({ heap }) =>
      () =>
        heap.synchronizeRcuSync(),
  ),
  operation('rcu.call() and rcu.barrierSync()', (subject) => {
    const { heap, held } = subject;
    // What a callback does at the end of the stack is its own affair.
    const nothing = heap.rcu.register('nothing', () => {});
    for (; subject.heldCount < HEADS; subject.heldCount++) held[subject.heldCount] = heap.kmalloc(16);
    let next = 0;
    return () => {
      if (next % HEADS === 0) heap.rcu.barrierSync();
      next++;
      heap.rcu.call(held[next % HEADS]!, nothing);
    };
  }),
  operation('map set()', (subject) => {
    const map = mapOf(subject);
    return () => void map.set(subject.n++ % KEYS, nextValue(subject));
  }),
  operation('map set() that grows it', (subject) => {
    const map = mapOf(subject);
    return () => void map.set(subject.n++, 1);
  }),
  operation('map get() and has()', (subject) => {
    const map = mapOf(subject);
    for (let key = 0; key < KEYS; key++) map.set(key, VALUES[key % VALUES.length]!);
    return () => {
      map.get(subject.n++ % KEYS);
      map.has(subject.n);
    };
  }),
  operation('map delete()', (subject) => {
    const map = mapOf(subject);
    return () => {
      const key = subject.n++ % KEYS;
      if (!map.delete(key)) map.set(key, 'again');
    };
  }),
  operation('map trySet() and tryDelete()', (subject) => {
    const map = mapOf(subject);
    return () => {
      if (subject.n++ % 2 === 0) map.trySet(subject.n % KEYS, nextValue(subject));
      else map.tryDelete(subject.n % KEYS);
    };
  }),
  operation('map update()', (subject) => {
    const map = mapOf(subject);
    const next = (value: MapValue | undefined) => (value === 3 ? undefined : 3);
    return () => void map.update(subject.n++ % KEYS, next);
  }),
  operation('map getOrInsertComputed()', (subject) => {
    const map = mapOf(subject);
    const make = (key: number) => `made of ${key}`;
    return () => void map.getOrInsertComputed(subject.n++, make);
  }),
  operation('map clear()', (subject) => {
    const map = mapOf(subject);
    return () => {
      for (let key = 0; key < 5; key++) map.set(key, key);
      map.clear();
    };
  }),
  operation('map iteration', (subject) => {
    const map = mapOf(subject);
    for (let key = 0; key < KEYS; key++) map.set(key, VALUES[key % VALUES.length]!);
    return () => map.forEach(() => {});
  }),
  operation('map() of new names', (subject) => () => void subject.heap.map(`map ${subject.n++}`)),
  operation('mutex() and others of new names', (subject) => () => {
    const name = `lock ${subject.n++}`;
    subject.heap.mutex(name);
    subject.heap.seqLock(name, 4);
  }),
  operation('slabCache() of new names', (subject) => () => {
    if (subject.n < 700) subject.heap.slabCache(`cache ${subject.n++}`, 40);
  }),
  operation('slabCache() objects', (subject) => {
    const cache = subject.heap.slabCache('points', 40);
    return () => {
      const { held } = subject;
      held[subject.heldCount] = cache.alloc();
      subject.heldCount++;
      cache.free(held[subject.heldCount - 1]!);
      subject.heldCount--;
    };
  }),
  operation('mempool', (subject) => {
    const pool = subject.heap.mempool('pool', 3, { bytes: 100 });
    return () => {
      const { held } = subject;
      held[subject.heldCount] = pool.alloc();
      subject.heldCount++;
      pool.free(held[subject.heldCount - 1]!);
      subject.heldCount--;
    };
  }),
  operation('mempool() of new names', (subject) => () => {
    subject.heap.mempool(`pool ${subject.n++}`, 2, { bytes: 64 });
  }),
  operation('group() of new names', (subject) => () => void subject.heap.group(`group ${subject.n++}`)),
  operation('objects charged to a group', (subject) => {
    const { heap, held } = subject;
    const group = heap.group('payer');
    // More than the stock takes: what it gives back is done once, before the end of the stack.
    for (let round = 0; round < 5; round++) {
      const many = Array.from({ length: 100 }, () => group.kmalloc(10_000, GFP_KERNEL_ACCOUNT));
      heap.kfreeBulk(many);
    }
    return () => {
      held[subject.heldCount] = group.kmalloc([64, 500, 10_000][subject.n++ % 3]!, GFP_KERNEL_ACCOUNT);
      subject.heldCount++;
      heap.kfree(held[subject.heldCount - 1]!);
      subject.heldCount--;
    };
  }),
  operation('a map charged to a group', (subject) => {
    const map = subject.heap.map<number, MapValue>('charged', { group: subject.heap.group('payer') });
    return () => void map.set(subject.n++ % KEYS, nextValue(subject));
  }),
  operation('mutex', ({ heap }) => {
    const mutex = heap.mutex('of the test');
    return lockAndRelease(() => mutex.lockSync());
  }),
  operation('rwLock, reading', ({ heap }) => {
    const lock = heap.rwLock('of the test');
    return lockAndRelease(() => lock.readSync());
  }),
  operation('rwLock, writing', ({ heap }) => {
    const lock = heap.rwLock('of the test');
    return lockAndRelease(() => lock.writeSync());
  }),
  operation('semaphore', ({ heap }) => {
    const semaphore = heap.semaphore('of the test', 1);
    return lockAndRelease(() => semaphore.acquireSync());
  }),
  operation('seqLock', (subject) => {
    const record = subject.heap.seqLock('of the test', 4);
    const into = new Int32Array(4);
    return () => {
      record.write([subject.n, subject.n, subject.n, subject.n++]);
      record.read(into);
    };
  }),
  operation('turn(), read sections', ({ heap }) => {
    const nothing = () => {};
    return () => {
      heap.turn(() => heap.rcu.read(nothing));
      heap.quiesce();
    };
  }),
];
