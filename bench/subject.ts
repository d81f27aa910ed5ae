/**
 * The line protocol of a subject: one process, one thing measured, one round whenever the parent asks.
 *
 * The parent writes `round N`; the subject does N operations of its workload and answers with one line of
 * JSON, {"value":...}, in the unit of its comparison. It says {"ready":true} when its set-up is done, and ends
 * with its input. Programs in C speak the same through peers/rounds.h, so the parent treats all alike, and a
 * subject can be run by hand: `echo round 1000000 | node --cpu-prof dist/bench/subjects/alloc-lull.js`.
 */
import { createInterface } from 'node:readline';

/** Does `operations` operations and returns what it measured, in the unit of the comparison. */
export type Measure = (operations: number) => number | Promise<number>;

/**
 * Answers rounds until the input ends.
 *
 * @param measure  one round; between two rounds the thread returns to the event loop.
 */
export async function serveRounds(measure: Measure): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  process.stdout.write('{"ready":true}\n');
  for await (const line of lines) {
    const operations = /^round (\d+)$/.exec(line)?.[1];
    if (operations === undefined)
      throw new Error(`expected "round N" on the input, got ${JSON.stringify(line)}`);
    process.stdout.write(`${JSON.stringify({ value: await measure(Number(operations)) })}\n`);
  }
}

/**
 * The time that one call takes.
 *
 * @param operations  how many operations the call does, at least 1.
 * @returns           nanoseconds an operation.
 */
export function nanosPerOperation(operations: number, work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / operations;
}
