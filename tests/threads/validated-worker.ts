/** A thread of a validating heap that takes locks in the order that it is told, and says what its validator reported. */
import { Heap, LockOrderError, type LockReport } from '../../src/index.js';
import { report, takeBriefing } from './team.js';
import { type ValidatedBriefing, type ValidatedResult, waitForStage } from './validated.js';

const briefing = takeBriefing<ValidatedBriefing>();
const { handle, stage, order, worker, rounds, mode } = briefing;
const reports: LockReport[] = [];
const validate = mode === 'throw' ? ({ onReport: 'throw' } as const) : { onReport: note };
// Without an option it is LULL_VALIDATE that says, or nobody, and reports are printed.
const heap = Heap.attach(handle, { name: `locker ${worker}`, ...(mode === 'print' ? {} : { validate }) });
let thrown: LockReport | undefined;

function note(found: LockReport): void {
  reports.push(found);
}

function takeInOrder(): void {
  const guards: { release(): void }[] = [];
  try {
    for (const name of order) guards.push(heap.mutex(name).lockSync());
  } catch (error) {
    if (!(error instanceof LockOrderError)) throw error;
    thrown ??= error.report;
  } finally {
    for (const guard of guards.reverse()) guard.release();
  }
}

async function awaitInOrder(): Promise<void> {
  const guards: { release(): void }[] = [];
  for (const name of order) guards.push(await heap.mutex(name).lock());
  for (const guard of guards.reverse()) guard.release();
}

waitForStage(heap, stage, worker);
for (let round = 0; round < rounds; round++) {
  if (briefing.isAsync) await awaitInOrder();
  else takeInOrder();
}
// What was thrown has left every lock free.
for (const name of order) heap.mutex(name).lockSync({ timeoutMillis: 5000 }).release();
heap.idle(() => heap.words.store(stage, worker + 1));
heap.idle(() => heap.words.notify(stage, 100));
heap.detach();
const result: ValidatedResult = { reports, thrown };
report(result);
