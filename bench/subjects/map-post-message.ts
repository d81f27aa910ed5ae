/**
 * A `Map` that one worker owns and others ask by message: one message there and one back for every operation,
 * the next one sent when the last has been answered.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { serveRounds } from '../subject.js';
import { mapKeys } from '../workloads.js';
import { mapRequest, ShuffledOrder } from './map-loop.js';

type Question = { readonly get: string } | { readonly set: string; readonly value: number };

function answerQuestions(): void {
  const { style } = mapRequest();
  const owned = new Map(mapKeys(style).map((key, value) => [key, value]));
  parentPort!.on('message', (question: Question) => {
    if ('get' in question) parentPort!.postMessage(owned.get(question.get));
    else {
      owned.set(question.set, question.value);
      parentPort!.postMessage(question.value);
    }
  });
  parentPort!.postMessage('ready');
}

/** Sends one question after the other; resolves with the sum of the answers. */
function askAll(worker: Worker, questions: readonly Question[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    let sum = 0;
    const ended = (code: number) => reject(new Error(`the worker that owns the map ended with code ${code}`));
    const answer = (value: number) => {
      sum = (sum + value) | 0;
      answered++;
      if (answered < questions.length) return worker.postMessage(questions[answered]);
      worker.off('message', answer).off('exit', ended);
      resolve(sum);
    };
    worker.on('message', answer).on('exit', ended);
    worker.postMessage(questions[0]);
  });
}

async function askQuestions(): Promise<void> {
  const { style, workload } = mapRequest();
  const keys = mapKeys(style);
  const order = new ShuffledOrder();
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  await new Promise((resolve) => worker.once('message', resolve));
  await serveRounds(async (operations) => {
    const expected = order.expectedSum(operations);
    const questions: Question[] = [];
    order.walk(operations, (from, to) => {
      for (const value of order.positions.slice(from, to)) {
        const key = keys[value]!;
        questions.push(workload === 'set' ? { set: key, value } : { get: key });
      }
    });
    const start = process.hrtime.bigint();
    const sum = await askAll(worker, questions);
    const nanos = Number(process.hrtime.bigint() - start) / operations;
    if (sum !== expected) throw new Error(`the answers add up to ${sum}, expected ${expected}`);
    return nanos;
  });
  await worker.terminate();
}

if (isMainThread) await askQuestions();
else answerQuestions();
