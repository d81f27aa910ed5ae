import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LockClass, lockClass, TAKEN, WAIT } from '../locks/lock-class.js';
import { RCU_READ } from '../locks/lull-classes.js';
import { ClassGraph } from './class-graph.js';
import { PrivateJournal } from './journal.js';
import { LockOrderError, type LockReport } from './report.js';
import { type TaskTracker, Validator, type ValidatorOptions } from './validator.js';

const A = lockClass('a', WAIT.sleep);
const B = lockClass('b', WAIT.sleep);
const C = lockClass('c', WAIT.sleep);
const RAW = lockClass('raw', WAIT.spin);

/** The test says which task runs; a task holds what it was granted, for ever. */
class FakeTasks implements TaskTracker {
  running = '';
  private readonly _held = new Map<string, object[]>();

  heldByTask(): object[] {
    return this._held.get(this.running) ?? [];
  }
  noteGranted(held: object): void {
    this._held.set(this.running, [...this.heldByTask(), held]);
  }
}

function stage(setup: Partial<ValidatorOptions> = {}) {
  const reports: LockReport[] = [];
  const tasks = new FakeTasks();
  const v = new Validator({
    thread: 'main',
    graph: new ClassGraph(new PrivateJournal()),
    tasks,
    onReport: (report) => reports.push(report),
    captureStack: () => 'at place',
    ...setup,
  });
  const lock = (task: string, taken: LockClass, instance = 1): void => {
    tasks.running = task;
    v.lockAwait(taken, instance, 0);
    v.lockGranted(taken, instance, 0, {});
  };
  return { v, tasks, reports, lock, keys: () => reports.map(({ key }) => key) };
}

test('lockAwait, orders a lock after what the same task holds', () => {
  const { v, lock, keys } = stage();
  lock('x', A);
  lock('x', B);
  v.lockRelease(A, 1);
  v.lockRelease(B, 1);
  lock('y', B);
  assert.deepEqual(keys(), []);
  lock('y', A);
  assert.deepEqual(keys(), ['inversion: b > a']);
});

test('lockAwait, orders a lock after nothing that other tasks hold', () => {
  const { lock, keys } = stage();
  lock('x', A);
  lock('y', B);
  lock('x', C);
  lock('z', A, 2);
  assert.deepEqual(keys(), []);
});

test('lockAwait, orders nothing where tasks are not tracked', () => {
  const reports: LockReport[] = [];
  const graph = new ClassGraph(new PrivateJournal());
  const v = new Validator({
    thread: 'main',
    graph,
    onReport: (report) => reports.push(report),
    captureStack: () => '',
  });
  for (const taken of [A, B, A]) {
    v.lockAwait(taken, 1, 0);
    v.lockGranted(taken, 1, 0, {});
  }
  assert.deepEqual([reports, graph.edges()], [[], []]);
});

test('lockAwait, reports a task that waits for a lock which it holds itself', () => {
  const { lock, keys } = stage();
  lock('x', A);
  lock('x', A);
  assert.deepEqual(keys(), ['deadlock: a']);
});

test('lockAwait, takes what a task has released for not held', () => {
  const { v, lock, keys } = stage();
  lock('x', A);
  v.lockRelease(A, 1);
  lock('x', B);
  v.lockRelease(B, 1);
  lock('x', A);
  lock('x', B);
  lock('x', C);
  assert.deepEqual(keys(), []);
  v.assertHeld(C, 1);
});

test('lockAwait, reports a wait with a raw lock held, in a thread that may not wait either', () => {
  const { v, lock, keys, reports } = stage({ threadContext: WAIT.spin });
  lock('x', A);
  assert.deepEqual(keys(), []);
  v.lockAcquire(RAW, 5, 0);
  v.lockAwait(B, 1, 0);
  assert.deepEqual(keys(), ['wait-context: raw > b']);
  assert.match(reports[0]!.message, /thread main awaits b under raw/);
});

test('lockAwait, does not take a turn(fn) that it is called in for something held over the wait', () => {
  const { v, lock, keys } = stage();
  v.lockAcquire(RCU_READ, 0, TAKEN.recursiveRead);
  lock('x', A);
  v.lockRelease(RCU_READ, 0);
  assert.deepEqual(keys(), []);
  v.lockAcquire(RAW, 5, 0);
  v.lockAcquire(RCU_READ, 0, TAKEN.recursiveRead);
  v.lockAwait(B, 1, 0);
  assert.deepEqual(keys(), ['wait-context: raw > b']);
});

test('lockAcquire, orders a synchronous wait after what any task holds, whenever it was granted', () => {
  const before = stage();
  before.lock('x', A);
  before.v.lockAcquire(B, 1, 0);
  before.v.lockRelease(B, 1);
  before.v.lockRelease(A, 1);
  before.lock('y', B);
  before.lock('y', A);
  assert.deepEqual(before.keys(), ['inversion: b > a']);
  const meanwhile = stage();
  meanwhile.v.lockAcquire(C, 1, 0);
  meanwhile.lock('x', A);
  meanwhile.v.lockAcquire(B, 1, 0);
  meanwhile.lock('y', B, 2);
  meanwhile.lock('y', A, 2);
  assert.deepEqual(meanwhile.keys(), ['inversion: b > a']);
});

test('lockAcquire, checks a known order again when a task was granted a lock meanwhile', () => {
  const { v, lock, keys } = stage();
  const nestInC = (meanwhile: () => void): void => {
    v.lockAcquire(C, 1, 0);
    meanwhile();
    v.lockAcquire(B, 1, 0);
    v.lockRelease(B, 1);
    v.lockRelease(C, 1);
  };
  nestInC(() => {});
  nestInC(() => lock('x', A));
  lock('y', B, 2);
  lock('y', A, 2);
  assert.deepEqual(keys(), ['inversion: b > a']);
});

test('lockAcquire, reports a synchronous wait for a lock that a task of the thread holds', () => {
  const { v, lock, keys, reports } = stage();
  lock('x', A, 7);
  v.lockAcquire(A, 7, 0);
  assert.deepEqual(keys(), ['deadlock: a']);
  assert.match(reports[0]!.message, /lock 7, which it holds itself/);
});

test('lockGranted, holds locks of any number of tasks, which are released in any order', () => {
  const { v, lock, keys } = stage();
  for (let at = 0; at < 500; at++) lock(`task ${at}`, A, at);
  for (let at = 0; at < 500; at++) v.assertHeld(A, at);
  v.lockAcquire(B, 1, 0);
  for (let at = 0; at < 500; at++) v.lockRelease(A, (at * 7) % 500);
  v.lockRelease(B, 1);
  assert.deepEqual([keys(), v.isOff()], [[], false]);
  v.lockRelease(A, 3);
  assert.deepEqual(keys(), ['unlock: a']);
});

test('lockGranted, remembers a lock with the stack of its wait, wherever it is granted', () => {
  let place = '';
  const { v, tasks, reports } = stage({ captureStack: () => `at ${place}` });
  tasks.running = 'x';
  place = 'lock() of x';
  v.lockAwait(A, 1, 0);
  place = 'the driver';
  v.lockGranted(A, 1, 0, {});
  v.lockAwait(A, 1, 0);
  const shown = /but it holds \(stack of the first time\)\n {2}a, lock 1\n {6}at lock\(\) of x\n/;
  assert.match(reports[0]!.message, shown);
});

test('lockGranted, costs about the same however many locks other tasks hold', () => {
  const nanosWith = (others: number): number => {
    const { v, tasks, lock } = stage();
    for (let at = 0; at < others; at++) lock(`task ${at}`, lockClass(`lock ${at}`, WAIT.sleep), at);
    tasks.running = 'measured';
    tasks.noteGranted = () => {};
    const rounds = 300;
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 10; run++) {
      const begin = process.hrtime.bigint();
      for (let round = 0; round < rounds; round++) {
        v.lockAwait(A, 5000, 0);
        v.lockGranted(A, 5000, 0, {});
        v.lockAcquire(B, 6000, 0);
        v.lockRelease(B, 6000);
        v.lockRelease(A, 5000);
      }
      best = Math.min(best, Number(process.hrtime.bigint() - begin) / rounds);
    }
    return best;
  };
  const alone = nanosWith(0);
  const among = nanosWith(1000);
  // It was 300 times as much when each of the others was looked at.
  assert.ok(among < 20 * alone, `${among} ns among 1000 others, ${alone} ns alone`);
});

test('lockRelease, of a lock that several tasks hold as readers, takes it from the task that releases', () => {
  const { v, tasks, keys } = stage();
  const read = (task: string): void => {
    tasks.running = task;
    v.lockAwait(A, 1, TAKEN.queuedRead);
    v.lockGranted(A, 1, TAKEN.queuedRead, {});
  };
  const take = (task: string, lock: LockClass): void => {
    tasks.running = task;
    v.lockAwait(lock, 1, 0);
    v.lockGranted(lock, 1, 0, {});
  };
  read('x');
  read('y');
  v.lockRelease(A, 1);
  // y holds A no more, so there is no order between A and B yet; x holds it, and A comes before C.
  take('y', B);
  take('x', C);
  v.lockRelease(A, 1);
  take('z', B);
  take('z', A);
  assert.deepEqual(keys(), []);
  take('w', C);
  take('w', A);
  assert.deepEqual(keys(), ['inversion: c > a']);
});

test('lockGranted, is open to hooks and callbacks as long as the lock is held', () => {
  const { v, lock, keys } = stage();
  lock('x', A);
  v.enterContext('callback', WAIT.sleep);
  v.lockAcquire(A, 2, 0);
  assert.ok(keys().includes('irq: a'), keys().join());
});

test('lockAwait, leaves nothing held where the report is thrown', () => {
  const { v, lock } = stage({
    onReport: (report) => {
      throw new LockOrderError(report);
    },
  });
  lock('x', A);
  assert.throws(() => lock('x', A), /waits for a, lock 1, which it holds itself/);
  v.lockRelease(A, 1);
  assert.throws(() => v.assertHeld(A), /lock not held/);
});
