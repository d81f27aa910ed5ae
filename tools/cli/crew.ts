/**
 * The worker threads of a run, seen from main: starts them, gives orders, keeps what they report.
 *
 * A run has two waits, `loaded` and `finals`. Both end with the first failure of any worker (an error it threw,
 * an early exit, a heap without memory), so whoever waits never waits for a thread that is gone.
 */
import { Worker } from 'node:worker_threads';
import { oneLine, RunFailure } from './failures.js';
import { formatCount } from './numbers.js';
import { formatByteSize } from './sizes.js';
import type { FromWorker, ToWorker, WorkerBriefing, WorkerFinal, WorkerTick } from './worker-messages.js';

/** What a crew works on. */
export interface CrewOptions extends Omit<WorkerBriefing, 'worker'> {
  readonly heapBytes: number;
  readonly records: number;
}

/** What one worker does per second, from its last two reports, with its latencies so far. */
export interface WorkerRate {
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly p50Nanos: number;
  readonly p99Nanos: number;
  readonly badReads: number;
}

interface Member {
  readonly worker: Worker;
  records: number;
  loaded: boolean;
  before: WorkerTick;
  latest: WorkerTick;
  final: WorkerFinal | undefined;
}

const NOTHING_DONE: WorkerTick = {
  elapsedMillis: 0,
  reads: 0,
  writes: 0,
  refusedWrites: 0,
  badReads: 0,
  readNanos: { p50: 0, p99: 0 },
};

/** The workers of one run. */
export class Crew {
  /** Resolves when every worker has inserted its share, or stopped doing so because it was told to. */
  readonly loaded: Promise<void>;
  /** Resolves with each worker's last word when all have detached from the heap and ended. */
  readonly finals: Promise<readonly WorkerFinal[]>;
  readonly #options: CrewOptions;
  readonly #members: readonly Member[];
  #resolveLoaded: () => void = () => {};
  #resolveFinals: (finals: readonly WorkerFinal[]) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #ended = 0;

  /** Starts `options.threads` workers, which begin to load at once. */
  constructor(options: CrewOptions) {
    this.#options = options;
    const failed = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    const loaded = new Promise<void>((resolve) => {
      this.#resolveLoaded = resolve;
    });
    const finals = new Promise<readonly WorkerFinal[]>((resolve) => {
      this.#resolveFinals = resolve;
    });
    this.loaded = Promise.race([loaded, failed]);
    this.finals = Promise.race([finals, failed]);
    // Whoever is not waiting when a failure comes hears of it from the other wait.
    this.loaded.catch(() => {});
    this.finals.catch(() => {});
    this.#members = Array.from({ length: options.threads }, (_, worker) => this.#startWorker(worker));
  }

  /** Records inserted so far, all workers together. */
  get records(): number {
    return this.#members.reduce((sum, member) => sum + member.records, 0);
  }

  /** What each worker does at present. */
  get rates(): readonly WorkerRate[] {
    return this.#members.map(({ before, latest }) => {
      const seconds = (latest.elapsedMillis - before.elapsedMillis) / 1000;
      return {
        readsPerSecond: seconds > 0 ? (latest.reads - before.reads) / seconds : 0,
        writesPerSecond: seconds > 0 ? (latest.writes - before.writes) / seconds : 0,
        p50Nanos: latest.readNanos.p50,
        p99Nanos: latest.readNanos.p99,
        badReads: latest.badReads,
      };
    });
  }

  /** Lets the look-ups begin. */
  begin(): void {
    this.#order({ kind: 'begin' });
  }

  /** Ends the run, at whatever stage it is; the workers detach properly and `finals` resolves. */
  stop(): void {
    this.#order({ kind: 'stop' });
  }

  /** Ends the threads without their doing; for a run that has failed. */
  async terminate(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.worker.terminate()));
  }

  #order(order: ToWorker): void {
    for (const member of this.#members) member.worker.postMessage(order);
  }

  #startWorker(number: number): Member {
    const { handle, table, threads, writeShare } = this.#options;
    const workerData: WorkerBriefing = { handle, table, worker: number, threads, writeShare };
    const worker = new Worker(new URL('./run-worker.js', import.meta.url), { workerData });
    const member: Member = {
      worker,
      records: 0,
      loaded: false,
      before: NOTHING_DONE,
      latest: NOTHING_DONE,
      final: undefined,
    };
    worker.on('message', (message: FromWorker) => this.#hear(member, message));
    worker.on('error', (error) => {
      this.#reject(new RunFailure(`worker ${number + 1} failed: ${oneLine(String(error))}`));
    });
    worker.on('exit', (code) => {
      if (!member.final) this.#reject(new RunFailure(`worker ${number + 1} ended early, with code ${code}`));
      else if (++this.#ended === threads) this.#resolveFinals(this.#finals());
    });
    return member;
  }

  #hear(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case 'loading':
        member.records = message.records;
        return;
      case 'loaded':
        member.records = message.records;
        member.loaded = true;
        if (this.#members.every((other) => other.loaded)) this.#resolveLoaded();
        return;
      case 'heap-full':
        member.records = message.records;
        this.#reject(new RunFailure(this.#heapFullLine()));
        return;
      case 'tick':
        member.before = member.latest;
        member.latest = message.tick;
        return;
      case 'final':
        member.final = message.final;
    }
  }

  #finals(): readonly WorkerFinal[] {
    return this.#members.flatMap((member) => (member.final ? [member.final] : []));
  }

  #heapFullLine(): string {
    const { heapBytes, records } = this.#options;
    const progress = `${formatCount(this.records)} of ${formatCount(records)} records`;
    const larger = formatByteSize(heapBytes * 2).replace(/\s|iB/g, '');
    const remedy = heapBytes * 2 <= 2 ** 32 ? `; give it more, for example --heap ${larger}` : '';
    return `the heap of ${formatByteSize(heapBytes)} (--heap) is full after ${progress}${remedy}`;
  }
}
