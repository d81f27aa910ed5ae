/**
 * A team: the worker threads of one test. Each gets a briefing, does its work, and reports one result; a team
 * fails as a whole with the first worker that throws, falls silent for too long, or ends without a result.
 *
 * Beside the briefing each worker gets its number. An entry file lies beside its test and calls takeBriefing()
 * and report().
 */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { SEED, SEED_NOTE } from './seed.js';

/** A worker that has not reported by then hangs: on two busy cores the longest takes some seconds. */
const LIMIT_MILLIS = 60_000;

/** What every worker is told beside its briefing. */
export interface Posting {
  /** 0 for the first worker of the team. */
  readonly worker: number;
  readonly seed: number;
}

export interface Team<R> {
  /** Resolves with each worker's result when all have ended. */
  readonly results: Promise<R[]>;
  /** Resolves with the exit codes of all workers, whether they reported or not; not after a failure. */
  readonly exits: Promise<number[]>;
  readonly workers: readonly Worker[];
}

/**
 * Starts a worker for each briefing.
 *
 * @param entry name of the compiled entry file beside this one, without its ending
 */
export function startTeam<R>(entry: string, briefings: readonly object[]): Team<R> {
  const url = new URL(`./${entry}.js`, import.meta.url);
  const workers = briefings.map((briefing, worker) => {
    const posting: Posting = { worker, seed: SEED };
    return new Worker(url, { workerData: { ...briefing, ...posting }, env: process.env });
  });
  const ends = workers.map((worker, number) => endOf<R>(worker, `worker ${number} of ${entry}`));
  const all = withLimit(Promise.all(ends), workers, entry);
  const results = all.then((outcomes) =>
    outcomes.map(({ result, code }, number) => {
      if (result !== undefined) return result;
      throw new Error(`worker ${number} of ${entry} ended with code ${code} and no result ${SEED_NOTE}`);
    }),
  );
  const exits = all.then((outcomes) => outcomes.map(({ code }) => code));
  // A test looks at one of the two.
  results.catch(() => {});
  exits.catch(() => {});
  return { results, exits, workers };
}

/** In a worker: what startTeam() was given for it. */
export function takeBriefing<B extends object>(): B & Posting {
  return workerData as B & Posting;
}

/** In a worker: its result. */
export function report(result: unknown): void {
  parentPort!.postMessage(result);
}

interface Outcome<R> {
  readonly result: R | undefined;
  readonly code: number;
}

function endOf<R>(worker: Worker, name: string): Promise<Outcome<R>> {
  return new Promise((resolve, reject) => {
    let result: R | undefined;
    worker.on('message', (message: R) => {
      result = message;
    });
    worker.on('error', (error) => {
      reject(new Error(`${name} failed: ${String((error as Error).stack ?? error)} ${SEED_NOTE}`));
    });
    worker.on('exit', (code) => resolve({ result, code }));
  });
}

async function withLimit<T>(work: Promise<T>, workers: readonly Worker[], entry: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the workers of ${entry} have not ended after ${LIMIT_MILLIS} ms ${SEED_NOTE}`));
    }, LIMIT_MILLIS);
  });
  try {
    return await Promise.race([work, limit]);
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
