/**
 * One trial, in a process of its own: a thread writes, is terminated at some moment, and what is left is looked at.
 *
 *     node trial.js <subject> <milliseconds>      prints {"corrupted": what, or null}; ends never where it hangs
 */
import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { DEATH_SUBJECTS } from './subjects.js';

const subject = DEATH_SUBJECTS.find(({ name }) => name === process.argv[2]);
if (subject === undefined) throw new Error(`there is no subject ${process.argv[2]}`);

if (isMainThread) {
  const millis = Number(process.argv[3]);
  const shared = await subject.create();
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: shared });
  await new Promise((resolve) => worker.once('message', resolve));
  await setTimeout(millis);
  await worker.terminate();
  let corrupted: string | undefined;
  try {
    corrupted = await subject.check(shared);
  } catch (error) {
    corrupted = `it threw ${(error as Error).message}`;
  }
  process.stdout.write(`${JSON.stringify({ corrupted: corrupted ?? null })}\n`, () => process.exit(0));
} else {
  const write = await subject.writer(workerData);
  // Hot, so that the moment of death is one of ordinary work.
  for (let round = 0; round < 200; round++) write(round);
  parentPort!.postMessage('writing');
  for (let round = 0; ; round++) write(round);
}
