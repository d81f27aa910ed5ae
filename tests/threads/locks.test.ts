/**
 * Locks by real threads: 4 of them take one lock over and over, never two are inside at once, and nobody waits for
 * long. Prints the longest wait of each kind.
 *
 * LULL_LONG=1 makes it 10 million acquisitions of each kind, in teams of at most a million; fewer where each costs a
 * way through the event loop or a sleep.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Heap } from '../../src/index.js';
import {
  type LocksBriefing,
  type LocksResult,
  type LockUse,
  prepareScene,
  SCENE_WORDS,
  Scene,
} from './locks.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const THREADS = 4;
const IS_LONG = process.env.LULL_LONG === '1';
/** Far more than any thread has to wait, on a machine that does other things as well. */
const LONGEST_MILLIS = 5000;

/** Each thread rests inside far more often than that. */
const VISITS_A_TURNOVER = 2000;

/**
 * Runs of which one must have had as many turnovers. On a machine that does other things a thread may be done before
 * the next begins; that nobody meets another in so many runs is the lock's doing.
 */
const MOST_RUNS = 6;

/** How many acquisitions of all threads together, in the gate and in the long run; and how many of a team. */
interface Amount {
  readonly quick: number;
  readonly long: number;
  readonly team: number;
}

const FAST: Amount = { quick: 80_000, long: 10_000_000, team: 1_000_000 };
/** Each waits for the event loop, or for another thread to wake up. */
const SLOW: Amount = { quick: 8_000, long: 1_000_000, team: 200_000 };

const USES: ReadonlyMap<LockUse, Amount> = new Map([
  ['Mutex, lockSync()', FAST],
  ['Mutex, lock()', SLOW],
  ['Mutex, lockSync() in some threads and lock() in others', SLOW],
  ['Mutex, lockSync() while a task of the thread waits for lock()', SLOW],
  ['RwLock, readSync() and writeSync()', FAST],
  ['RwLock, read() and write()', SLOW],
  ['Semaphore of 2, acquireSync()', FAST],
  ['Semaphore of 2, acquire()', SLOW],
  ['SpinLock', FAST],
  ['RawSpinLock', FAST],
  ['SeqLock, read() and write()', FAST],
  ['CondVar, waitSync()', SLOW],
  ['CondVar, wait()', SLOW],
]);

/** Uses in which not every visit changes the counter. */
const LOOKS_TOO = /RwLock|SeqLock|Semaphore/;

async function runTeams(heap: Heap, use: LockUse, amount: Amount): Promise<LocksResult[]> {
  const scene = heap.kmalloc(SCENE_WORDS * 4);
  prepareScene(heap.words, scene);
  const results: LocksResult[] = [];
  const total = IS_LONG ? amount.long : amount.quick;
  for (let done = 0; done < total; done += amount.team) {
    const acquisitions = Math.min(amount.team, total - done) / THREADS;
    const briefing: LocksBriefing = { handle: heap.handle, use, scene, threads: THREADS, acquisitions };
    const team = startTeam<LocksResult>('locks-worker', new Array(THREADS).fill(briefing));
    results.push(...(await team.results));
  }
  const counted = new Scene(heap.words, scene, THREADS, 0).counted();
  assert.equal(counted, sumOf(results, 'changes'), `a change was lost ${SEED_NOTE}`);
  heap.kfree(scene);
  return results;
}

/** Runs until the threads of one run have met, which is what the test is about; each run is looked at. */
async function runUntilMet(t: TestContext, heap: Heap, use: LockUse, amount: Amount): Promise<void> {
  for (let run = 1; ; run++) {
    const began = performance.now();
    const results = await runTeams(heap, use, amount);
    const isMet = judge(t, use, results, (performance.now() - began) / 1000);
    if (isMet) return;
    assert.ok(run < MOST_RUNS, `in none of ${run} runs did the threads meet ${SEED_NOTE}`);
  }
}

/** Says what a run has found. Returns whether its threads have met. */
function judge(t: TestContext, use: LockUse, results: readonly LocksResult[], seconds: number): boolean {
  const acquisitions = sumOf(results, 'acquisitions');
  const turnovers = sumOf(results, 'turnovers');
  const longest = Math.max(...results.map(({ longestMillis }) => longestMillis));
  t.diagnostic(
    `${use}: ${acquisitions} acquisitions in ${seconds.toFixed(1)} s, ${turnovers} turnovers, ` +
      `longest wait ${longest.toFixed(1)} ms, ${sumOf(results, 'slowWaits')} slow ones`,
  );
  if (!LOOKS_TOO.test(use)) assert.equal(sumOf(results, 'changes'), acquisitions, SEED_NOTE);
  assert.ok(longest < LONGEST_MILLIS, `a thread waited for ${longest} ms ${SEED_NOTE}`);
  return turnovers > acquisitions / VISITS_A_TURNOVER;
}

for (const [use, amount] of USES) {
  test(`${use}, lets nobody else in, and in turn everybody, where 4 threads take it`, async (t) => {
    const heap = Heap.create({ bytes: 16 * 2 ** 20, threads: THREADS + 1 });
    await runUntilMet(t, heap, use, amount);
    await settle(heap);
    requireBalance(heap, []);
    heap.detach();
  });
}

function sumOf(results: readonly LocksResult[], count: keyof LocksResult): number {
  return results.reduce((sum, result) => sum + result[count], 0);
}
