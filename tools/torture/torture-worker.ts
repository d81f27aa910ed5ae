/**
 * One worker of a torture run: joins the heap, does what the scenarios say in an order that its seed chooses, until it is told
 * to leave, or killed.
 *
 * An undertaker does nothing but to join: whoever joins a heap reaps who is dead. It may be killed in that.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import type { ReaperStep } from '../../src/heap/reaper-steps.js';
import { Heap, type HeapHandle, LockTimeoutError } from '../../src/index.js';
import { tryAfterNews } from './after-news.js';
import { wordsOf } from './aims.js';
import { Control, RUN, SEAT } from './control.js';
import { slotsOf } from './dead-thread.js';
import { aim, arm, breakWords } from './fault-words.js';
import { Random } from './random.js';
import type { Operation } from './scenario.js';
import { findScenarios } from './scenarios.js';
import { Stage } from './stage.js';
import { EXIT_MAP, FAULT, readFault } from './worker-faults.js';

export interface WorkerBriefing {
  readonly handle: HeapHandle;
  readonly control: SharedArrayBuffer;
  readonly seats: number;
  readonly seat: number;
  readonly isUndertaker: boolean;
  /** The n-th worker of its seat. */
  readonly stay: number;
  readonly seed: number;
  readonly scenarios: readonly string[];
  /** Of each scenario: what prepare() returned. */
  readonly shared: readonly (readonly number[])[];
  /** It can be stopped at a chosen access. */
  readonly isBreakable: boolean;
  /** Percent of the allocations that fail. */
  readonly oom: number;
  readonly stall: boolean;
  readonly skips: readonly ReaperStep[];
}

/** What a worker says: of values that are wrong, and of its own failure. */
export type FromWorker =
  | { readonly kind: 'wrong'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string };

/** Between looks at the event loop: timers, and what the heap has put off. */
const SLICE_MILLIS = 2;
const LONGEST_STALL_MILLIS = 400;

const briefing = workerData as WorkerBriefing;
const { seat, seats, seed, stay } = briefing;
const control = new Control(seats * 2, briefing.control);
const random = new Random(seed, (stay << 8) | seat);
const start = control.seat(seat);
const say = (message: FromWorker) => parentPort!.postMessage(message);

/** Takes up what main wants to become of this thread. */
function takeFault(stage: Stage): void {
  const fault = control.words[start + SEAT.fault]!;
  if (fault === 0) return;
  control.words[start + SEAT.fault] = 0;
  if (fault > 0) stopLater(stage.heap, fault);
  else if (fault === FAULT.exit) process.exit(0);
  else if (fault === FAULT.throw) throw new Error('torture: an error that nobody catches');
  else if (fault === FAULT.exitInside) {
    stage.orRefused(() => stage.heap.map<string, string>(EXIT_MAP).update('key', () => process.exit(0)));
    process.exit(0);
  }
}

function stopLater(heap: Heap, fault: number): void {
  const { aim: aimed, accesses } = readFault(fault);
  if (aimed === undefined) {
    arm(accesses);
    return;
  }
  const [slot] = slotsOf(heap.words, heap.geometry, threadId);
  aim(wordsOf(heap.words, heap.geometry, slot!, aimed), accesses);
}

function stallFor(stage: Stage): void {
  const end = performance.now() + stage.random.below(LONGEST_STALL_MILLIS);
  stage.count(SEAT.stalls);
  stage.heap.turn(() => {
    while (performance.now() < end) control.words[start + SEAT.heartbeat]!++;
  });
}

function operationsOf(stage: Stage): Operation[] {
  const scenarios = findScenarios(briefing.scenarios)!;
  const operations = scenarios.flatMap((scenario, i) => scenario.operations(stage, briefing.shared[i]!));
  if (briefing.stall) operations.push({ name: 'stall', weight: 0.02, run: () => stallFor(stage) });
  return operations;
}

/** What is to be so in each heap that it joins. */
function begin(heap: Heap): void {
  heap.rcu.on('callbackError', ({ error }) => say({ kind: 'wrong', text: `a callback threw: ${error}` }));
  if (briefing.oom === 0) return;
  const probability = briefing.oom;
  heap.failslab.set({ probability, seed: random.next() });
  heap.failPageAlloc.set({ probability, seed: random.next() });
}

/** Does operations for a while, or until it has joined anew: they are those of one heap. */
function doSlice(stage: Stage, pick: Picker): void {
  const { heap } = stage;
  const end = performance.now() + SLICE_MILLIS;
  do {
    takeFault(stage);
    const chosen = pick.next(random);
    control.words[start + SEAT.heartbeat]!++;
    control.words[start + SEAT.operation] = chosen + 1;
    try {
      pick.operations[chosen]!.run();
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      stage.count(SEAT.lockTimeouts);
      say({ kind: 'wrong', text: `${pick.operations[chosen]!.name}: ${error.message}` });
    }
    control.words[start + SEAT.operation] = 0;
    control.words[start + SEAT.operations]!++;
  } while (stage.heap === heap && performance.now() < end && control.run(RUN.stop) === 0);
}

/** Picks operations by their weights. */
class Picker {
  readonly operations: readonly Operation[];
  private readonly _ends: number[] = [];

  constructor(operations: readonly Operation[]) {
    this.operations = operations;
    let end = 0;
    for (const { weight } of operations) {
      end += weight;
      this._ends.push(end);
    }
  }

  next(numbers: Random): number {
    const at = (numbers.next() / 2 ** 32) * this._ends[this._ends.length - 1]!;
    return this._ends.findIndex((end) => at < end);
  }
}

async function work(): Promise<void> {
  control.set(seat, SEAT.isLoaded, 1);
  if (briefing.isBreakable) breakWords();
  const first = control.words[start + SEAT.fault]!;
  if (briefing.isUndertaker && first > 0) arm(first);
  const heap = attach();
  if (briefing.isUndertaker) {
    await tryAfterNews(() => heap.detach());
    return;
  }
  begin(heap);
  const stage = new Stage({
    heap,
    control,
    random,
    seat,
    seats,
    onWrong: (text) => say({ kind: 'wrong', text }),
    attach,
  });
  let joined = heap;
  control.set(seat, SEAT.isReady, 1);
  let pick = new Picker(operationsOf(stage));
  while (control.run(RUN.stop) === 0) {
    doSlice(stage, pick);
    if (stage.heap !== joined) {
      joined = stage.heap;
      begin(joined);
      pick = new Picker(operationsOf(stage));
    }
    await setImmediate();
  }
  await tryAfterNews(() => stage.heap.detach());
}

function attach(): Heap {
  const name = briefing.isUndertaker ? 'undertaker' : `seat ${seat}`;
  return Heap.attach(briefing.handle, { name }, { reaperSkips: new Set(briefing.skips) });
}

await work().catch((error: Error) => {
  if (error.message.startsWith('torture:')) throw error;
  say({ kind: 'failed', text: `seat ${seat}: ${error.stack ?? error}` });
  control.set(seat, SEAT.operation, 0);
  throw error;
});
