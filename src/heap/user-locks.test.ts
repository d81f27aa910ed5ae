/** Locks by name: found, made once, refused, and made or not made as a whole where memory fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { heapTest, partsOf, Stage } from '../../tests/support/stage.js';
import { LOCK, LOCK_KIND } from '../layout/lock-record.js';
import type { PageFault } from '../pages/page-allocator.js';
import type { Heap } from '../shared-heap.js';
import { OutOfMemoryError } from './heap-errors.js';

const SMALL = { tiny: { pages: 64 } };

const OPENINGS: Record<string, (heap: Heap, name: string) => { readonly name: string }> = {
  mutex: (heap, name) => heap.mutex(name),
  rwLock: (heap, name) => heap.rwLock(name),
  condVar: (heap, name) => heap.condVar(name),
  semaphore: (heap, name) => heap.semaphore(name, 3),
  seqLock: (heap, name) => heap.seqLock(name, 64),
};

for (const [kind, open] of Object.entries(OPENINGS)) {
  heapTest(
    `${kind}(), is the same object each time in a thread, and one record in all threads`,
    (stage) => {
      const { heap } = stage;
      const other = stage.attach().heap;
      const lock = open(heap, 'orders');
      assert.equal(lock.name, 'orders');
      assert.equal(open(heap, 'orders'), lock);
      const names = () => heap.turn(() => partsOf(heap).registry.list());
      const [made, ...more] = names();
      assert.deepEqual([made!.name, more.length], ['orders', 0]);
      const again = open(other, 'orders');
      assert.notEqual(again, lock);
      assert.equal(open(other, 'orders'), again);
      assert.deepEqual(names(), [made]);
      assert.notEqual(open(heap, 'users'), lock);
    },
    SMALL,
  );

  heapTest(
    `${kind}(), that finds no memory throws OutOfMemoryError, and leaves no name and no memory behind`,
    (stage) => {
      const { heap } = stage;
      const { giveBack } = exhaust(heap);
      assert.throws(() => open(heap, 'orders'), OutOfMemoryError);
      giveBack();
      stage.endTurns();
      stage.balance();
      assert.equal(open(heap, 'orders'), open(heap, 'orders'));
    },
    SMALL,
  );
}

/** Fails the n-th allocation of pages. */
class NthFault implements PageFault {
  left = 0;
  failed = 0;

  shouldFail(): boolean {
    if (this.left === 0 || --this.left > 0) return false;
    this.failed++;
    return true;
  }
}

for (const configuration of CONFIGURATIONS) {
  test(`named locks, with the n-th page allocation failing are opened or leave nothing behind (${configuration.label})`, () => {
    for (let n = 1; ; n++) {
      const fault = new NthFault();
      const stage = new Stage(configuration, { tiny: { pages: 120 } }, fault);
      fault.left = n;
      for (const open of Object.values(OPENINGS)) {
        try {
          open(stage.heap, 'orders');
        } catch (error) {
          assert.ok(error instanceof OutOfMemoryError, String(error));
          assert.equal(fault.failed, 1);
        }
      }
      fault.left = 0;
      stage.endTurns();
      stage.balance();
      for (const open of Object.values(OPENINGS)) assert.equal(open(stage.heap, 'orders').name, 'orders');
      stage.endTurns();
      stage.balance();
      if (fault.failed === 0) {
        assert.ok(n > 1, 'opening allocates no page at all');
        break;
      }
      assert.ok(n < 100);
    }
  });
}

heapTest(
  'named locks, of one name and different kinds, and maps and caches of that name, are different things',
  (stage) => {
    const { heap } = stage;
    heap.map<string, number>('x').set('a', 1);
    heap.slabCache('x', 24);
    const locks = Object.values(OPENINGS).map((open) => open(heap, 'x'));
    assert.equal(new Set(locks).size, locks.length);
    const guard = heap.mutex('x').tryLock()!;
    heap.rwLock('x').writeSync().release();
    heap.semaphore('x', 3).acquireSync().release();
    heap.seqLock('x', 64).write(new Int32Array(64));
    assert.equal(heap.map<string, number>('x').get('a'), 1);
    guard.release();
  },
  SMALL,
);

heapTest(
  'semaphore() and seqLock(), refuse another size than the name was made with, in every thread',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach().heap;
    heap.semaphore('s', 3);
    heap.seqLock('q', 8);
    for (const one of [heap, other]) {
      assert.throws(() => one.semaphore('s', 4), /opened lock 's' with size 4, which was made with 3/);
      assert.throws(() => one.seqLock('q', 9), RangeError);
      // Nothing is remembered of it.
      assert.throws(() => one.semaphore('s', 4), RangeError);
      assert.equal(one.semaphore('s', 3), one.semaphore('s', 3));
      assert.equal(one.seqLock('q', 8), one.seqLock('q', 8));
    }
  },
  SMALL,
);

heapTest('semaphore() and seqLock(), refuse sizes that none can have', ({ heap }) => {
  for (const size of [0, -1, 1.5, 1025, Number.NaN, '3', undefined]) {
    assert.throws(() => heap.semaphore('s', size as number), RangeError, String(size));
  }
  for (const size of [0, 65, Number.POSITIVE_INFINITY]) {
    assert.throws(() => heap.seqLock('q', size), /opened (a )?seq ?lock 'q' with words/i, String(size));
  }
});

heapTest('named locks, refuse names that are none', ({ heap }) => {
  for (const open of Object.values(OPENINGS)) {
    for (const name of ['', undefined, 5, 'x'.repeat(5000)]) {
      assert.throws(() => open(heap, name as string), TypeError);
    }
  }
});

heapTest(
  'detach(), lets the named locks go that the thread has, and whoever is next is told of a mutex',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach().heap;
    heap.mutex('m');
    other.mutex('m').tryLock();
    other.rwLock('rw').readSync();
    other.semaphore('s', 1).acquireSync();
    assert.equal(heap.mutex('m').tryLock(), undefined);
    other.detach();
    const guard = heap.mutex('m').tryLock()!;
    assert.equal(guard.ownerDied, true);
    guard.markConsistent();
    guard.release();
    heap.rwLock('rw').writeSync().release();
    heap.semaphore('s', 1).acquireSync().release();
  },
  SMALL,
);

/** Every operation of a named lock that takes, waits or notifies, by its name. */
function operationsOf(heap: Heap): Record<string, (options?: object) => unknown> {
  const [mutex, rwLock, condVar] = [heap.mutex('m'), heap.rwLock('rw'), heap.condVar('cv')];
  const [semaphore, seqLock] = [heap.semaphore('s', 2), heap.seqLock('q', 1)];
  const guard = heap.mutex('of the condition').tryLock()!;
  return {
    "tryLock() of mutex 'm'": () => mutex.tryLock(),
    "lockSync() of mutex 'm'": (options) => mutex.lockSync(options),
    "lock() of mutex 'm'": (options) => mutex.lock(options),
    "tryRead() of rwlock 'rw'": () => rwLock.tryRead(),
    "readSync() of rwlock 'rw'": (options) => rwLock.readSync(options),
    "read() of rwlock 'rw'": (options) => rwLock.read(options),
    "tryWrite() of rwlock 'rw'": () => rwLock.tryWrite(),
    "writeSync() of rwlock 'rw'": (options) => rwLock.writeSync(options),
    "write() of rwlock 'rw'": (options) => rwLock.write(options),
    "waitSync() of condition 'cv'": (options) => condVar.waitSync(guard, options),
    "wait() of condition 'cv'": (options) => condVar.wait(guard, options),
    "notifyOne() of condition 'cv'": () => condVar.notifyOne(),
    "notifyAll() of condition 'cv'": () => condVar.notifyAll(),
    "tryAcquire() of semaphore 's'": () => semaphore.tryAcquire(),
    "acquireSync() of semaphore 's'": (options) => semaphore.acquireSync(options),
    "acquire() of semaphore 's'": (options) => semaphore.acquire(options),
    "write() of seqlock 'q'": () => seqLock.write([1]),
    "tryWrite() of seqlock 'q'": () => seqLock.tryWrite([1]),
    "read() of seqlock 'q'": () => seqLock.read(),
    "tryRead() of seqlock 'q'": () => seqLock.tryRead(new Int32Array(1)),
  };
}

heapTest(
  'named locks, after detach() every operation and opening throws, and others are not disturbed',
  (stage) => {
    const leaving = stage.attach().heap;
    const operations = operationsOf(leaving);
    const guard = leaving.mutex('held').tryLock()!;
    leaving.detach();
    for (const [operation, call] of Object.entries(operations)) {
      assert.throws(call, {
        name: 'Error',
        message:
          `used a lock of a heap after detach(): called ${operation}; attach to the heap again, and take the lock ` +
          'from the new Heap object',
      });
    }
    assert.throws(
      () => guard.release(),
      /called release\(\) on a guard of mutex 'held' that was released before/,
    );
    for (const open of Object.values(OPENINGS)) {
      for (const name of ['m', 'unheard of']) {
        assert.throws(() => open(leaving, name), /used a heap after detach\(\): attach to it again, and use/);
      }
    }
    const { heap } = stage;
    for (const name of ['m', 'held']) heap.mutex(name).tryLock()!.release();
    heap.rwLock('rw').tryWrite()!.release();
    assert.equal(heap.seqLock('q', 1).read()[0], 0);
  },
  SMALL,
);

heapTest(
  'named locks, refuse options that are none in every operation that waits',
  ({ heap }) => {
    const waits = Object.values(operationsOf(heap)).filter((call) => call.length > 0);
    assert.equal(waits.length, 10);
    for (const call of waits) {
      for (const options of [5, null, { timeout: 5 }]) {
        assert.throws(() => call(options as object), { name: 'TypeError', message: /timeoutMillis/ });
      }
      assert.throws(() => call({ timeoutMillis: -1 }), RangeError);
      assert.throws(() => call({ signal: 5 }), { name: 'TypeError', message: /signal/ });
    }
    // Nothing was taken.
    heap.mutex('m').lockSync().release();
    heap.rwLock('rw').writeSync().release();
    assert.equal(heap.mutex('of the condition').tryLock(), undefined);
  },
  SMALL,
);

heapTest(
  'named locks, have records of their kind and size',
  ({ heap }) => {
    const before = new Set(heap.balance().unreachable);
    heap.semaphore('s', 3);
    const words = heap.words;
    // The record is what is reachable now: found by its two first words.
    let found = 0;
    for (let at = 0; at < words.lengthWords && found === 0; at += 2) {
      if (words.loadPlain(at + LOCK.kind) === LOCK_KIND.semaphore && words.loadPlain(at + LOCK.size) === 3)
        found = at;
    }
    assert.notEqual(found, 0);
    assert.deepEqual(new Set(heap.balance().unreachable), before);
  },
  SMALL,
);
