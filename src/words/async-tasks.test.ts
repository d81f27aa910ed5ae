import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { AsyncTasks } from './async-tasks.js';

/** A lock as far as tasks are concerned: lock() resolves later, and nobody is kept out. */
class FakeLock {
  readonly name: string;
  isHeld = false;
  private readonly _waiters: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Granted before it returns. */
  lockFree(): Promise<FakeLock> {
    const granted = Promise.resolve(this);
    this._take(granted);
    return granted;
  }

  /** Granted when grant() is called, when the caller awaits it already. */
  lock(): Promise<FakeLock> {
    const granted = new Promise<FakeLock>((resolve) => {
      this._waiters.push(() => {
        this._take(granted);
        resolve(this);
      });
    });
    return granted;
  }

  grant(): void {
    this._waiters.shift()!();
  }

  release(): void {
    this.isHeld = false;
  }

  private _take(granted: object): void {
    this.isHeld = true;
    tasks.noteGranted(this, granted);
  }
}

let tasks = new AsyncTasks();

beforeEach(() => {
  tasks = new AsyncTasks();
  assert.equal(tasks.start(), true);
});
afterEach(() => tasks.stop());

/** Names of the locks that the running task holds. */
function held(): string[] {
  return (tasks.heldByTask() ?? []).map((lock) => (lock as FakeLock).name);
}

/** Lets timers and everything before them run. */
function aWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

test('heldByTask() names a lock after the await of its promise, and not before', async () => {
  const a = new FakeLock('a');
  assert.equal(tasks.heldByTask(), undefined);
  const granted = a.lockFree();
  assert.deepEqual(held(), []);
  await granted;
  assert.deepEqual(held(), ['a']);
  a.release();
  assert.equal(tasks.heldByTask(), undefined);
});

test('heldByTask() names a lock that was granted after the await had begun', async () => {
  const a = new FakeLock('a');
  setTimeout(() => a.grant(), 1);
  await a.lock();
  assert.deepEqual(held(), ['a']);
});

test('heldByTask() still names it after more awaits, of promises and of what is none', async () => {
  const a = new FakeLock('a');
  await a.lockFree();
  await null;
  assert.deepEqual(held(), ['a']);
  await aWhile();
  assert.deepEqual(held(), ['a']);
  await 1;
  assert.deepEqual(held(), ['a']);
  await Promise.all([aWhile(), aWhile()]);
  assert.deepEqual(held(), ['a']);
});

test('heldByTask() names all locks of the task, oldest first, until each is released in any order', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new FakeLock(name)) as [FakeLock, FakeLock, FakeLock];
  await a.lockFree();
  setTimeout(() => b.grant(), 1);
  await b.lock();
  await c.lockFree();
  assert.deepEqual(held(), ['a', 'b', 'c']);
  b.release();
  assert.deepEqual(held(), ['a', 'c']);
  await aWhile();
  assert.deepEqual(held(), ['a', 'c']);
  a.release();
  c.release();
  assert.deepEqual(held(), []);
});

test('async functions that a holder calls hold the lock too, before and after their awaits', async () => {
  const a = new FakeLock('a');
  const seen: string[][] = [];
  const inner = async (): Promise<void> => {
    seen.push(held());
    await aWhile();
    seen.push(held());
  };
  const outer = async (): Promise<void> => {
    await inner();
    seen.push(held());
  };
  await a.lockFree();
  await outer();
  assert.deepEqual(seen, [['a'], ['a'], ['a']]);
});

test('a lock that a called function takes is not held by who awaits that function', async () => {
  const a = new FakeLock('a');
  const b = new FakeLock('b');
  const takeIt = async (): Promise<void> => {
    await b.lockFree();
    assert.deepEqual(held(), ['a', 'b']);
  };
  await a.lockFree();
  await takeIt();
  assert.deepEqual(held(), ['a']);
});

test('tasks beside a holder, started before or after, do not hold its lock', async () => {
  const a = new FakeLock('a');
  const b = new FakeLock('b');
  const seen: [string, string[]][] = [];
  const holder = async (lock: FakeLock): Promise<void> => {
    await lock.lock();
    for (let i = 0; i < 3; i++) {
      seen.push([lock.name, held()]);
      await aWhile();
    }
  };
  const bystander = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      seen.push(['bystander', held()]);
      await aWhile();
    }
  };
  const all = [bystander(), holder(a), holder(b), bystander()];
  setTimeout(() => a.grant(), 1);
  setTimeout(() => b.grant(), 2);
  await Promise.all(all);
  for (const [name, names] of seen) assert.deepEqual(names, name === 'bystander' ? [] : [name]);
  assert.equal(seen.length, 16);
  assert.deepEqual(held(), []);
});

test('Promise.all() of two locks gives none to who awaits it', async () => {
  const a = new FakeLock('a');
  const b = new FakeLock('b');
  setTimeout(() => b.grant(), 1);
  await Promise.all([a.lockFree(), b.lock()]);
  assert.deepEqual(held(), []);
});

test('a function given to then() of the lock promise holds the lock', async () => {
  const a = new FakeLock('a');
  assert.deepEqual(await a.lockFree().then(() => held()), ['a']);
});

test('callbacks of timers and microtasks that a holder starts do not hold its lock', async () => {
  const a = new FakeLock('a');
  const seen: string[][] = [];
  await a.lockFree();
  queueMicrotask(() => seen.push(held()));
  process.nextTick(() => seen.push(held()));
  setTimeout(() => seen.push(held()), 1);
  await aWhile();
  assert.deepEqual(seen, [[], [], []]);
  assert.deepEqual(held(), ['a']);
});

test('a task that holds nothing goes on holding nothing beside one that keeps a lock', async () => {
  const kept = new FakeLock('kept');
  void (async () => await kept.lockFree())();
  await aWhile();
  assert.deepEqual(held(), []);
  const a = new FakeLock('a');
  await a.lockFree();
  assert.deepEqual(held(), ['a']);
});

test('a task that locks over and over remembers no more than it holds', async () => {
  const outer = new FakeLock('outer');
  await outer.lockFree();
  for (let round = 0; round < 1000; round++) {
    const a = new FakeLock(`a ${round}`);
    await a.lockFree();
    assert.deepEqual(held(), ['outer', a.name]);
    a.release();
  }
  const { _granted } = tasks as unknown as { _granted: Map<number, unknown> };
  assert.ok(_granted.size <= 16, `remembers ${_granted.size} locks of which one is held`);
});

test('many locks that are held at once are remembered, each in its task', async () => {
  const locks = Array.from({ length: 100 }, (_, i) => new FakeLock(`lock ${i}`));
  const hold = async (lock: FakeLock): Promise<void> => {
    await lock.lockFree();
    await aWhile();
    assert.deepEqual(held(), [lock.name]);
  };
  await Promise.all(locks.map(hold));
  for (const lock of locks) lock.release();
});

test('noteGranted() ignores what is no promise', async () => {
  const granted = {};
  tasks.noteGranted({ isHeld: true }, granted);
  await granted;
  assert.equal(tasks.heldByTask(), undefined);
});

test('noteGranted() leaves the rejection of a promise for others to find', async () => {
  const granted = Promise.reject(new Error('as the test asks for'));
  tasks.noteGranted({ isHeld: true }, granted);
  await assert.rejects(granted, /as the test asks for/);
});

test('stop() forgets what was granted, and start() begins anew', async () => {
  const a = new FakeLock('a');
  await a.lockFree();
  tasks.stop();
  assert.deepEqual(held(), []);
  await a.lockFree();
  assert.deepEqual(held(), []);
  assert.equal(tasks.start(), true);
  assert.equal(tasks.start(), true);
  assert.deepEqual(held(), []);
  await a.lockFree();
  assert.deepEqual(held(), ['a']);
});

test('two trackers of one thread know nothing of what the other was told', async () => {
  const other = new AsyncTasks();
  other.start();
  const a = new FakeLock('a');
  await a.lockFree();
  assert.deepEqual(held(), ['a']);
  assert.equal(other.heldByTask(), undefined);
  other.stop();
});

for (const [label, getBuiltinModule] of [
  ['has no node:async_hooks', undefined],
  ['never calls the hook', () => ({ createHook: () => ({ enable() {}, disable() {} }) })],
] as const) {
  test(`start() is false where the engine ${label}, and then nobody holds anything`, async () => {
    const saved = Object.getOwnPropertyDescriptor(process, 'getBuiltinModule')!;
    Object.defineProperty(process, 'getBuiltinModule', { value: getBuiltinModule, configurable: true });
    try {
      tasks.stop();
      tasks = new AsyncTasks();
    } finally {
      Object.defineProperty(process, 'getBuiltinModule', saved);
    }
    assert.equal(tasks.start(), false);
    const a = new FakeLock('a');
    await a.lockFree();
    assert.equal(tasks.heldByTask(), undefined);
    a.release();
  });
}
