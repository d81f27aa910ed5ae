import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { CONFIGURATIONS, type Sizes } from '../../tests/support/configurations.js';
import { attachMortal, type Mortal, reap } from '../../tests/support/mortal.js';
import { heapTest, partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { diesIn, stopAt } from '../../tests/support/stopping-words.js';
import { beforeEachAccess } from '../../tests/support/wrapped-words.js';
import { HEADER } from '../layout/heap-header.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import type { Address } from '../words/units.js';
import type { Words } from '../words/words.js';
import { isPosted } from './dead-slot.js';
import { handOverEstate } from './hand-over.js';
import type { StrandedEvent } from './rcu-events.js';
import { RcuTimeoutError } from './rcu-timeout-error.js';

// Words of the heap are replaced.
plainHeapsOnly();

const BYTES = 64;
const BLOCK_BYTES = 10_000;
/** Objects given to kfreeRcu(), blocks of pages, and callbacks. */
const POSTS = 5;
const BLOCKS = 2;
const CALLS = 3;
/** A heap takes its time: one step in so many. */
const STRIDE = { 'default sizes': 97, 'TINY sizes': 7 };
/** So does reaping it. */
const REAPER_STRIDE = { 'default sizes': 397, 'TINY sizes': 41 };

const SIZES: Sizes = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 256 } };
/** No sheaf is to be had: everything goes by its RcuHead. */
const HEADS: Sizes = { ...SIZES, all: { ...SIZES.all, pointerPageSource: 'none' } };

/** What a thread does when it dies. */
interface Deed {
  readonly name: string;
  readonly sizes: Sizes;
  /** Before it can die. */
  prepare(scene: Scene): void;
  run(scene: Scene): void;
}

/** A thread that dies, another that reaps it, and what the first has had. */
class Scene {
  readonly stage: Stage;
  readonly dead: Mortal;
  readonly heir: ReturnType<Stage['attach']>;
  /** What the dead thread has in its JavaScript variables. */
  readonly own: Address[] = [];
  /** What it was just giving away: whether it has is not known. */
  inFlight = 0;
  readonly queued: number[] = [];
  readonly called = new Map<number, number>();
  private readonly _id: number;

  constructor(stage: Stage) {
    this.stage = stage;
    this.heir = stage.attach('heir');
    this.dead = attachMortal(stage, 'dead');
    // Else the engine would wake it.
    partsOf(this.dead.heap).words.waitAsync = () => undefined;
    this._register(this.heir);
    this._id = this._register(this.dead);
    for (let i = 0; i < POSTS + CALLS; i++) this.own.push(this.dead.heap.kmalloc(BYTES));
    for (let i = 0; i < BLOCKS; i++) this.own.push(this.dead.heap.kmalloc(BLOCK_BYTES));
    this.dead.host.runMicrotasks();
  }

  /** Gives away all that the thread has. */
  giveAway(): void {
    for (let p = this._take(); p !== 0; p = this._take()) {
      if (this.queued.length < CALLS) {
        this.dead.heap.rcu.call(p, this._id);
        this.queued.push(p);
      } else this.dead.heap.kfreeRcu(p);
    }
  }

  /** The others go on, and all is accounted for. */
  requireNothingLost(where: string): void {
    const { stage, heir } = this;
    const interrupted: number[] = [];
    heir.heap.on('reap', ({ callbackInterrupted }) => interrupted.push(callbackInterrupted?.head ?? 0));
    const { start } = partsOf(this.dead.heap).membership;
    // It may have left.
    if (stage.words.load(start + SLOT.state) !== SLOT_STATE.free) reap(heir.heap, this.dead);
    heir.host.nowMillis = () => performance.now();
    heir.heap.kfreeRcuBarrierSync({ timeoutMillis: 2000 });
    const twice = this.queued.filter((head) => (this.called.get(head) ?? 0) > 1);
    assert.deepEqual(twice, [], `called twice: ${where}`);
    const lost = this.queued.filter((head) => (this.called.get(head) ?? 0) === 0);
    for (const head of lost) assert.ok(interrupted.includes(head), `not called: ${where}`);
    for (const { host } of [stage, heir]) host.runMicrotasks();
    const { problems, unreachable } = stage.heap.balance({ held: this.own });
    assert.deepEqual(problems, [], where);
    const uncertain = [0, this.inFlight, ...interrupted];
    for (const p of unreachable) assert.ok(uncertain.includes(p), `lost address ${p}: ${where}`);
    for (const word of [
      HEADER.orphanObjects,
      HEADER.orphanSheaves,
      HEADER.orphanHeads,
      HEADER.orphanCallbacks,
    ])
      assert.equal(stage.words.load(word), 0, where);
    assert.equal(stage.stats().objectsWaiting, 0, where);
  }

  private _take(): Address {
    const p = this.own.pop() ?? (0 as Address);
    this.inFlight = p;
    return p;
  }

  private _register({ heap }: ReturnType<Stage['attach']>): number {
    return heap.rcu.register('f', (head) => {
      this.called.set(head, (this.called.get(head) ?? 0) + 1);
      heap.kfree(head as Address);
    });
  }
}

function leaveSome(stage: Stage): void {
  const left = stage.attach('left');
  for (let i = 0; i < POSTS; i++) left.heap.kfreeRcu(left.heap.kmalloc(BYTES));
  left.heap.kfreeRcu(left.heap.kmalloc(BLOCK_BYTES));
  left.host.runMicrotasks();
  left.heap.detach();
}

const giveAway = (scene: Scene): void => scene.giveAway();
const nothing = (): void => {};

function deedsOf(way: string, sizes: Sizes): Deed[] {
  return [
    { name: `giving away ${way}`, sizes, prepare: nothing, run: giveAway },
    {
      name: `freeing and calling ${way}`,
      sizes,
      prepare: (scene) => {
        scene.giveAway();
        scene.inFlight = 0;
      },
      run: ({ dead }) => {
        dead.host.runMicrotasks();
        dead.host.advance(50);
      },
    },
    {
      name: `leaving ${way}`,
      sizes,
      prepare: (scene) => {
        scene.giveAway();
        scene.inFlight = 0;
      },
      run: ({ dead }) => dead.heap.detach(),
    },
    {
      name: `taking over ${way}`,
      sizes,
      prepare: ({ stage }) => leaveSome(stage),
      run: ({ dead }) => partsOf(dead.heap).driver.flush(),
    },
  ];
}

function silently<T>(run: () => T): T {
  const error = mock.method(console, 'error', () => {});
  try {
    return run();
  } finally {
    error.mock.restore();
  }
}

for (const deed of [...deedsOf('in sheaves', SIZES), ...deedsOf('by heads', HEADS)]) {
  for (const configuration of CONFIGURATIONS) {
    test(`a thread that dies at any access of ${deed.name} loses nothing of what it has given away (${configuration.label})`, () => {
      const stride = STRIDE[configuration.label];
      let steps = 0;
      for (; ; steps += stride) {
        const scene = new Scene(new Stage(configuration, deed.sizes));
        deed.prepare(scene);
        const isDead = silently(() => scene.dead.dieAt(steps, () => deed.run(scene)));
        silently(() => scene.requireNothingLost(`${deed.name}, dead before access ${steps}`));
        if (!isDead) break;
      }
      assert.ok(steps > 50, `died at ${steps} accesses only`);
    });
  }
}

heapTest(
  'callbacks that others had left are told when the last thread that could call them is gone',
  (stage) => {
    const { words, geometry, orphans } = partsOf(stage.heap);
    const runner = stage.attach('runner');
    const leaver = stage.attach('leaver');
    const busy = stage.attach('busy');
    stage.hold(busy.heap.kmalloc(BYTES));
    const events: StrandedEvent[] = [];
    leaver.heap.rcu.on('stranded', (event) => events.push(event));
    runner.heap.rcu.register('f', () => {});
    const id = leaver.heap.rcu.register('f', () => {});
    partsOf(leaver.heap).words.wait = () => 'timed-out';
    leaver.heap.rcu.call(stage.hold(leaver.heap.kmalloc(BYTES)), id);
    leaver.heap.detach();
    assert.deepEqual(events, []);
    const { slot, start } = partsOf(runner.heap).membership;
    words.store(start + SLOT.state, SLOT_STATE.dead);
    const found = handOverEstate({ words, geometry, orphans }, slot);
    assert.deepEqual(
      found?.ran.map(({ name }) => name),
      ['f'],
    );
    words.store(start + SLOT.state, SLOT_STATE.live);
    stage.heap.rcu.register('f', () => {});
    busy.host.runMicrotasks();
    stage.heap.rcu.barrierSync();
  },
  SIZES,
);

/** Calls `look` in the middle of what the thread does: before the access number `step`. Returns whether it came to that. */
function interrupt(words: Words, step: number, look: () => void): () => boolean {
  let left = step;
  beforeEachAccess(words, () => {
    if (left-- === 0) look();
  }, ['load', 'store', 'compareExchange', 'add', 'and', 'loadPlain', 'storePlain']);
  return () => left < 0;
}

/** False where the barrier did not come to its end. */
function passesBarrier({ heap }: ReturnType<Stage['attach']>): boolean {
  try {
    heap.kfreeRcuBarrierSync({ timeoutMillis: 0 });
    return true;
  } catch (error) {
    if (error instanceof RcuTimeoutError) return false;
    throw error;
  }
}

for (const configuration of CONFIGURATIONS) {
  test(`kfreeRcuBarrier, waits for what a dead thread had in hand, at any access of its reaper (${configuration.label})`, () => {
    const stride = REAPER_STRIDE[configuration.label];
    let passed = 0;
    for (let step = 1; ; step += stride) {
      const stage = new Stage(configuration, SIZES);
      const [dead, reaper, other] = [attachMortal(stage, 'dead'), stage.attach(), stage.attach()];
      other.host.nowMillis = () => performance.now();
      const { start } = partsOf(dead.heap).membership;
      const p = dead.heap.kmalloc(BYTES);
      dead.heap.kfreeRcu(p);
      dead.host.runMicrotasks();
      const isPast = interrupt(partsOf(reaper.heap).words, step, () => {
        // Where nobody reaps it yet, or any more, the barrier's thread does so itself.
        if (stage.words.load(start + SLOT.reaper) === 0 || !passesBarrier(other)) return;
        passed++;
        assert.ok(!isPosted(stage.words, stage.heap.geometry, dead.slot, p), `passed at access ${step}`);
        assert.equal(stage.stats().objectsWaiting, 0, `passed at access ${step}`);
      });
      dead.dieAt(0, nothing);
      reap(reaper.heap, dead);
      if (!isPast()) break;
    }
    assert.ok(passed > 0, 'at none');
  });
}

heapTest(
  'a callback that has ended is not told as one that was interrupted',
  (stage) => {
    const dead = stage.attach('dead');
    const { start, slot } = partsOf(dead.heap).membership;
    const id = dead.heap.rcu.register('f', (head) => dead.heap.kfree(head as Address));
    const head = dead.heap.kmalloc(BYTES);
    dead.heap.rcu.call(head, id);
    dead.heap.rcu.barrierSync();
    dead.host.runMicrotasks();
    // As where it stopped just before it forgot the head.
    stage.words.store(start + SLOT.rcuInHand, head);
    stage.words.store(start + SLOT.state, SLOT_STATE.zombie);
    const report = stage.heap.reap(slot);
    assert.equal(report?.callbackInterrupted, undefined);
    assert.equal(stage.words.load(start + SLOT.rcuInHand), 0);
  },
  SIZES,
);

for (const configuration of CONFIGURATIONS) {
  test(`reaping, wakes who sleeps until callbacks come, where who left them died before it did (${configuration.label})`, () => {
    const stage = new Stage(configuration, SIZES);
    const [leaver, runner, busy] = [stage.attach('leaver'), stage.attach('runner'), stage.attach('busy')];
    // In a turn, so that the callback waits.
    busy.heap.kmalloc(BYTES);
    partsOf(leaver.heap).words.wait = () => 'timed-out';
    // It sleeps by the timers of its host, which stand still when it is dead.
    partsOf(leaver.heap).words.waitAsync = () => undefined;
    runner.heap.rcu.register('f', () => {});
    const id = leaver.heap.rcu.register('f', () => {});
    leaver.heap.rcu.call(leaver.heap.kmalloc(BYTES), id);
    const { words, membership } = partsOf(leaver.heap);
    const counter = stopAt(words, Number.POSITIVE_INFINITY);
    const notify = words.notify.bind(words);
    words.notify = (...given) => {
      if (words.load(HEADER.orphanCallbackCount) !== 0) counter.left = 0;
      return notify(...given);
    };
    assert.ok(diesIn(() => leaver.heap.detach()));
    stage.words.store(membership.start + SLOT.state, SLOT_STATE.zombie);
    const woken: number[] = [];
    const reapers = partsOf(stage.heap).words;
    reapers.notify = (index) => woken.push(index);
    silently(() => stage.heap.reap(membership.slot));
    assert.ok(woken.includes(HEADER.migrations));
  });
}
