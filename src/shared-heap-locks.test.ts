/**
 * What a validating heap finds in a program that uses it, and that it changes nothing of what the program does. Each
 * program runs in a plain heap as well, which says nothing and does the same.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { partsOf } from '../tests/support/stage.js';
import { ValidatedHeap, type ValidatedSizes } from '../tests/support/validated-heap.js';
import { TINY } from './heap/heap-options.js';
import { lockClass, WAIT } from './locks/lock-class.js';
import { __GFP_ZERO, GFP_ATOMIC, GFP_KERNEL, GFP_NOLOCK, GFP_NOWAIT, type Gfp } from './pages/gfp.js';
import { Heap } from './shared-heap.js';
import type { Address } from './words/units.js';

const SMALL: ValidatedSizes = { heap: { ...TINY, pages: 200, threads: 4, hashSeed: [1, 2] } };

/** Runs a program in a plain heap, in which nothing can be reported, and then in a validating one. */
async function reportsOf(
  t: TestContext,
  program: (heap: Heap, stage: ValidatedHeap) => unknown,
  sizes: ValidatedSizes = SMALL,
): Promise<{ keys: string[]; messages: string[] }> {
  const plain = new ValidatedHeap(t, { ...sizes, validate: false });
  const expected = await program(plain.heap, plain);
  const stage = new ValidatedHeap(t, sizes);
  assert.deepEqual(await program(stage.heap, stage), expected);
  stage.endTurn();
  const messages = stage.reports.map(({ message }) => message);
  return { keys: stage.take(), messages };
}

/** Two ways to hold something while `fn` runs. */
type Holding = (heap: Heap, fn: () => void) => void;

const mutex =
  (name: string): Holding =>
  (heap, fn) => {
    const guard = heap.mutex(name).lockSync();
    fn();
    guard.release();
  };
const reading =
  (name: string): Holding =>
  (heap, fn) => {
    const guard = heap.rwLock(name).readSync();
    fn();
    guard.release();
  };
const writing =
  (name: string): Holding =>
  (heap, fn) => {
    const guard = heap.rwLock(name).writeSync();
    fn();
    guard.release();
  };
const permit =
  (name: string): Holding =>
  (heap, fn) => {
    const guard = heap.semaphore(name, 2).acquireSync();
    fn();
    guard.release();
  };
const announced =
  (name: string): Holding =>
  (heap, fn) => {
    const lock = heap.lockClass(name);
    lock.acquiring();
    lock.acquired();
    fn();
    lock.released();
  };

/** Takes each list of locks, the first outermost. */
const nest = (heap: Heap, ...lists: Holding[][]): void => {
  for (const [first, ...rest] of lists) {
    if (first !== undefined) first(heap, () => nest(heap, rest));
  }
};

const [a, b, c] = [mutex('a'), mutex('b'), mutex('c')];

const ORDERS: [what: string, lists: Holding[][], keys: string[]][] = [
  [
    'two mutexes in both orders',
    [
      [a, b],
      [b, a],
    ],
    ['inversion: mutex b > mutex a'],
  ],
  ['two mutexes in one order', [[a, b], [a, b], [b], [a]], []],
  [
    'three mutexes in a circle',
    [
      [a, b],
      [b, c],
      [c, a],
    ],
    ['inversion: mutex c > mutex a'],
  ],
  [
    'three mutexes in one order',
    [
      [a, b],
      [b, c],
      [a, c],
    ],
    [],
  ],
  [
    'a mutex and a writer',
    [
      [a, writing('r')],
      [writing('r'), a],
    ],
    ['inversion: rwlock r > mutex a'],
  ],
  [
    'a mutex and a reader',
    [
      [a, reading('r')],
      [reading('r'), a],
    ],
    ['inversion: rwlock r > mutex a'],
  ],
  [
    'two readers in both orders, between which writers come',
    [
      [reading('r'), reading('s')],
      [reading('s'), reading('r')],
    ],
    ['inversion: rwlock s > rwlock r'],
  ],
  [
    'a mutex and an announced lock',
    [
      [a, announced('db')],
      [announced('db'), a],
    ],
    ['inversion: db > mutex a'],
  ],
  [
    'a mutex, an announced lock and a writer',
    [
      [a, announced('db')],
      [announced('db'), writing('r')],
      [writing('r'), a],
    ],
    ['inversion: rwlock r > mutex a'],
  ],
];

for (const [what, lists, keys] of ORDERS) {
  test(`a validating heap, ${keys.length > 0 ? 'reports' : 'says nothing of'} ${what}`, async (t) => {
    const found = await reportsOf(t, (heap) => nest(heap, ...lists));
    assert.deepEqual(found.keys, keys);
    for (const message of found.messages) assert.match(message, /shared-heap-locks\.test/);
  });
}

test('a validating heap, gives no order to what is taken under a permit, which any thread may give back', async (t) => {
  const { keys } = await reportsOf(t, (heap) => nest(heap, [a, permit('p')], [permit('p'), a]));
  assert.deepEqual(keys, []);
});

test('a validating heap, lets a thread read again what it reads, and reports a task that queues behind itself', async (t) => {
  const again = await reportsOf(t, (heap) => nest(heap, [reading('r'), reading('r')]));
  assert.deepEqual(again.keys, []);
  const queued = await reportsOf(t, async (heap) => {
    const outer = await heap.rwLock('r').read();
    await later();
    const inner = await heap.rwLock('r').read();
    inner.release();
    outer.release();
  });
  assert.deepEqual(queued.keys, ['deadlock: rwlock r']);
});

test('lockSync(), of a mutex that this thread has is reported before it is refused', async (t) => {
  const { keys } = await reportsOf(t, (heap) => {
    const guard = heap.mutex('a').lockSync();
    assert.throws(() => heap.mutex('a').lockSync(), /would wait for itself/);
    guard.release();
    heap.mutex('a').lockSync().release();
  });
  assert.deepEqual(keys, ['deadlock: mutex a']);
});

test('tryLock(), in the wrong order is not reported, and what is waited for under it is', async (t) => {
  const { keys } = await reportsOf(t, (heap) => {
    nest(heap, [a, b]);
    const guard = heap.mutex('b').tryLock()!;
    heap.mutex('a').tryLock()!.release();
    guard.release();
  });
  assert.deepEqual(keys, []);
  const under = await reportsOf(t, (heap) => {
    nest(heap, [a, b]);
    const guard = heap.mutex('b').tryLock()!;
    heap.mutex('a').lockSync().release();
    guard.release();
  });
  assert.deepEqual(under.keys, ['inversion: mutex b > mutex a']);
});

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function lockBoth(heap: Heap, outer: string, inner: string): Promise<void> {
  const held = await heap.mutex(outer).lock();
  await later();
  const other = await heap.mutex(inner).lock();
  await later();
  other.release();
  held.release();
}

test('lock(), in both orders by two async tasks is reported, with the order seen before', async (t) => {
  const { keys, messages } = await reportsOf(t, async (heap) => {
    await lockBoth(heap, 'a', 'b');
    await lockBoth(heap, 'b', 'a');
  });
  assert.deepEqual(keys, ['inversion: mutex b > mutex a']);
  assert.match(messages[0]!, /lockBoth/);
});

test('lock(), of tasks beside each other gives no order', async (t) => {
  const { keys } = await reportsOf(t, async (heap) => {
    const task = async (...names: string[]): Promise<void> => {
      for (const name of names) {
        const guard = await heap.mutex(name).lock();
        await later();
        guard.release();
        await later();
      }
    };
    await Promise.all([task('a', 'b', 'c'), task('b', 'c', 'a'), task('c', 'a', 'b')]);
    // Two tasks that one has started, each with one lock, and one that waits for both.
    await Promise.all([task('a'), task('b')]);
    await task('c');
  });
  assert.deepEqual(keys, []);
});

test('lock(), by tasks that a task with a lock awaits is ordered after that lock', async (t) => {
  const { keys } = await reportsOf(t, async (heap) => {
    const take = async (name: string): Promise<void> => {
      const guard = await heap.mutex(name).lock();
      await later();
      guard.release();
    };
    const guard = await heap.mutex('a').lock();
    await Promise.all([take('b'), take('c')]);
    guard.release();
    const other = await heap.mutex('c').lock();
    await take('a');
    other.release();
  });
  assert.deepEqual(keys, ['inversion: mutex c > mutex a']);
});

test('lockSync(), while a task of the thread has another lock comes after that', async (t) => {
  const { keys } = await reportsOf(t, async (heap) => {
    nest(heap, [b, a]);
    const guard = await heap.mutex('a').lock();
    heap.mutex('b').lockSync().release();
    guard.release();
  });
  assert.deepEqual(keys, ['inversion: mutex a > mutex b']);
});

/** What is allocated, freed and kept, until the slow paths are met. */
function allocateMuch(heap: Heap, gfp: Gfp): Address[] {
  const taken: Address[] = [];
  for (let i = 0; i < 12; i++) {
    for (const bytes of [24, 2000, 20_000]) taken.push(heap.kmalloc(bytes, gfp));
  }
  return taken;
}

/** allocateMuch() under a raw lock that nobody has announced, as one of Lull's own. */
function underRawLock(heap: Heap, gfp: Gfp): number {
  const word = heap.kmalloc(8, GFP_KERNEL | __GFP_ZERO);
  const raw = partsOf(heap).locks.rawSpinLock(word, lockClass('raw', WAIT.spin), 'raw');
  raw.acquire();
  const taken = allocateMuch(heap, gfp);
  raw.release();
  heap.kfreeBulk(taken.filter((p) => p !== 0));
  heap.kfree(word);
  return taken.length;
}

for (const [name, gfp] of [
  ['GFP_KERNEL', GFP_KERNEL],
  ['GFP_NOWAIT', GFP_NOWAIT],
  ['GFP_ATOMIC', GFP_ATOMIC],
] as const) {
  test(`kmalloc(${name}), under a raw lock is reported: elsewhere the allocator's locks would wait`, async (t) => {
    const { keys, messages } = await reportsOf(t, (heap) => underRawLock(heap, gfp));
    for (const lock of ['slabs', 'zone'])
      assert.ok(keys.includes(`wait-context: raw > ${lock}`), `${lock}: ${keys}`);
    assert.deepEqual(
      keys.filter((key) => !key.startsWith('wait-context: raw > ')),
      [],
    );
    assert.equal(new Set(keys).size, keys.length);
    for (const message of messages) assert.match(message, /underRawLock/);
  });
}

test('kmalloc(), under a raw lock that is announced, only tries: GFP_KERNEL is refused, and nothing is reported', async (t) => {
  const { keys } = await reportsOf(t, (heap) => {
    const raw = heap.lockClass('raw', { wait: 'spin' });
    raw.acquired();
    assert.throws(() => heap.kmalloc(24, GFP_KERNEL), { name: 'ContextError' });
    const taken = [...allocateMuch(heap, GFP_NOWAIT), ...allocateMuch(heap, GFP_ATOMIC)];
    taken.push(...Array.from({ length: 12 }, () => heap.kmalloc(24)));
    for (const p of taken) if (p !== 0) heap.kfree(p);
    raw.released();
    return taken.map((p) => p !== 0);
  });
  assert.deepEqual(keys, []);
});

test('kmalloc(), under a raw lock is not reported with proveRawLockNesting: false, and lockSync() still is', async (t) => {
  const sizes = { ...SMALL, validate: { proveRawLockNesting: false } };
  const { keys } = await reportsOf(t, (heap) => underRawLock(heap, GFP_KERNEL), sizes);
  assert.deepEqual(keys, []);
  const sleeping = await reportsOf(
    t,
    (heap) => {
      const m = heap.mutex('m');
      const raw = heap.lockClass('raw', { wait: 'spin' });
      raw.acquired();
      m.lockSync().release();
      raw.released();
    },
    sizes,
  );
  assert.deepEqual(sleeping.keys, ['wait-context: raw > mutex m']);
});

test('kmalloc(GFP_NOLOCK), allocPagesNolock() and freePagesNolock(), under a raw lock are right', async (t) => {
  const { keys } = await reportsOf(t, (heap) => {
    const raw = heap.lockClass('raw', { wait: 'spin' });
    raw.acquired();
    const objects = [24, 24, 24, 2000].map((bytes) => heap.kmalloc(bytes, GFP_NOLOCK));
    for (let i = 0; i < 8; i++) {
      const pages = [0, 1, 3, 4].map((order) => heap.allocPagesNolock(order));
      for (const p of pages) if (p !== 0) heap.freePagesNolock(p);
    }
    raw.released();
    heap.kfreeBulk(objects.filter((p) => p !== 0));
    return objects.map((p) => p !== 0);
  });
  assert.deepEqual(keys, []);
});

/** Frees so many objects after a grace period, inside of a raw lock, that sheaves run full. */
function retireUnderRawLock(heap: Heap): void {
  const objects = Array.from({ length: 200 }, () => heap.kmalloc(64));
  const raw = heap.lockClass('raw', { wait: 'spin' });
  raw.acquired();
  for (const p of objects) heap.kfreeRcu(p);
  raw.released();
}

for (const pointerPageSource of ['opportunistic', 'thread-list', 'reserved', 'none', 'raw-lock'] as const) {
  test(`kfreeRcu(), under a raw lock is not reported, where its pages come from ${pointerPageSource}`, async (t) => {
    const sizes = { heap: { ...SMALL.heap, pointerPageSource } };
    const { keys } = await reportsOf(t, retireUnderRawLock, sizes);
    assert.deepEqual(keys, []);
  });
}

test('map operations, under a raw lock are refused by a ContextError, but for reading and trying', async (t) => {
  const { keys } = await reportsOf(t, (heap) => {
    const map = heap.map<string, number>('m');
    const raw = heap.lockClass('raw', { wait: 'spin' });
    map.set('a', 1);
    raw.acquired();
    assert.equal(map.get('a'), 1);
    assert.throws(() => map.set('a', 2), { name: 'ContextError', message: /in raw lock raw.*trySet\(\)/ });
    assert.throws(() => map.delete('a'), { name: 'ContextError', message: /in raw lock raw.*tryDelete\(\)/ });
    assert.equal(map.trySet('a', 3), true);
    raw.released();
    return map.get('a');
  });
  assert.deepEqual(keys, []);
});

test('a thread that may spin and never wait, is told of lockSync() by ContextError and of nothing else', async (t) => {
  const { keys } = await reportsOf(t, mixture, { ...SMALL, waitRight: 'may-spin' });
  assert.deepEqual(keys, []);
});

test('a thread that may neither wait nor spin, takes no lock that it would wait for, whatever it allocates and frees', async (t) => {
  const { keys } = await reportsOf(
    t,
    (heap) => {
      const pages = [heap.allocPages(0), heap.allocPagesNolock(1), heap.allocPages(2, GFP_ATOMIC)];
      const objects = Array.from({ length: 150 }, (_, i) => heap.kmalloc(i % 2 === 0 ? 24 : 2000));
      heap.freePages(pages[0]!);
      for (const p of pages.slice(1)) heap.freePagesNolock(p);
      for (const [i, p] of objects.entries()) {
        if (i % 3 === 0) heap.kfree(p);
        else if (i % 3 === 1) heap.kfreeRcu(p);
        else heap.kfreeNolock(p);
      }
      heap.quiesce();
      heap.shrink();
      return heap.words.load(1000);
    },
    { ...SMALL, waitRight: 'may-neither' },
  );
  assert.deepEqual(keys, []);
});

/** What reclaims memory takes `name` as well: a shrinker of the user's. */
function reclaimTaking(heap: Heap, name: string): void {
  const { fittings } = partsOf(heap);
  const shrunk = heap.mutex(name);
  fittings.enterReclaim();
  shrunk.lockSync().release();
  fittings.exitReclaim();
}

const RECLAIMING: Record<string, (heap: Heap) => void> = {
  'kmalloc(GFP_KERNEL)': (heap) => heap.kfree(heap.kmalloc(24)),
  'kmalloc() of pages': (heap) => heap.kfree(heap.kmalloc(20_000)),
  'allocPages()': (heap) => heap.freePages(heap.allocPages(0)),
  'map.set()': (heap) => void heap.map<string, number>('m').set('a', 1),
  'slabCache().alloc()': (heap) => {
    const cache = heap.slabCache('points', 24);
    cache.free(cache.alloc());
  },
};

for (const [name, allocate] of Object.entries(RECLAIMING)) {
  test(`${name}, under a lock that reclaim takes is reported, though memory is not short`, async (t) => {
    const { keys, messages } = await reportsOf(t, (heap) => {
      // Opened before, so that nothing else allocates under the lock.
      allocate(heap);
      reclaimTaking(heap, 'a');
      const guard = heap.mutex('a').lockSync();
      allocate(heap);
      guard.release();
    });
    assert.deepEqual(keys, ['inversion: mutex a > reclaim']);
    assert.match(messages[0]!, /reclaimTaking/);
    const other = await reportsOf(t, (heap) => {
      allocate(heap);
      reclaimTaking(heap, 'a');
      heap.mutex('b');
      nest(heap, [b]);
      const guard = heap.mutex('b').lockSync();
      allocate(heap);
      guard.release();
    });
    assert.deepEqual(other.keys, []);
  });
}

test('kmalloc(GFP_NOWAIT), under a lock that reclaim takes is right', async (t) => {
  const { keys } = await reportsOf(t, (heap) => {
    reclaimTaking(heap, 'a');
    const guard = heap.mutex('a').lockSync();
    heap.kfree(heap.kmalloc(24, GFP_NOWAIT));
    guard.release();
  });
  assert.deepEqual(keys, []);
});

/** A bit of everything, right. Returns what can be compared. */
async function mixture(heap: Heap, stage: ValidatedHeap): Promise<unknown> {
  const results: unknown[] = [];
  const { words } = heap;
  const mayWait = stage.host.waitRight === 'may-wait';
  const users = heap.map<string, { round: number; name: string }>('users');
  const counts = heap.map<string, number>('counts');
  const log = heap.slabCache('log', 40);
  const place = heap.kmalloc(64);
  for (let round = 0; round < 30; round++) {
    const p = heap.kmalloc(8 + ((round * 37) % 3000));
    words.storePlain(p, round);
    const old = words.exchange(place, p) as Address;
    if (round > 0) heap.kfreeRcu(old);
    results.push(heap.turn(() => words.loadPlain(words.dereference(place))));
    users.set(`user ${round % 11}`, { round, name: `name ${round}` });
    results.push(users.get(`user ${(round * 5) % 11}`), users.size);
    if (round % 4 === 0) users.delete(`user ${round % 11}`);
    results.push(counts.update('count', (n) => (n ?? 0) + 1));
    const entry = log.alloc();
    log.free(entry);
    const guard = mayWait ? heap.mutex('orders').lockSync() : heap.mutex('orders').tryLock()!;
    results.push(guard.ownerDied);
    guard.release();
    if (mayWait) heap.rwLock('rw').readSync().release();
    (await heap.mutex('orders').lock()).release();
    const pages = heap.allocPagesNolock(round % 3);
    if (pages !== 0) heap.freePagesNolock(pages);
    heap.quiesce();
    if (round % 10 === 9) stage.host.advance(5);
  }
  results.push([...users.keys()].sort(), [...users.values()].length);
  heap.kfree(words.exchange(place, 0) as Address);
  heap.kfree(place);
  users.clear();
  counts.clear();
  heap.shrink();
  stage.host.advance(50);
  stage.endTurn();
  const { problems, unreachable } = heap.balance();
  results.push(problems, unreachable);
  return results;
}

for (const [name, sizes] of [
  ['default sizes', {}],
  ['TINY sizes', SMALL],
  ['strict', { heap: { strict: true, bytes: 2 ** 22 } }],
] as const) {
  test(`a validating heap, does the same as a plain one and reports nothing where nothing is wrong (${name})`, async (t) => {
    const { keys } = await reportsOf(t, mixture, sizes);
    assert.deepEqual(keys, []);
  });
}

test('a validating heap, does the same as a plain one where memory is short', async (t) => {
  const { keys } = await reportsOf(
    t,
    (heap, stage) => {
      const results: string[] = [];
      const taken: Address[] = [];
      for (let i = 0; i < 40; i++) {
        try {
          taken.push(heap.kmalloc(3000, i % 2 === 0 ? GFP_KERNEL : GFP_NOWAIT));
          results.push(taken.at(-1) === 0 ? 'none' : 'some');
        } catch (error) {
          results.push((error as Error).name);
        }
        stage.endTurn();
      }
      heap.kfreeBulk(taken.filter((p) => p !== 0));
      return results;
    },
    { heap: { ...TINY, hashSeed: [1, 2] } },
  );
  assert.deepEqual(keys, []);
});

test('mutex(), made anew, leaves a turn that a loop which follows in the same run can renew', () => {
  const heap = Heap.create({ bytes: 2 ** 20 });
  const { turn } = partsOf(heap);
  heap.mutex('orders');
  assert.equal(turn.pinned, false);
  const map = heap.map<string, number>('counts');
  const { epoch } = turn;
  for (let i = 0; i < 2 * heap.geometry.turnOperations; i++) map.get('none');
  assert.ok(turn.epoch > epoch, 'the loop has held up every grace period');
  heap.detach();
});
