/**
 * Grace periods while another thread does not come back to its event loop: they go on where it holds no
 * address, and they wait where it does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Address, Heap, type HeapOptions, OutOfMemoryError, TINY } from '../../src/index.js';
import { BUSY_MAP, type GracePeriodsBriefing, type Role, SIGNAL, SIGNAL_WORDS } from './grace-periods.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const ENTRIES = 500;
const GRACE_PERIODS = 25;
/** Much longer than a grace period takes that nobody holds up. */
const HELD_UP_POLLS = 60;
const LIMIT_MILLIS = 20_000;

/** Starts a thread in `role`; `meanwhile` runs while it is at it, and `stop` ends it. */
async function withBusyThread(
  options: HeapOptions,
  role: Role,
  meanwhile: (heap: Heap, stop: () => void) => Promise<void>,
): Promise<void> {
  // Threads sleep in turns here, which a validating heap would report.
  const heap = Heap.create({ ...options, threads: 4, validate: false });
  const signals = heap.kmalloc(SIGNAL_WORDS * 4);
  heap.words.fillPlain(signals, signals + SIGNAL_WORDS, 0);
  const map = heap.map<string, number>(BUSY_MAP);
  map.set('hot', 0);
  for (let i = 0; i < ENTRIES; i++) map.set(`key ${i}`, i);
  const stop = () => {
    heap.words.store(signals + SIGNAL.stop, 1);
    heap.words.notify(signals + SIGNAL.stop, 1);
  };
  const briefing: GracePeriodsBriefing = { handle: heap.handle, role, signals };
  const team = startTeam<number>('grace-periods-worker', [briefing]);
  try {
    while (heap.words.load(signals + SIGNAL.started) === 0) await Promise.race([setTimeout(1), team.results]);
    await meanwhile(heap, stop);
  } finally {
    stop();
  }
  await team.results;
  await settle(heap);
  requireBalance(heap, [signals]);
  heap.detach();
}

/** Fails where the promise does not resolve; the worker is then told to stop, and its team ends. */
async function inTime(work: Promise<void>, what: string): Promise<void> {
  const limit = new AbortController();
  const late = setTimeout(LIMIT_MILLIS, 'late', { signal: limit.signal }).catch(() => 'off');
  const first = await Promise.race([work, late]);
  limit.abort();
  assert.notEqual(first, 'late', `${what} did not end in ${LIMIT_MILLIS} ms ${SEED_NOTE}`);
}

/** Objects deferred before each of many grace periods, all freed while the other thread goes on. */
async function requireProgress(heap: Heap): Promise<void> {
  const before = heap.stats();
  for (let i = 0; i < GRACE_PERIODS; i++) {
    const p: Address = heap.kmalloc(32);
    heap.kfreeRcu(p);
    await inTime(heap.synchronizeRcu(), `grace period ${i}`);
  }
  const after = heap.stats();
  assert.ok(after.gracePeriods - before.gracePeriods >= GRACE_PERIODS, SEED_NOTE);
}

const SIZES = [
  ['default sizes', { bytes: 16 * 2 ** 20 }],
  ['TINY sizes', { ...TINY, pages: 4096 }],
] as const;

const GOING_ON: readonly Role[] = [
  'gets in one run',
  'gets after a pause',
  'sets in one run',
  'iterates in one run',
  'allocates and calls quiesce()',
  'sleeps in idle()',
  'sleeps in idle(), attached twice',
];

for (const role of GOING_ON) {
  for (const [sizes, options] of SIZES) {
    test(`grace periods go on while a thread ${role} (${sizes})`, async () => {
      await withBusyThread(options, role, requireProgress);
    });
  }
}

const HOLDING_UP: readonly Role[] = ['sleeps in a turn', 'holds addresses in one run'];

for (const role of HOLDING_UP) {
  test(`synchronizeRcu() waits while a thread ${role}, and resolves when it has ended`, async () => {
    await withBusyThread({ bytes: 16 * 2 ** 20 }, role, async (heap, stop) => {
      const events: string[] = [];
      const synchronized = heap.synchronizeRcu().then(() => {
        events.push('synchronized');
      });
      for (let poll = 0; poll < HELD_UP_POLLS; poll++) await setTimeout(1);
      events.push('stopped');
      stop();
      await inTime(synchronized, 'synchronizeRcu()');
      assert.deepEqual(events, ['stopped', 'synchronized'], SEED_NOTE);
    });
  });
}

test('SharedMap.set() in a full heap waits for the turns of others to get what was deleted', async () => {
  await withBusyThread({ pages: 120, maxCaches: 70 }, 'takes turn after turn', async (heap) => {
    const map = heap.map<string, string>('full');
    const value = 'x'.repeat(2000);
    let keys = 0;
    while (canSet(() => map.set(`key ${keys}`, value))) keys++;
    let served = 0;
    for (let i = 0; i < keys; i++) {
      map.delete(`key ${i}`);
      if (canSet(() => map.set(`instead of ${i}`, value))) served++;
    }
    // A thread that the system keeps from ending its turn for long may cost some.
    assert.ok(served > 0.8 * keys, `${served} of ${keys} ${SEED_NOTE}`);
  });
});

function canSet(set: () => unknown): boolean {
  try {
    set();
    return true;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return false;
    throw error;
  }
}
