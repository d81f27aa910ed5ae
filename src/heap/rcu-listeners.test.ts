/** Listeners of RCU events that use the heap, or call a wait off, in the middle of that wait. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { type Actor, heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';

// Words of the heap are replaced.
plainHeapsOnly();

const BYTES = 64;
const SIZES = { all: { drainMillis: 20, pollMillis: 3, stallMillis: 30 }, tiny: { pages: 128 } };

function busyThread(stage: Stage): Actor {
  const busy = stage.attach('busy');
  partsOf(busy.heap).turn.pin();
  return busy;
}

/** Has time pass where the thread of the stage would sleep; `woken` is told how often it slept. */
function passInSleep({ heap, host }: Stage, woken: (sleeps: number) => void = () => {}): void {
  let sleeps = 0;
  // Of the thread's own Words: its clock alone goes on, and no timer comes.
  partsOf(heap).words.wait = (_index, _expected, millis) => {
    const now = host.nowMillis() + millis;
    host.nowMillis = () => now;
    woken(++sleeps);
    return 'timed-out';
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** Runs `body` with a console that is silent. */
async function silently(body: () => void | Promise<void>): Promise<void> {
  const error = mock.method(console, 'error', () => {});
  try {
    await body();
  } finally {
    error.mock.restore();
  }
}

heapTest(
  'synchronizeRcuSync(), does not wait for a turn that a listener of its own stall has begun',
  (stage) => {
    const busy = busyThread(stage);
    // So that the wait needs one grace period more than the one that runs.
    stage.heap.rcu.startPoll();
    stage.host.runMicrotasks();
    passInSleep(stage);
    stage.heap.rcu.on('stall', () => {
      stage.heap.kfree(stage.heap.kmalloc(BYTES));
      busy.host.runMicrotasks();
    });
    return silently(() => stage.heap.synchronizeRcuSync({ timeoutMillis: 3000 }));
  },
  SIZES,
);

heapTest(
  'rcu.barrierSync(), calls its own callbacks though a listener has begun a turn',
  (stage) => {
    const dead = stage.attach('dead');
    const { start } = partsOf(dead.heap).membership;
    const free = (head: number) => stage.heap.kfree(head as never);
    const own = stage.heap.rcu.register('own', free);
    const lost = dead.heap.rcu.register('lost', () => {});
    const busy = busyThread(stage);
    dead.heap.rcu.call(dead.heap.kmalloc(BYTES), lost);
    stage.heap.rcu.call(stage.heap.kmalloc(BYTES), own);
    stage.host.runMicrotasks();
    stage.heap.rcu.on('stranded', () => stage.hold(stage.heap.kmalloc(BYTES)));
    passInSleep(stage, (sleeps) => {
      if (sleeps === 2) stage.words.store(start + SLOT.state, SLOT_STATE.dead);
      if (sleeps === 4) busy.host.runMicrotasks();
    });
    return silently(() => {
      stage.heap.rcu.barrierSync({ timeoutMillis: 300 });
      stage.heap.rcu.register('lost', free);
      stage.heap.rcu.barrierSync({ timeoutMillis: 300 });
    });
  },
  SIZES,
);

for (const call of ['synchronizeRcu', 'kfreeRcuBarrier'] as const) {
  heapTest(
    `${call}(), that a listener of its own stall calls off leaves no timer and keeps nothing alive`,
    async (stage) => {
      const { heap, host } = stage;
      // What is waited for is another's, so that nothing but the wait looks at the grace period.
      const other = stage.attach('other');
      const id = other.heap.rcu.register('f', (head) => other.heap.kfree(head as never));
      const busy = busyThread(stage);
      other.heap.rcu.call(other.heap.kmalloc(BYTES), id);
      other.host.runMicrotasks();
      const controller = new AbortController();
      heap.rcu.on('stall', () => controller.abort(new Error('called off')));
      let end = '';
      heap[call]({ signal: controller.signal }).catch((error: Error) => {
        end = error.message;
      });
      await silently(async () => {
        for (let i = 0; i < 100 && end === ''; i++) {
          await settle();
          host.advance(1);
          await settle();
        }
      });
      assert.deepEqual([end, host.keptAlive, host.timers], ['called off', 0, []]);
      busy.host.runMicrotasks();
      other.host.advance(10);
    },
    SIZES,
  );
}
