/** A thread that queues callbacks, and ends with some waiting; or one that waits for those of the others. */
import { parentPort } from 'node:worker_threads';
import { Heap } from '../../src/index.js';
import { CALLED, COUNTS, ENDS, HEADS, headAt, OBJECTS, type RcuEndingsBriefing } from './rcu-endings.js';
import { report, takeBriefing } from './team.js';

const briefing = takeBriefing<RcuEndingsBriefing>();
const heap = Heap.attach(briefing.handle, { name: `worker ${briefing.worker}` });
const { words } = heap;
const id = heap.rcu.register(COUNTS, (head) => void words.add(head + CALLED, 1));

switch (briefing.ending) {
  case 'is terminated':
    queueAll();
    // Until it is terminated, or long after.
    setTimeout(() => {}, 60_000);
    break;
  case 'is terminated in its turn':
    freeAndSleep();
    break;
  case 'detaches':
    queueAll();
    heap.detach();
    report('left');
    parentPort!.unref();
    break;
  case 'calls process.exit()':
    queueAll();
    report('left');
    heap.turn(() => process.exit(0));
    break;
  case 'calls process.exit() in a callback':
    exitInACallback();
    break;
  case 'waits in barriers':
    waitInBarriers();
}

/** Queues each head of this worker's row, a few in each turn, and says how far it has come. */
function queueAll(upTo = HEADS): void {
  const row = briefing.heads[briefing.worker]!;
  for (let n = 0; n < upTo; ) {
    heap.turn(() => {
      for (let i = 0; i < 8 && n < upTo; i++, n++) {
        heap.rcu.call(headAt(row, n), id);
        words.store(briefing.progress + briefing.worker, n + 1);
      }
    });
  }
}

/** Leaves sheaves in hand and sealed, heads and a grace period that it holds up, and sleeps as code of others does. */
function freeAndSleep(): void {
  for (let i = 0; i < OBJECTS; i++) heap.kfreeRcu(heap.kmalloc(i % 10 === 0 ? 5000 : 16 + i));
  words.store(briefing.progress, OBJECTS);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
}

function exitInACallback(): void {
  const ends = heap.rcu.register(ENDS, (head) => {
    words.add(head + CALLED, 1);
    process.exit(0);
  });
  queueAll(HEADS - 1);
  report('left');
  heap.rcu.call(headAt(briefing.heads[briefing.worker]!, HEADS - 1), ends);
  words.store(briefing.progress + briefing.worker, HEADS);
  heap.rcu.barrierSync();
}

/** After each barrier all must have been called that were queued before it. */
function waitInBarriers(): void {
  let barriers = 0;
  let isOver = false;
  while (!isOver) {
    const queued = Array.from({ length: briefing.rows }, (_, row) => words.load(briefing.progress + row));
    heap.rcu.barrierSync({ timeoutMillis: 20_000 });
    barriers++;
    for (const [row, count] of queued.entries()) requireCalled(row, count);
    isOver = queued.every((count) => count === HEADS);
  }
  heap.detach();
  report(barriers);
}

function requireCalled(row: number, count: number): void {
  for (let n = 0; n < count; n++) {
    const called = words.load(headAt(briefing.heads[row]!, n) + CALLED);
    if (called !== 1) throw new Error(`head ${n} of row ${row} was called ${called} times after a barrier`);
  }
}
