import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { ISOLATION, SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { joinHeap, type Membership } from '../threads/thread-registry.js';
import type { SpawnOptions } from '../words/host.js';
import { makeHandle } from './heap-handle.js';
import type { ReapReport } from './reaper.js';
import type { SpawnedWorker } from './spawn.js';
import { type Reaps, ThreadEnds } from './thread-ends.js';

/** A worker of the test: terminate() ends it when the microtasks run, as Node's does a little later. */
class FakeWorker {
  threadId: number;
  private readonly _listeners: (() => void)[] = [];

  constructor(threadId: number) {
    this.threadId = threadId;
  }

  on(_event: string, listener: () => void): this {
    this._listeners.push(listener);
    return this;
  }

  async terminate(): Promise<number> {
    await Promise.resolve();
    this.threadId = -1;
    for (const listener of this._listeners) listener();
    return 1;
  }
}

/** A worker as a browser has it. */
class WebWorker {
  isTerminated = false;

  terminate(): void {
    this.isTerminated = true;
  }
}

/** Frees every zombie, unless it is told to wait. */
class FakeReaper implements Reaps {
  isStuck = false;
  onReaped: (report: ReapReport) => void = () => {};
  private readonly _heap: BareHeap;

  constructor(heap: BareHeap) {
    this._heap = heap;
  }

  reapAll(): ReapReport[] {
    const { words, geometry } = this._heap;
    const reports: ReapReport[] = [];
    for (let slot = 0; slot < geometry.slots && !this.isStuck; slot++) {
      const start = geometry.slotsStart + slot * geometry.slotWords;
      if (words.load(start + SLOT.state) !== SLOT_STATE.zombie) continue;
      const generation = words.load(start + SLOT.generation);
      words.store(start + SLOT.state, SLOT_STATE.free);
      reports.push({ slot, generation } as ReapReport);
    }
    for (const report of reports) this.onReaped(report);
    return reports;
  }

  stop(): void {}
}

/** Of a thread that is between two turns. */
const NO_TURN = { isOpen: () => false, run: <T>(fn: () => T): T => fn() };

class Scene {
  readonly heap = formatBareHeap(CONFIGURATIONS[0]!.options);
  readonly spawned: { url: string; options: SpawnOptions }[] = [];
  /** What the host starts. */
  worker: object = new FakeWorker(5);
  readonly host: FakeHost;
  readonly reaper = new FakeReaper(this.heap);
  readonly own: Membership;
  readonly ends: ThreadEnds;

  constructor() {
    const { words, geometry } = this.heap;
    this.host = Object.assign(new FakeHost(), {
      spawnWorker: (url: string | URL, options: SpawnOptions) => {
        this.spawned.push({ url: String(url), options });
        return this.worker;
      },
    });
    this.own = joinHeap(words, geometry, 'own');
    const handle = makeHandle(new SharedArrayBuffer(8), false);
    const { host, own } = this;
    const parts = { host, words, geometry, membership: own, handle, turn: NO_TURN };
    this.ends = new ThreadEnds({ ...parts, ownerTag: ownerTag(own.slot, own.generation) }, this.reaper);
    this.reaper.onReaped = (report) => this.ends.noteReaped(report);
    this.ends.start();
  }

  join(threadId: number): Membership {
    return joinHeap(this.heap.words, this.heap.geometry, 'worker', false, threadId);
  }

  state({ start }: Membership): number {
    return this.heap.words.load(start + SLOT.state);
  }
}

/** Lets promises go on while the clock does. */
async function pass(host: FakeHost, millis: number): Promise<void> {
  for (let at = 0; at < millis; at++) {
    host.advance(1);
    for (let n = 0; n < 4; n++) await Promise.resolve();
  }
}

test('ThreadEnds, spawn() gives the worker the handle beside its own workerData, and watches it', async () => {
  const scene = new Scene();
  const options = { name: 'crunch', workerData: { job: 7 } };
  const worker = scene.ends.spawn('file:///worker.js', options) as SpawnedWorker;
  assert.equal(worker, scene.worker);
  const [call] = scene.spawned;
  const { job, heap } = call!.options.workerData as {
    job: number;
    heap: { lull: string; threadNumber: number };
  };
  assert.deepEqual(
    [call!.url, call!.options.name, job, heap.lull],
    ['file:///worker.js', 'crunch', 7, 'heap'],
  );
  assert.ok(heap.threadNumber >= 2 ** 27 && heap.threadNumber < 2 ** 29);
  const member = scene.join(6);
  await worker.terminate();
  assert.equal(scene.state(member), SLOT_STATE.free);
});

test('ThreadEnds, spawn() refuses workerData that has no room for the handle', () => {
  const scene = new Scene();
  for (const workerData of [7, 'text', null, [1], new Map()]) {
    assert.throws(() => scene.ends.spawn('x', { workerData }), {
      name: 'TypeError',
      message: /^spawned a worker with workerData: .*; it is an object/,
    });
  }
  assert.equal(scene.spawned.length, 0);
});

test('ThreadEnds, terminate() resolves with the reports of the worker, once its slots are free', async () => {
  const scene = new Scene();
  const [first, other, second] = [scene.join(6), scene.join(9), scene.join(6)];
  scene.reaper.isStuck = true;
  let reports: ReapReport[] | undefined;
  const ended = scene.ends.terminate(scene.worker).then((found) => {
    reports = found;
  });
  await pass(scene.host, 5);
  assert.equal(scene.state(first), SLOT_STATE.zombie);
  assert.equal(reports, undefined);
  scene.reaper.isStuck = false;
  scene.reaper.reapAll();
  await pass(scene.host, 5);
  await ended;
  assert.deepEqual(
    reports!.map(({ slot }) => slot),
    [first.slot, second.slot],
  );
  assert.equal(scene.state(other), SLOT_STATE.live);
});

test('ThreadEnds, terminate() of a worker that has ended resolves once its slots are free as well', async () => {
  const scene = new Scene();
  const worker = scene.ends.spawn('file:///worker.js', {}) as SpawnedWorker;
  const member = scene.join(6);
  scene.reaper.isStuck = true;
  await worker.terminate();
  let isOver = false;
  const ended = scene.ends.terminate(worker).then(() => {
    isOver = true;
  });
  await pass(scene.host, 5);
  assert.deepEqual([isOver, scene.state(member)], [false, SLOT_STATE.zombie]);
  scene.reaper.isStuck = false;
  scene.reaper.reapAll();
  await pass(scene.host, 5);
  await ended;
});

test('ThreadEnds, terminate() of a worker that never joined, or has left, resolves with nothing', async () => {
  const scene = new Scene();
  assert.deepEqual(await scene.ends.terminate(scene.worker), []);
  assert.deepEqual(await scene.ends.terminate(scene.worker), []);
});

test('ThreadEnds, terminate() throws TypeError for what is no worker of this thread', async () => {
  const scene = new Scene();
  for (const value of [undefined, null, 7, {}, { terminate: 1 }]) {
    await assert.rejects(scene.ends.terminate(value), {
      name: 'TypeError',
      message: /^terminated .*pass a worker/,
    });
  }
  const foreign = new WebWorker();
  await assert.rejects(scene.ends.terminate(foreign), { name: 'TypeError', message: /nothing can be known/ });
  assert.equal(foreign.isTerminated, false);
});

test("ThreadEnds, terminate() of a browser's worker resolves when its end has shown, and says where it does not", async () => {
  for (const isShown of [true, false]) {
    const scene = new Scene();
    const worker = new WebWorker();
    scene.worker = worker;
    scene.ends.spawn('worker.js', {});
    const { heap } = scene.spawned[0]!.options.workerData as { heap: { threadNumber: number } };
    const member = scene.join(heap.threadNumber);
    let outcome: unknown;
    const ended = scene.ends.terminate(worker).then(
      (reports) => {
        outcome = reports.map(({ slot }) => slot);
      },
      (error: Error) => {
        outcome = error.message;
      },
    );
    await pass(scene.host, 20);
    assert.deepEqual([worker.isTerminated, outcome], [true, undefined]);
    if (isShown) scene.ends.reap(member.slot);
    else scene.host.advance(11_000);
    await pass(scene.host, 5);
    await ended;
    if (isShown) assert.deepEqual(outcome, [member.slot]);
    else
      assert.match(outcome as string, /no proof that it has ended: slot 1 is not free.*heap\.reap\(slot\)$/);
  }
});

test('ThreadEnds, reap() frees the slot of a thread that lives, as far as the heap knows', () => {
  const scene = new Scene();
  const member = scene.join(0);
  assert.equal(scene.ends.reap(member.slot)?.slot, member.slot);
  assert.equal(scene.state(member), SLOT_STATE.free);
});

test('ThreadEnds, reap() refuses what is no slot, its own, and one that is free', () => {
  const { ends, own, heap } = new Scene();
  for (const slot of [-1, heap.geometry.slots, 0.5, Number.NaN, '1']) {
    assert.throws(() => ends.reap(slot as number), { name: 'RangeError', message: /^reaped slot .*0\.\./ });
  }
  assert.throws(() => ends.reap(own.slot), /this thread's own; call detach\(\)/);
  assert.throws(() => ends.reap(own.slot + 1), /which is free/);
});

test('ThreadEnds, reap() returns nothing where a lock is not to be had now', () => {
  const scene = new Scene();
  const member = scene.join(0);
  scene.reaper.isStuck = true;
  assert.equal(scene.ends.reap(member.slot), undefined);
  assert.equal(scene.state(member), SLOT_STATE.zombie);
});

test('ThreadEnds, on() tells of every slot that is reaped, whatever another listener throws', (t) => {
  const error = t.mock.method(console, 'error', () => {});
  const scene = new Scene();
  const slots: number[] = [];
  scene.ends.on(() => {
    throw new Error('as the test asks for');
  });
  const off = scene.ends.on(({ slot }) => slots.push(slot));
  const members = [scene.join(0), scene.join(0)];
  scene.ends.reap(members[0]!.slot);
  off();
  scene.ends.reap(members[1]!.slot);
  assert.deepEqual(slots, [members[0]!.slot]);
  assert.equal(error.mock.callCount(), 2);
});

test('ThreadEnds, start() reaps who had died while nobody was there', () => {
  const { heap, own } = new Scene();
  const { words, geometry } = heap;
  const member = joinHeap(words, geometry, 'dead', false, 3);
  words.store(member.start + SLOT.state, SLOT_STATE.zombie);
  const parts = {
    host: new FakeHost(),
    words,
    geometry,
    membership: own,
    handle: makeHandle(new SharedArrayBuffer(8), false),
    turn: NO_TURN,
  };
  new ThreadEnds({ ...parts, ownerTag: ownerTag(own.slot, own.generation) }, new FakeReaper(heap)).start();
  assert.equal(words.load(member.start + SLOT.state), SLOT_STATE.free);
});

test('ThreadEnds.watch, has nobody borrow from a thread that has a worker, and before that leaves it alone', () => {
  const scene = new Scene();
  const isolated = scene.own.start + SLOT.isolated;
  assert.equal(scene.heap.words.load(isolated), ISOLATION.none);
  scene.ends.watch(new FakeWorker(9) as never);
  assert.equal(scene.heap.words.load(isolated), ISOLATION.parent);
});
