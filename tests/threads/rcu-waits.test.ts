/**
 * Waits for grace periods beside other threads: one that waits in Lull counts as idle, one that is busy in a turn holds
 * them up, wakes who waits when it is over, and is named where that takes long.
 */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Heap, type HeapOptions, RcuTimeoutError, type StallEvent, TINY } from '../../src/index.js';
import {
  LOCK_NAME,
  RCU_WAITS,
  type RcuWaitsBriefing,
  type RcuWaitsRole,
  SIGNAL,
  SIGNAL_WORDS,
  WAITS,
} from './rcu-waits.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

/** More than a grace period takes that nobody holds up, on a machine that has much else to do. */
const LIMIT_MILLIS = 20_000;
const STALL_MILLIS = 100;
const GRACE_PERIODS = 30;

const SIZES = [
  ['default sizes', { bytes: 16 * 2 ** 20 }],
  ['TINY sizes', { ...TINY, pages: 4096 }],
] as const;

interface Scene {
  readonly heap: Heap;
  /** What the console was told. */
  readonly lines: readonly string[];
  stop(): void;
}

/**
 * Starts a thread in each of `roles`, while this one has every lock; `meanwhile` runs beside them.
 * @returns what stalls the threads have reported
 */
async function withThreads(
  options: HeapOptions,
  roles: readonly RcuWaitsRole[],
  meanwhile: (scene: Scene) => Promise<void>,
): Promise<StallEvent[][]> {
  // Threads spin in turns here, which a validating heap would report.
  const heap = Heap.create({ ...options, threads: 4, validate: false });
  const signals = heap.kmalloc(SIGNAL_WORDS * 4);
  heap.words.fillPlain(signals, signals + SIGNAL_WORDS, 0);
  const condVar = heap.condVar(LOCK_NAME);
  const guards = roles.includes('condVar.waitSync()')
    ? []
    : [
        heap.mutex(LOCK_NAME).lockSync(),
        heap.rwLock(LOCK_NAME).writeSync(),
        heap.semaphore(LOCK_NAME, 1).acquireSync(),
      ];
  const lines: string[] = [];
  const spy = mock.method(console, 'error', (line: string) => lines.push(line));
  const stop = () => {
    for (const guard of guards.splice(0)) guard.release();
    heap.words.store(signals + SIGNAL.stop, 1);
    heap.words.notify(signals + SIGNAL.stop, 1);
    condVar.notifyAll();
  };
  const team = startTeam<StallEvent[]>(
    'rcu-waits-worker',
    roles.map((role): RcuWaitsBriefing => ({ handle: heap.handle, role, signals })),
  );
  try {
    while (heap.words.load(signals + SIGNAL.started) < roles.length) {
      await Promise.race([setTimeout(1), team.results]);
    }
    // What it does next is to wait.
    await setTimeout(20);
    await meanwhile({ heap, lines, stop });
  } finally {
    stop();
    spy.mock.restore();
  }
  // One that has just looked before it was told waits again.
  const again = setInterval(() => condVar.notifyAll(), 20);
  const results = await team.results.finally(() => clearInterval(again));
  await settle(heap);
  requireBalance(heap, [signals]);
  heap.detach();
  return results;
}

for (const wait of WAITS) {
  for (const [sizes, options] of SIZES) {
    test(`a thread in ${wait} counts as idle: grace periods end while it waits (${sizes})`, async () => {
      await withThreads(options, [wait], async ({ heap, lines }) => {
        for (let i = 0; i < GRACE_PERIODS; i++) {
          heap.synchronizeRcuSync({ timeoutMillis: LIMIT_MILLIS });
          heap.synchronizeRcuExpeditedSync({ timeoutMillis: LIMIT_MILLIS });
          await heap.synchronizeRcu({ timeoutMillis: LIMIT_MILLIS });
          const cookie = heap.rcu.startPoll();
          await heap.rcu.condSynchronize(cookie, { timeoutMillis: LIMIT_MILLIS });
        }
        assert.deepEqual(lines, [], SEED_NOTE);
      });
    });
  }
}

for (const [sizes, options] of SIZES) {
  test(`waits beside a thread that takes turn after turn end, in every form (${sizes})`, async () => {
    await withThreads(options, ['takes turn after turn'], async ({ heap, lines }) => {
      for (let i = 0; i < GRACE_PERIODS; i++) {
        heap.synchronizeRcuSync({ timeoutMillis: LIMIT_MILLIS });
        heap.synchronizeRcuExpeditedSync({ timeoutMillis: LIMIT_MILLIS });
        await heap.synchronizeRcu({ timeoutMillis: LIMIT_MILLIS });
        await heap.synchronizeRcuExpedited({ timeoutMillis: LIMIT_MILLIS });
        await heap.rcu.condSynchronize(heap.rcu.getState(), { timeoutMillis: LIMIT_MILLIS });
      }
      const cookie = heap.rcu.startPoll();
      const limit = Date.now() + LIMIT_MILLIS;
      while (!heap.rcu.poll(cookie) && Date.now() < limit) await setTimeout(1);
      assert.equal(heap.rcu.poll(cookie), true, SEED_NOTE);
      assert.deepEqual(lines, [], SEED_NOTE);
    });
  });
}

test('who waits is woken by the thread that held it up, however seldom it looks itself', async () => {
  const options = { bytes: 16 * 2 ** 20, pollMillis: 1000, drainMillis: 60_000 };
  await withThreads(options, ['takes turn after turn'], async ({ heap }) => {
    const begin = performance.now();
    for (let i = 0; i < GRACE_PERIODS; i++) {
      heap.synchronizeRcuExpeditedSync({ timeoutMillis: LIMIT_MILLIS });
      await heap.synchronizeRcu({ timeoutMillis: LIMIT_MILLIS });
    }
    const millis = performance.now() - begin;
    // By its own looks it would take a second each.
    assert.ok(
      millis < (GRACE_PERIODS * 1000) / 2,
      `${2 * GRACE_PERIODS} waits took ${millis} ms ${SEED_NOTE}`,
    );
  });
});

for (const wait of RCU_WAITS) {
  test(`a stall names the thread that spins in a turn, and not one in ${wait}`, async () => {
    const options = { bytes: 16 * 2 ** 20, stallMillis: STALL_MILLIS };
    const told: StallEvent[] = [];
    const results = await withThreads(options, ['spins in a turn', wait], async ({ heap, lines, stop }) => {
      const events: StallEvent[] = [];
      heap.rcu.on('stall', (event) => events.push(event));
      assert.throws(
        () => heap.synchronizeRcuSync({ timeoutMillis: 10 }),
        (error: Error) => error instanceof RcuTimeoutError && /thread 'spins in a turn'/.test(error.message),
      );
      await heap.synchronizeRcu({ timeoutMillis: 4 * STALL_MILLIS }).catch(() => {});
      for (const { message, millis } of events) {
        assert.ok(millis >= STALL_MILLIS);
        assert.ok(lines.includes(message));
      }
      stop();
      heap.synchronizeRcuSync({ timeoutMillis: LIMIT_MILLIS });
      const reports = lines.length;
      await setTimeout(3 * STALL_MILLIS);
      heap.synchronizeRcuSync({ timeoutMillis: LIMIT_MILLIS });
      assert.equal(lines.length, reports, 'a stall that has ended is reported no more');
      told.push(...events);
    });
    told.push(...results.flat());
    // One of the two that waited has made each report.
    assert.ok(told.length > 0, SEED_NOTE);
    for (const { holdouts, message } of told) {
      assert.deepEqual(
        holdouts.map(({ name }) => name),
        ['spins in a turn'],
        SEED_NOTE,
      );
      assert.match(message, /did nothing in Lull since then, so it is in other code/);
    }
  });
}

test('a stall says of a thread that works in Lull that it does', async () => {
  const options = { bytes: 16 * 2 ** 20, stallMillis: STALL_MILLIS };
  await withThreads(options, ['works in a turn'], async ({ heap, lines }) => {
    heap.kfreeRcu(heap.kmalloc(64));
    // On a busy machine it may not get to run for as long as the first report takes.
    const says = () =>
      lines.some((line) => /'works in a turn' \(slot 1\), which is at work in Lull: it just /.test(line));
    for (let waited = 0; !says() && waited < LIMIT_MILLIS; waited += 10) await setTimeout(10);
    assert.ok(says(), `${lines.join('; ')} ${SEED_NOTE}`);
  });
});
