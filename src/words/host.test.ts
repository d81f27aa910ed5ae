import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { canLeaveAll, engineHost, type Host, leaveAll } from './host.js';

/** The engine host of another engine: the module as it loads where the globals are these. */
async function hostWhere(label: string, globals: Record<string, unknown>): Promise<Host> {
  const saved = Object.keys(globals).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    const module = (await import(`./host.js?${label}`)) as { engineHost: Host };
    return module.engineHost;
  } finally {
    for (const [name, descriptor] of saved) {
      if (descriptor === undefined) delete (globalThis as Record<string, unknown>)[name];
      else Object.defineProperty(globalThis, name, descriptor);
    }
  }
}

test('leaveAll() leaves everything that the thread has entered', () => {
  const host = new FakeHost();
  const left: string[] = [];
  leaveAll(host);
  for (const name of ['one', 'two'])
    host.entered.add({ leave: () => left.push(name), isLeavable: () => true, isOpen: () => true });
  leaveAll(host);
  assert.deepEqual(left, ['one', 'two']);
});

test('canLeaveAll() is false where one of them must stay', () => {
  const host = new FakeHost();
  assert.equal(canLeaveAll(host), true);
  host.entered.add({ leave: () => {}, isLeavable: () => true, isOpen: () => true });
  assert.equal(canLeaveAll(host), true);
  host.entered.add({ leave: () => {}, isLeavable: () => false, isOpen: () => true });
  host.entered.add({ leave: () => {}, isLeavable: () => true, isOpen: () => true });
  assert.equal(canLeaveAll(host), false);
});

test('engineHost may wait in Node', () => {
  assert.equal(engineHost.waitRight, 'may-wait');
});

test("engineHost may only spin on a browser's main thread", async () => {
  assert.equal((await hostWhere('page', { process: undefined, window: {} })).waitRight, 'may-spin');
});

test('engineHost may wait in a browser worker', async () => {
  const host = await hostWhere('worker', { process: undefined, WorkerGlobalScope: class {} });
  assert.equal(host.waitRight, 'may-wait');
});

test('engineHost may neither wait nor spin in an audio worklet', async () => {
  const host = await hostWhere('worklet', { process: undefined, AudioWorkletGlobalScope: class {} });
  assert.equal(host.waitRight, 'may-neither');
});

test('engineHost.exitTasks run at the exit of a Node worker, and never on the main thread', async () => {
  const exits: (() => void)[] = [];
  const nodeWith = (isMainThread: boolean) => ({
    versions: { node: '20.0.0' },
    on: (_event: 'exit', listener: () => void) => exits.push(listener),
    getBuiltinModule: () => ({ isMainThread }),
  });
  await hostWhere('main', { process: nodeWith(true) });
  assert.equal(exits.length, 0);
  const host = await hostWhere('thread', { process: nodeWith(false) });
  assert.equal(exits.length, 1);
  const ran: string[] = [];
  host.exitTasks.add(() => ran.push('first'));
  host.exitTasks.add(() => ran.push('second'));
  exits[0]!();
  assert.deepEqual(ran, ['first', 'second']);
});

test('engineHost.queueMicrotask() runs its task after the synchronous run, before any timer', async () => {
  const order: string[] = [];
  const timer = new Promise<void>((resolve) => {
    engineHost.startTimer(() => {
      order.push('timer');
      resolve();
    }, 0);
  });
  engineHost.queueMicrotask(() => order.push('microtask'));
  order.push('synchronous');
  const alive = setTimeout(() => {}, 10_000);
  await timer;
  clearTimeout(alive);
  assert.deepEqual(order, ['synchronous', 'microtask', 'timer']);
});

test('engineHost.queueMicrotask() works where the engine has only promises', async () => {
  const host = await hostWhere('promises', { AudioWorkletGlobalScope: class {} });
  const saved = globalThis.queueMicrotask;
  Object.defineProperty(globalThis, 'queueMicrotask', {
    value: undefined,
    configurable: true,
    writable: true,
  });
  let ran = false;
  try {
    host.queueMicrotask(() => {
      ran = true;
    });
  } finally {
    Object.defineProperty(globalThis, 'queueMicrotask', { value: saved, configurable: true, writable: true });
  }
  assert.equal(ran, false);
  await Promise.resolve();
  assert.equal(ran, true);
});

/** The host of an audio worklet: what Chromium 156 and Firefox 153 lack there is gone while `fn` runs. */
async function inWorklet(label: string, fn: (host: Host) => void | Promise<void>): Promise<void> {
  const lacks = ['performance', 'crypto', 'setTimeout', 'clearTimeout', 'setInterval', 'queueMicrotask'];
  const names = [...lacks, 'TextEncoder', 'TextDecoder', 'structuredClone', 'process'];
  const saved = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const);
  for (const name of names) delete (globalThis as Record<string, unknown>)[name];
  try {
    await fn(await hostWhere(label, { AudioWorkletGlobalScope: class {} }));
  } finally {
    for (const [name, descriptor] of saved) Object.defineProperty(globalThis, name, descriptor);
  }
}

test('engineHost, has a clock and random words in an audio worklet', async () => {
  await inWorklet('bare', (host) => {
    assert.ok(Math.abs(host.nowMillis() - Date.now()) < 1000);
    const drawn = new Set(Array.from({ length: 100 }, () => host.random32()));
    assert.ok(drawn.size > 90);
    for (const word of drawn) assert.equal(word, word | 0);
    assert.ok([...drawn].some((word) => word < 0) && [...drawn].some((word) => word > 0));
  });
});

test('engineHost, starts no timer in an audio worklet, and says so to who wants to sleep', async () => {
  await inWorklet('timeless', async (host) => {
    host.startTimer(() => assert.fail('a timer that ran'), 0)();
    host.startKeepAlive()();
    await assert.rejects(host.sleep(5), /waited 5 ms where the engine has no timer/);
  });
});

test('engineHost.startTimer() starts none that keeps the process alive, and its result calls it off', async () => {
  let ran = 0;
  const before = process.getActiveResourcesInfo().length;
  const callOff = engineHost.startTimer(() => ran++, 1);
  assert.equal(process.getActiveResourcesInfo().length, before);
  callOff();
  await engineHost.sleep(5);
  assert.equal(ran, 0);
});

test('engineHost.sleep() resolves after its time and keeps the process alive until then', async () => {
  const start = engineHost.nowMillis();
  const before = process.getActiveResourcesInfo().length;
  const slept = engineHost.sleep(3);
  assert.equal(process.getActiveResourcesInfo().length, before + 1);
  await slept;
  // A timer may end a fraction of a millisecond before the clock says so.
  assert.ok(engineHost.nowMillis() - start >= 2);
});

test("engineHost.threadId is one more than Node's number of the thread, and 0 where there is none", async () => {
  const nodeOf = (threads: object) => ({
    versions: { node: '20.0.0' },
    on() {},
    getBuiltinModule: (name: string) => (name === 'node:worker_threads' ? threads : undefined),
  });
  // The main thread is number 0.
  assert.equal(engineHost.threadId, 1);
  const worker = nodeOf({ threadId: 41, isMainThread: false });
  assert.equal((await hostWhere('number', { process: worker })).threadId, 42);
  const old = { versions: { node: '20.0.0' }, on() {} };
  assert.equal((await hostWhere('old', { process: old })).threadId, 0);
  assert.equal((await hostWhere('nameless', { process: undefined })).threadId, 0);
});

test('engineHost.environment() finds a variable of the process', async () => {
  process.env.LULL_HOST_TEST = 'found';
  assert.equal(engineHost.environment('LULL_HOST_TEST'), 'found');
  delete process.env.LULL_HOST_TEST;
  assert.equal(engineHost.environment('LULL_HOST_TEST'), undefined);
});

test('engineHost.environment() finds nothing where the engine has none, or does not let it look', async () => {
  const forbidding = {
    versions: { node: '20.0.0' },
    on() {},
    get env(): never {
      throw new Error('no right to look');
    },
  };
  const browser = await hostWhere('no environment', { process: undefined });
  const globals = globalThis as { process?: unknown };
  const { process: saved } = globals;
  try {
    globals.process = undefined;
    assert.equal(browser.environment('PATH'), undefined);
    globals.process = forbidding;
    assert.equal(browser.environment('PATH'), undefined);
  } finally {
    globals.process = saved;
  }
});

test('engineHost.onWorkerStart() listens to the process until it is told to end', () => {
  const before = process.listenerCount('worker');
  const seen: unknown[] = [];
  const end = engineHost.onWorkerStart((worker) => seen.push(worker));
  assert.equal(process.listenerCount('worker'), before + 1);
  const worker = {};
  (process as { emit(event: string, worker: unknown): boolean }).emit('worker', worker);
  end();
  end();
  assert.equal(process.listenerCount('worker'), before);
  assert.deepEqual(seen, [worker]);
  assert.equal(seen[0], worker);
});

test('engineHost.startKeepAlive() keeps the process alive until it is told to end, each for itself', () => {
  const before = process.getActiveResourcesInfo().length;
  const ends = [engineHost.startKeepAlive(), engineHost.startKeepAlive()];
  assert.equal(process.getActiveResourcesInfo().length, before + 2);
  ends[0]!();
  ends[0]!();
  assert.equal(process.getActiveResourcesInfo().length, before + 1);
  ends[1]!();
  assert.equal(process.getActiveResourcesInfo().length, before);
});

test('engineHost.random32() returns words, and not the same twice', () => {
  const drawn = new Set(Array.from({ length: 100 }, () => engineHost.random32()));
  assert.ok(drawn.size > 90);
  for (const word of drawn) assert.equal(word | 0, word);
  assert.ok([...drawn].some((word) => word < 0) && [...drawn].some((word) => word > 0));
});
