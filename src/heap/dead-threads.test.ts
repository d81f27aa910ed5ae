import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { type Actor, heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import type { StrandedEvent } from '../rcu/rcu-events.js';

// Words of the heap are replaced.
plainHeapsOnly();

const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 256 } };
const BYTES = 64;
/** Objects freed by kfreeRcu(), of one thread: some sheaves of two, in the TINY heap. */
const POSTS = 7;

/** The thread of `actor` runs no more, and that of the stage is told. */
function kill(stage: Stage, actor: Actor): void {
  const { start } = partsOf(actor.heap).membership;
  stage.words.store(start + SLOT.state, SLOT_STATE.dead);
  const { deadThreads, gracePeriod, driver } = partsOf(stage.heap);
  deadThreads.takeOver();
  gracePeriod.wake();
  driver.flush();
}

heapTest(
  'what a dead thread had waiting, sealed and in hand, is freed by others after a grace period of its own',
  (stage) => {
    const dead = stage.attach();
    const reader = stage.attach();
    for (let i = 0; i < POSTS; i++) dead.heap.kfreeRcu(dead.heap.kmalloc(BYTES));
    dead.heap.kfreeRcu(dead.heap.kmalloc(10_000));
    stage.hold(reader.heap.kmalloc(BYTES));
    kill(stage, dead);
    stage.heap.synchronizeRcu().catch(() => {});
    stage.pass(50);
    assert.equal(stage.stats().freedThroughSheaf + stage.stats().freedThroughList, 0, 'freed under a reader');
    reader.host.runMicrotasks();
    stage.heap.kfreeRcuBarrierSync();
    assert.equal(stage.stats().freedThroughSheaf + stage.stats().freedThroughList, POSTS + 1);
  },
  SIZES,
);

heapTest(
  'a dead thread in the middle of a turn holds up no grace period',
  (stage) => {
    const dead = stage.attach();
    stage.hold(dead.heap.kmalloc(BYTES));
    const { gracePeriod } = partsOf(stage.heap);
    const cookie = gracePeriod.snap();
    assert.equal(gracePeriod.drive(cookie), false);
    kill(stage, dead);
    assert.equal(gracePeriod.drive(cookie), true);
  },
  SIZES,
);

heapTest(
  'callbacks of a dead thread are called once by a thread that has their functions; the rest is told',
  (stage) => {
    const dead = stage.attach();
    const called: string[] = [];
    const events: StrandedEvent[] = [];
    const register = ({ heap }: Actor, name: string, by: string) =>
      heap.rcu.register(name, (head) => {
        called.push(`${name} by ${by}`);
        heap.kfree(head as never);
      });
    register(stage, 'known', 'stage');
    stage.heap.rcu.on('stranded', (event) => events.push(event));
    const ids = ['known', 'alone'].map((name) => register(dead, name, 'dead'));
    for (const id of [ids[0]!, ids[1]!, ids[1]!]) dead.heap.rcu.call(dead.heap.kmalloc(BYTES), id);
    const lines = mock.method(console, 'error', () => {});
    kill(stage, dead);
    assert.equal(lines.mock.callCount(), 1);
    lines.mock.restore();
    assert.deepEqual(events, [{ name: 'alone', id: ids[1], callbacks: 2 }]);
    stage.heap.rcu.barrierSync();
    assert.deepEqual(called, ['known by stage']);
    register(stage, 'alone', 'stage');
    stage.heap.rcu.barrierSync();
    assert.deepEqual(called, ['known by stage', 'alone by stage', 'alone by stage']);
  },
  SIZES,
);

heapTest(
  'what a dead thread had is taken over once, whoever is told',
  (stage) => {
    const [dead, other] = [stage.attach(), stage.attach()];
    for (let i = 0; i < POSTS; i++) dead.heap.kfreeRcu(dead.heap.kmalloc(BYTES));
    kill(stage, dead);
    partsOf(other.heap).deadThreads.takeOver();
    const { migrations } = HEADER;
    const before = stage.words.load(migrations);
    partsOf(other.heap).deadThreads.takeOver();
    assert.equal(stage.words.load(migrations), before);
    stage.heap.kfreeRcuBarrierSync();
    assert.equal(stage.stats().freedThroughSheaf + stage.stats().freedThroughList, POSTS);
  },
  SIZES,
);

heapTest(
  'takeOver() leaves all to a thread that is at the orphans, and comes back by a timer',
  (stage) => {
    const dead = stage.attach();
    dead.heap.kfreeRcu(dead.heap.kmalloc(BYTES));
    const { words } = stage;
    words.store(HEADER.orphanLock, 0x7f);
    kill(stage, dead);
    assert.equal(words.load(HEADER.orphanObjects), 0);
    assert.deepEqual(stage.host.timers, [stage.heap.geometry.pollMillis]);
    words.store(HEADER.orphanLock, 0);
    stage.host.advance(10);
    assert.equal(words.load(partsOf(dead.heap).membership.start + SLOT.state), SLOT_STATE.free);
    stage.heap.kfreeRcuBarrierSync();
  },
  SIZES,
);

heapTest(
  'a barrier takes over from the dead itself, where nobody was told of them',
  (stage) => {
    const dead = stage.attach();
    dead.heap.kfreeRcu(dead.heap.kmalloc(BYTES));
    stage.words.store(partsOf(dead.heap).membership.start + SLOT.state, SLOT_STATE.dead);
    stage.heap.kfreeRcuBarrierSync();
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SIZES,
);

/** The thread of `actor` was stopped in a turn: who was told of that has ended, or left, before it came to reap. */
function abandon(stage: Stage, actor: Actor): void {
  stage.hold(actor.heap.kmalloc(BYTES));
  stage.words.store(partsOf(actor.heap).membership.start + SLOT.state, SLOT_STATE.zombie);
}

heapTest(
  'synchronizeRcuSync(), reaps a zombie itself whose turn it waits for, where nobody else does',
  (stage) => {
    abandon(stage, stage.attach());
    stage.heap.synchronizeRcuSync({ timeoutMillis: 1000 });
    assert.equal(stage.heap.stats().threads.length, 1);
  },
  SIZES,
);

heapTest(
  'synchronizeRcu(), does so as well',
  async (stage) => {
    abandon(stage, stage.attach());
    const waiting = stage.heap.synchronizeRcu();
    for (let look = 0; look < 10; look++) {
      await Promise.resolve();
      stage.host.runMicrotasks();
      stage.host.advance(10);
    }
    assert.equal(stage.heap.stats().threads.length, 1);
    await waiting;
  },
  SIZES,
);

heapTest(
  'a thread whose deferred frees wait for the turn of a zombie, reaps it by its timer',
  (stage) => {
    abandon(stage, stage.attach());
    stage.heap.kfreeRcu(stage.heap.kmalloc(BYTES));
    stage.pass(100);
    assert.equal(stage.heap.stats().threads.length, 1);
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SIZES,
);
