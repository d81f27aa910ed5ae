/**
 * A team: worker threads of one subject that begin a round together, and the parent of them that counts.
 *
 *     parent    order to each --> all at the gate --> gate opens --> first member is done, or time is up: round over
 *     member    prepare once, then for each order: wait at the gate, work, say when it began and when it was done
 *
 * The threads stand at a gate until all are there; each says when it passed the gate and when it was done, by
 * the machine's monotonic clock, which all threads of a process share. A rate is taken over the time from the
 * first start to the last end, so a thread that comes late counts against the result.
 *
 * A member that only makes a load for the first looks at `isOver`; one that has a number of operations need not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** When one thread worked, in nanoseconds of the monotonic clock, and what it found. */
export interface Stretch<R> {
  readonly start: number;
  readonly end: number;
  readonly result: R;
}

/** One round of one thread; `isOver` tells a thread that has no number of its own when to stop. */
export type Work<R> = (operations: number, isOver: () => boolean) => R;

interface Membership<T> {
  readonly signals: Int32Array;
  readonly input: T;
}

/** Words of the signals: number of the round that may begin, and of the last that is over. */
const OPENING = 0;
const OVER = 1;
const SIGNALS = 2;

/**
 * The thread's side.
 *
 * @param prepare  called once with what the parent gave to this thread; returns what to do in each round.
 */
export function workInTeam<T, R>(prepare: (input: T) => Work<R>): void {
  const { signals, input } = workerData as Membership<T>;
  const work = prepare(input);
  parentPort!.on('message', ({ operations, opening }: { operations: number; opening: number }) => {
    parentPort!.postMessage('at the gate');
    Atomics.wait(signals, OPENING, opening - 1);
    const start = Number(process.hrtime.bigint());
    const result = work(operations, () => Atomics.load(signals, OVER) === opening);
    parentPort!.postMessage({ start, end: Number(process.hrtime.bigint()), result } satisfies Stretch<R>);
  });
}

/** The next message of a thread; rejects where it fails instead. */
export function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (message: unknown) => {
      worker.off('error', reject);
      resolve(message);
    };
    worker.once('message', done).once('error', reject);
  });
}

export class Team<T, R> {
  readonly #signals = new Int32Array(new SharedArrayBuffer(SIGNALS * Int32Array.BYTES_PER_ELEMENT));
  readonly #workers: readonly Worker[];
  #opening = 0;

  /**
   * @param script  a module that calls workInTeam().
   * @param inputs  one for each thread; the first thread's end is the end of a round that has no time.
   */
  constructor(script: URL, inputs: readonly T[]) {
    this.#workers = inputs.map((input) => {
      const given = { signals: this.#signals, input } satisfies Membership<T>;
      return new Worker(script, { workerData: given, argv: process.argv.slice(2) });
    });
  }

  /**
   * Has every thread do one round.
   *
   * @param operations  what each thread is told to do.
   * @param millis      when the round is over for those that look at isOver(); unless given, when the first is done.
   * @returns           one stretch for each thread, in the order of the inputs.
   */
  async round(operations: number, millis?: number): Promise<Stretch<R>[]> {
    const opening = ++this.#opening;
    const arrived = this.#workers.map(nextMessage);
    for (const worker of this.#workers) worker.postMessage({ operations, opening });
    await Promise.all(arrived);
    const finished = this.#workers.map(nextMessage);
    Atomics.store(this.#signals, OPENING, opening);
    Atomics.notify(this.#signals, OPENING);
    // A member that fails ends the round as well, or the others would work for ever.
    await Promise.race([millis === undefined ? finished[0] : sleep(millis), Promise.all(finished)]);
    Atomics.store(this.#signals, OVER, opening);
    return (await Promise.all(finished)) as Stretch<R>[];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Operations a second, of all threads together, from the first start to the last end. */
export function ratePerSecond(operations: number, stretches: readonly Stretch<unknown>[]): number {
  const first = Math.min(...stretches.map(({ start }) => start));
  const last = Math.max(...stretches.map(({ end }) => end));
  return (operations * 1e9) / (last - first);
}
