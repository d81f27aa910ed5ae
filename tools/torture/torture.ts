/**
 * A torture run: a heap, scenarios, workers that do all they can to each other and are killed at random; and at the end an
 * account of every page and object.
 *
 *     prepare -> crew.torture() -> crew.stop() -> audit -> TortureResult
 */
import { Heap, type HeapOptions } from '../../src/index.js';
import { LockMaker } from '../../src/locks/lock-maker.js';
import { audit, NO_AUDIT, type TortureAudit } from './audit.js';
import { Control, PIPE_SLOTS, SEAT } from './control.js';
import { TortureCrew } from './crew.js';
import { notEnough } from './enough.js';
import { Findings } from './findings.js';
import { requireZeros } from './must-be-zero.js';
import { Random } from './random.js';
import type { Main, Operation, Scenario } from './scenario.js';
import { checkCounters, MAPS } from './scenarios/maps.js';
import { findScenarios } from './scenarios.js';
import { Stage } from './stage.js';
import type { TortureOptions } from './torture-options.js';
import type { TortureResult } from './torture-result.js';
import { EXIT_MAP } from './worker-faults.js';

const SLOTS = 64;
const MOST_SLOTS = 255;
/** A seat's worker, the one before it that is not reaped yet, and who does that. */
const SLOTS_A_SEAT = 3;
/** Main's wait for a lock keeps it from hearing of its owner's death: it is to be over before that of workers is. */
const MAIN_HASTE = 8;
const MAIN_STREAM = 0x7fff;

/**
 * Runs it.
 *
 * @param isCancelled asked now and then, with the operations done: true ends the run early, with its account
 *
 * Errors   what Heap.create() throws.
 */
export async function torture(
  options: TortureOptions,
  isCancelled: (operations: number) => boolean = () => false,
): Promise<TortureResult> {
  const scenarios = findScenarios(options.scenarios)!;
  const { threads, heapBytes, oom, skips, seed } = options;
  const random = new Random(seed, MAIN_STREAM);
  const heap = Heap.create(
    {
      ...shapeOf(random),
      bytes: heapBytes,
      threads: Math.min(MOST_SLOTS, Math.max(SLOTS, 1 + threads * SLOTS_A_SEAT)),
      faultInjection: oom > 0,
      name: 'torture',
      // A worker that stalls is no fault of the heap's.
      stallMillis: 0,
      ...(skips.length > 0 ? { spinRounds: BROKEN_SPIN_ROUNDS } : {}),
    },
    {
      reaperSkips: new Set(skips),
      lockMaker: (words, tag, rounds, observer) =>
        new LockMaker(words, tag, Math.ceil(rounds / MAIN_HASTE), observer),
    },
  );
  let longest = 0;
  heap.on('reap', ({ millis }) => {
    longest = Math.max(longest, millis);
  });
  const control = new Control(threads * 2);
  const findings = new Findings();
  const main: Main = { heap, control, seats: threads, findings };
  heap.rcu.on('callbackError', ({ error }) => findings.problem(`main: a callback threw: ${error}`));
  heap.map(EXIT_MAP);
  const shared = scenarios.map((scenario) => scenario.prepare(main));
  const operations = namesOf(operationsOfMain(main, scenarios, shared, random), options);
  heap.shrink();
  // By a timer of the heap, say: the run goes on, and has failed.
  const onUncaught = (error: Error) => findings.problem(`main: ${error.message}`);
  process.on('uncaughtException', onUncaught);
  try {
    const begin = performance.now();
    const crew = new TortureCrew({ main, scenarios, shared, operations, options, random });
    // A broken reaper has been found out by the first problem; what it leaves would take long to account for.
    const isFoundOut = () => skips.length > 0 && findings.problems > 0;
    const isOver = () => isCancelled(control.sum(SEAT.operations)) || isFoundOut();
    await crew.torture(options.seconds * 1000, isOver);
    if (isFoundOut()) await crew.abandon();
    else await crew.stop();
    const seconds = (performance.now() - begin) / 1000;
    const { gracePeriods, freedThroughList } = heap.stats();
    if (scenarios.includes(MAPS) && !isFoundOut()) checkCounters(main, crew.deaths.updatesCutOff);
    const audited = isFoundOut() ? NO_AUDIT : await audit(main, scenarios, shared);
    leave(main);
    const measured = { ...audited, longest, seconds, gracePeriods, freedThroughList };
    return judged(main, crew, options, scenarios, measured);
  } finally {
    // What timers of a broken heap still throw is known by now.
    if (findings.problems === 0) process.removeListener('uncaughtException', onUncaught);
  }
}

/** A heap that is broken may not let go either. */
function leave({ heap, findings }: Main): void {
  try {
    heap.detach();
  } catch (error) {
    findings.problem(`main cannot leave the heap: ${(error as Error).message}`);
  }
}

/** Some tenths of a second: of a lock that nobody repairs everyone gives up some time. */
const BROKEN_SPIN_ROUNDS = 30_000_000;

/** Small sheaves and lists come to the rare paths more often; the seed says how small. */
function shapeOf(random: Random): HeapOptions {
  const pageListHigh = random.of([0, 4, 64]);
  return {
    sheafCapacity: random.of([2, 6, 58]),
    barnSheaves: random.of([2, 256]),
    minPartialSlabs: random.of([0, 5]),
    pageListHigh,
    pageListBatch: Math.max(1, pageListHigh / 2),
    mapBucketsLog2: random.of([1, 3, 6]),
  };
}

/** Main does none of them: it wants their names. */
function operationsOfMain(
  { heap, control, seats }: Main,
  scenarios: readonly Scenario[],
  shared: readonly (readonly number[])[],
  random: Random,
): Operation[] {
  const stage = new Stage({ heap, control, random, seat: 0, seats, onWrong: () => {}, attach: () => heap });
  return scenarios.flatMap((scenario, i) => scenario.operations(stage, shared[i]!));
}

function namesOf(operations: readonly Operation[], { stall }: TortureOptions): string[] {
  const names = operations.map(({ name }) => name);
  return stall ? [...names, 'stall'] : names;
}

interface Measured extends TortureAudit {
  readonly longest: number;
  readonly seconds: number;
  readonly gracePeriods: number;
  readonly freedThroughList: number;
}

function judged(
  { control, findings, seats }: Main,
  { deaths }: TortureCrew,
  options: TortureOptions,
  scenarios: readonly Scenario[],
  { longest, ...measured }: Measured,
): TortureResult {
  const pipe = Array.from({ length: PIPE_SLOTS }, (_, i) => control.sum(SEAT.pipe + i));
  if (pipe.slice(2).some((count) => count > 0)) {
    findings.wrong(`readers saw what had been removed before a grace period: Reader Pipe ${pipe.join(' ')}`);
  }
  const result = {
    ...measured,
    seed: options.seed,
    threads: seats,
    scenarios: scenarios.map(({ name }) => name),
    heapBytes: options.heapBytes,
    operations: control.sum(SEAT.operations),
    kills: deaths.kills,
    killsInCriticalSections: deaths.inCriticalSections,
    killsInReaper: deaths.inReaper,
    reaps: deaths.reaps,
    exits: deaths.exits,
    killsByClass: sorted(deaths.byClass),
    killsByOperation: sorted(deaths.byOperation),
    longestReapMillis: Number(longest.toFixed(2)),
    hangs: findings.hangs,
    wrongValues: findings.wrongValues + control.sum(SEAT.wrongValues),
    lockTimeouts: control.sum(SEAT.lockTimeouts),
    deadOwners: control.sum(SEAT.deadOwners),
    refusals: control.sum(SEAT.refusals),
    nolockRefusals: control.sum(SEAT.nolockRefusals),
    reads: control.sum(SEAT.reads),
    readerPipe: pipe,
    joins: control.sum(SEAT.joins),
    stalls: control.sum(SEAT.stalls),
    callbacksQueued: control.sum(SEAT.callbacksQueued),
    callbacksLost: findings.callbacksLost,
    callbacksInterrupted: findings.callbacksInterrupted,
    objectsReturned: findings.objectsReturned,
  };
  if (deaths.reaps < deaths.kills) {
    findings.problem(`${deaths.kills} threads died with a slot, and ${deaths.reaps} slots were reaped`);
  }
  requireZeros(result, findings);
  if (result.operations === 0) findings.problem('no operation came to its end: the run says nothing');
  return {
    ...result,
    problems: findings.texts,
    notEnough: notEnough(result, options),
    result: findings.problems === 0 ? 'SUCCESS' : 'FAILURE',
  };
}

/** The largest first. */
function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
