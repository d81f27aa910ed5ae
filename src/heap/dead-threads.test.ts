import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { type Actor, heapTest, partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import type { StrandedEvent } from '../rcu/rcu-events.js';
import type { Words } from '../words/words.js';

// Words of the heap are replaced.
plainHeapsOnly();

const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 256 } };
const BYTES = 64;
/** Freed objects by kfreeRcu(), and callbacks, of one thread: some sheaves of two, in the TINY heap. */
const POSTS = 7;
const CALLS = 5;

/** The thread of `actor` runs no more, and that of the stage is told. */
function kill(stage: Stage, actor: Actor): void {
  const { start } = partsOf(actor.heap).membership;
  stage.words.store(start + SLOT.state, SLOT_STATE.dead);
  const { deadThreads, gracePeriod, driver } = partsOf(stage.heap);
  deadThreads.takeOver();
  gracePeriod.wake();
  driver.flush();
}

function silently<T>(run: () => T): T {
  const error = mock.method(console, 'error', () => {});
  try {
    return run();
  } finally {
    error.mock.restore();
  }
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
  'what a dead thread had is taken over once, whoever is told, and a dead slot stays dead',
  (stage) => {
    const [dead, other] = [stage.attach(), stage.attach()];
    const { slot, start } = partsOf(dead.heap).membership;
    for (let i = 0; i < POSTS; i++) dead.heap.kfreeRcu(dead.heap.kmalloc(BYTES));
    kill(stage, dead);
    partsOf(other.heap).deadThreads.takeOver();
    const { migrations } = HEADER;
    const before = stage.words.load(migrations);
    partsOf(other.heap).deadThreads.takeOver();
    assert.equal(stage.words.load(migrations), before);
    const next = stage.attach();
    assert.notEqual(partsOf(next.heap).membership.slot, slot);
    assert.equal(stage.words.load(start + SLOT.state), SLOT_STATE.dead);
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
    assert.equal(words.load(HEADER.orphanObjects), 1);
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

/** Thrown where a thread is killed. */
class Killed extends Error {}

/** What a thread is doing when it is killed; each access to a word of RCU is a step. */
interface Deed {
  readonly name: string;
  /** Before it can be killed. */
  prepare?(stage: Stage, dead: Actor): void;
  run(stage: Stage, dead: Actor): void;
}

function isOfRcu(index: number, start: number): boolean {
  const inHeader = index >= HEADER.gracePeriodSequence && index < HEADER.registryLock;
  return inHeader || (index >= start + SLOT.rcuAcquired && index < start + SLOT.pagesAcquired);
}

/** Has the thread stop at its step number `steps`. Returns a function that spares it. */
function killAt(words: Words, start: number, steps: number): () => void {
  let left = steps;
  const names = [
    'load',
    'store',
    'exchange',
    'compareExchange',
    'add',
    'and',
    'or',
    'loadPlain',
    'storePlain',
  ] as const;
  for (const name of names) {
    const access = words[name].bind(words) as (...given: number[]) => number;
    (words as unknown as Record<string, unknown>)[name] = (index: number, ...given: number[]) => {
      // What is thrown must not be caught, and what comes after it not be done.
      if (left <= 0 || (isOfRcu(index, start) && --left <= 0)) throw new Killed();
      return access(index, ...given);
    };
  }
  return () => {
    left = Number.POSITIVE_INFINITY;
  };
}

/** Runs the deed in a stage of its own. Returns whether there was such a step. */
function survives(stage: Stage, deed: Deed, steps: number): boolean {
  const dead = stage.attach('dead');
  const heir = stage.attach('heir');
  const called = new Map<number, number>();
  // Else the engine would wake it.
  partsOf(dead.heap).words.waitAsync = () => undefined;
  for (const { heap } of [heir, dead]) {
    heap.rcu.register('f', (head) => {
      // A thread that is killed here has not come back from it.
      called.set(head, (called.get(head) ?? 0) + 1);
      if (heap === heir.heap) heap.kfree(head as never);
    });
  }
  const queued: number[] = [];
  const id = dead.heap.rcu.register('f', (head) => void called.set(head, (called.get(head) ?? 0) + 1));
  const objects = Array.from({ length: POSTS + CALLS }, () => dead.heap.kmalloc(BYTES));
  dead.host.runMicrotasks();
  const post = (): void => {
    for (const p of objects.splice(0, POSTS)) dead.heap.kfreeRcu(p);
    for (const p of objects.splice(0, CALLS)) {
      dead.heap.rcu.call(p, id);
      queued.push(p);
    }
  };
  if (deed.prepare !== undefined) {
    post();
    deed.prepare(stage, dead);
  }
  const { words, membership } = partsOf(dead.heap);
  const spare = killAt(words, membership.start, steps);
  let isKilled = false;
  try {
    if (deed.prepare === undefined) post();
    deed.run(stage, dead);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    isKilled = true;
  }
  if (isKilled) stage.words.store(membership.start + SLOT.state, SLOT_STATE.dead);
  else {
    spare();
    dead.host.advance(50);
  }
  requireSurvival(
    stage,
    heir,
    { called, queued, inHand: membership.start + SLOT.rcuInHand },
    `${deed.name}, killed at ${steps}`,
  );
  return isKilled;
}

interface Outcome {
  readonly called: ReadonlyMap<number, number>;
  readonly queued: readonly number[];
  readonly inHand: number;
}

/** Others go on: grace periods end, barriers end, and what was queued is called once but for what was in hand. */
function requireSurvival(
  stage: Stage,
  heir: Actor,
  { called, queued, inHand }: Outcome,
  where: string,
): void {
  heir.host.nowMillis = () => performance.now();
  heir.heap.kfreeRcuBarrierSync({ timeoutMillis: 2000 });
  const lost = queued.filter((head) => (called.get(head) ?? 0) === 0);
  const twice = queued.filter((head) => (called.get(head) ?? 0) > 1);
  assert.deepEqual(twice, [], `called twice: ${where}`);
  assert.ok(lost.length <= 1, `lost ${lost.length}: ${where}`);
  if (lost.length === 1) assert.equal(stage.words.load(inHand), lost[0], `lost, and not in hand: ${where}`);
  // That it has its own words locked is nobody's concern any more.
  const problems = stage.heap
    .balance()
    .problems.filter((problem) => !problem.includes('is inside its rcu words'));
  assert.deepEqual(problems, [], where);
  for (const word of [
    HEADER.orphanObjects,
    HEADER.orphanCallbackCount,
    HEADER.orphanSheaves,
    HEADER.orphanHeads,
  ]) {
    assert.equal(stage.words.load(word), 0, where);
  }
}

const DEEDS: readonly Deed[] = [
  { name: 'posting', run: () => {} },
  {
    name: 'driving and calling',
    prepare: (_stage, dead) => dead.host.runMicrotasks(),
    run: (_stage, dead) => dead.host.advance(50),
  },
  { name: 'leaving', prepare: () => {}, run: (_stage, dead) => dead.heap.detach() },
  {
    name: 'taking over',
    prepare: (stage) => {
      const left = stage.attach('left');
      for (let i = 0; i < POSTS; i++) left.heap.kfreeRcu(left.heap.kmalloc(BYTES));
      left.heap.kfreeRcu(left.heap.kmalloc(10_000));
      left.host.runMicrotasks();
      left.heap.detach();
    },
    run: (_stage, dead) => partsOf(dead.heap).driver.flush(),
  },
];

for (const deed of DEEDS) {
  for (const configuration of CONFIGURATIONS) {
    test(`a thread that is killed at any step of ${deed.name} holds up nobody, and loses what it has in hand (${configuration.label})`, () => {
      let steps = 1;
      while (silently(() => survives(new Stage(configuration, SIZES), deed, steps))) steps++;
      assert.ok(steps > 10, `killed at ${steps} steps only`);
    });
  }
}
