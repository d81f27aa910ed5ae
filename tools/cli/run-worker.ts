/**
 * One worker thread of `lull run`: attaches to the heap, loads its share, looks up until told to stop,
 * detaches, ends.
 *
 * It keeps no address and no part of the heap over a pause. An error that it does not expect ends the thread,
 * and main ends the run with its message.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Heap, OutOfMemoryError } from '../../src/index.js';
import type { LoopSurroundings } from './record-map.js';
import { RecordTable } from './record-table.js';
import { loadShare, shareOf } from './worker-load.js';
import { LookupLoop, runLoop } from './worker-loop.js';
import { type FromWorker, RECORDS_MAP, type ToWorker, type WorkerBriefing } from './worker-messages.js';

const TICK_MILLIS = 250;

async function work(briefing: WorkerBriefing, port: NonNullable<typeof parentPort>): Promise<void> {
  const say = (message: FromWorker) => port.postMessage(message);
  const orders = listen(port);
  const isOutOfMemory = (error: unknown) => error instanceof OutOfMemoryError;
  const surroundings: LoopSurroundings = {
    isOutOfMemory,
    pause: () => setImmediate(),
    stopped: orders.stopped,
  };
  const { worker, threads, writeShare } = briefing;

  const heap = Heap.attach(briefing.handle, { name: `worker ${worker + 1}` });
  const map = heap.map<string, string>(RECORDS_MAP);
  const table = new RecordTable(briefing.table);

  const settle = () => heap.synchronizeRcu();
  const share = shareOf(table.length, worker, threads);
  const load = await loadShare(map, table, share, { ...surroundings, settle }, (records) =>
    say({ kind: 'loading', records }),
  );
  const loop = new LookupLoop({ map, table, writeShare, worker, threads, isOutOfMemory });
  say({ kind: load.heapFull ? 'heap-full' : 'loaded', records: load.loaded });
  await orders.begun;

  const begin = performance.now();
  let nextTick = begin + TICK_MILLIS;
  await runLoop(loop, surroundings, () => {
    const now = performance.now();
    if (now < nextTick) return;
    nextTick = now + TICK_MILLIS;
    say({ kind: 'tick', tick: loop.tick(now - begin) });
  });
  say({ kind: 'final', final: loop.final(performance.now() - begin) });
  heap.detach();
  port.close();
}

/** Hears main's orders. `begun` is kept by either order, so that a stop before the beginning ends the wait. */
function listen(port: NonNullable<typeof parentPort>): { begun: Promise<void>; stopped(): boolean } {
  let stopped = false;
  const begun = new Promise<void>((resolve) => {
    port.on('message', (order: ToWorker) => {
      if (order.kind === 'stop') stopped = true;
      resolve();
    });
  });
  return { begun, stopped: () => stopped };
}

if (!parentPort) throw new Error('run-worker is started by `lull run` as a worker thread, not on its own');
await work(workerData as WorkerBriefing, parentPort);
