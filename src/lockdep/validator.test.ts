import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LockClass, lockClass, SUBCLASS_SHIFT, TAKEN, WAIT } from '../locks/lock-class.js';
import { ClassGraph } from './class-graph.js';
import { MAX_HELD } from './held-locks.js';
import { PrivateJournal } from './journal.js';
import { LockOrderError, type LockReport } from './report.js';
import { Validator, type ValidatorOptions } from './validator.js';

const A = lockClass('a', WAIT.sleep, { rank: 10 });
const B = lockClass('b', WAIT.sleep, { rank: 20 });
const C = lockClass('c', WAIT.sleep, { rank: 30 });
const RAW = lockClass('raw', WAIT.spin);
const SPIN = lockClass('spin', WAIT.config);
const { recursiveRead: R, queuedRead: Q, trylock: TRY } = TAKEN;

type Setup = Partial<ValidatorOptions> & { graph?: ClassGraph };

function stage(setup: Setup = {}): {
  v: Validator;
  graph: ClassGraph;
  reports: LockReport[];
  keys: () => string[];
  captures: () => number;
} {
  const reports: LockReport[] = [];
  let captures = 0;
  const graph = setup.graph ?? new ClassGraph(new PrivateJournal());
  const v = new Validator({
    thread: 'main',
    onReport: (report) => reports.push(report),
    captureStack: () => `at place ${++captures}`,
    ...setup,
    graph,
  });
  return { v, graph, reports, keys: () => reports.map(({ key }) => key), captures: () => captures };
}

type Step = LockClass | readonly [LockClass, number];

/** Takes the locks one inside the other, and releases them in reverse. */
function nest(v: Validator, ...steps: readonly Step[]): void {
  const locks = steps.map((step) => ('name' in step ? ([step, 0] as const) : step));
  for (const [at, [lock, how]] of locks.entries()) v.lockAcquire(lock, at, how);
  for (const [at, [lock]] of [...locks.entries()].reverse()) v.lockRelease(lock, at);
}

test('lockAcquire, reports two orders that exclude each other, with both stacks and the other thread', () => {
  const { v: main, graph, reports } = stage();
  const { v: other, keys } = stage({ graph, thread: 'worker 7', onReport: (report) => reports.push(report) });
  nest(main, A, B);
  nest(other, B, A);
  assert.deepEqual([reports.map(({ key }) => key), keys()], [['inversion: b > a'], []]);
  const { message } = reports[0]!;
  assert.match(
    message,
    /^possible deadlock: thread worker 7 takes a \(rank 10\) while it holds b \(rank 20\)/,
  );
  assert.match(
    message,
    /b \(rank 20\) was taken while a \(rank 10\) was held\n {4}by thread main\n {6}at place/,
  );
  assert.match(message, /acquire\(b\)\n +acquire\(a\)\n +acquire\(a\)\n +acquire\(b\)\n +\*\*\* deadlock/);
});

test('lockAcquire, finds a cycle over several classes, and names each step', () => {
  const { v, keys, reports } = stage();
  nest(v, A, B);
  nest(v, B, C);
  nest(v, C, A);
  assert.deepEqual(keys(), ['inversion: c > a']);
  assert.match(reports[0]!.message, /b .* was taken while a [\s\S]*c .* was taken while b /);
  assert.match(reports[0]!.message, /thread 1 +thread 2 +thread 3/);
});

test('lockAcquire, reports each problem once over all threads, and goes on with others', () => {
  const { v: main, graph, keys } = stage();
  const { v: other, keys: keysOfOther } = stage({ graph });
  nest(main, A, B);
  for (let round = 0; round < 3; round++) {
    nest(main, B, A);
    nest(other, B, A);
  }
  nest(other, C, C);
  assert.deepEqual([keys(), keysOfOther()], [['inversion: b > a'], ['deadlock: c']]);
});

test('lockAcquire, learns an order from a chain whose middle lock only readers share', () => {
  const { v, keys } = stage();
  nest(v, A, [B, R], C);
  nest(v, C, A);
  assert.deepEqual(keys(), ['inversion: c > a']);
});

test('lockAcquire, lets a trylock be taken in any order, and waits under it be ordered', () => {
  const { v, keys } = stage();
  nest(v, A, B);
  nest(v, B, [A, TRY]);
  assert.deepEqual(keys(), []);
  nest(v, [C, TRY], A);
  nest(v, A, C);
  assert.deepEqual(keys(), ['inversion: a > c']);
});

test('lockAcquire, says of the same lock that the wait never ends, of another that two threads may meet', () => {
  const { v: same, reports } = stage();
  same.lockAcquire(A, 4, 0);
  same.lockAcquire(A, 4, 0);
  assert.match(reports[0]!.message, /waits for a \(rank 10\), lock 4, which it holds itself/);
  const { v: others, reports: ofOthers } = stage();
  nest(others, A, A);
  assert.match(ofOthers[0]!.message, /while it holds another of that class/);
});

test('lockAcquire, allows a class inside itself with a subclass, and names it', () => {
  const { v, keys } = stage();
  nest(v, A, [A, 1 << SUBCLASS_SHIFT]);
  assert.deepEqual(keys(), []);
  nest(v, [A, 1 << SUBCLASS_SHIFT], A);
  assert.deepEqual(keys(), ['inversion: a/1 > a']);
});

test('lockAcquire, allows any number of a class under a nest lock, and knows each of them', () => {
  const { v, keys } = stage();
  v.lockAcquire(A, 1, 0);
  for (let at = 0; at < 3 * MAX_HELD; at++) v.lockAcquire(B, 100 + at, 0, 1);
  v.assertHeld(B, 130);
  for (let at = 0; at < 3 * MAX_HELD; at++) v.lockRelease(B, 100 + at);
  v.lockRelease(A, 1);
  assert.deepEqual([keys(), v.isOff()], [[], false]);
  v.lockRelease(B, 100);
  assert.deepEqual(keys(), ['unlock: b']);
});

test('lockAcquire, reports a nest lock that is not held, and then the class inside itself', () => {
  const { v, keys } = stage();
  v.lockAcquire(B, 100, 0, 1);
  v.lockAcquire(B, 101, 0, 1);
  assert.deepEqual(keys(), ['not-held: nest lock of b', 'deadlock: b']);
});

test('lockAcquire, looks for the nest lock each time, on known chains too', () => {
  const { v, keys } = stage();
  for (const nestLock of [1, 2]) {
    assert.deepEqual(keys(), []);
    v.lockAcquire(A, 1, 0);
    v.lockAcquire(B, 100, 0, nestLock);
    v.lockRelease(B, 100);
    v.lockRelease(A, 1);
  }
  assert.deepEqual(keys(), ['not-held: nest lock of b']);
});

test('lockAcquire, captures no stack and learns nothing on a known chain', () => {
  const { v, captures } = stage();
  nest(v, A, B, C);
  const before = captures();
  for (let round = 0; round < 100; round++) nest(v, A, B, C);
  assert.ok(before > 0);
  assert.equal(captures(), before);
});

test('lockAcquire, leaves the lock not held where the report is thrown', () => {
  const { v } = stage({
    onReport: (report) => {
      throw new LockOrderError(report);
    },
  });
  nest(v, A, B);
  v.lockAcquire(B, 1, 0);
  assert.throws(
    () => v.lockAcquire(A, 2, 0),
    (error: LockOrderError) => error.name === 'LockOrderError' && error.report.key === 'inversion: b > a',
  );
  assert.throws(() => v.assertHeld(A, 2), /lock not held: thread main came to code that needs a/);
  v.assertHeld(B, 1);
});

test('lockAcquire, knows a class by what it says, not by the object', () => {
  const { v, keys } = stage();
  nest(v, A, B);
  v.lockAcquire({ ...B }, 1, 0);
  v.lockAcquire({ ...A }, 2, 0);
  v.lockRelease(A, 2);
  v.lockRelease(B, 1);
  assert.deepEqual(keys(), ['inversion: b > a']);
});

test('lockAcquire, complains of pairs of locks exactly where they can deadlock', () => {
  const kind = fc.constantFrom(0, R, Q);
  const pair = fc.record({ from: fc.nat(3), to: fc.nat(3), held: kind, taken: kind });
  const classes = [A, B, C, lockClass('d', WAIT.sleep)];
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 10 }), (drawn) => {
      const pairs = drawn.filter(({ from, to }) => from !== to);
      const { v, reports } = stage();
      for (const { from, to, held, taken } of pairs) nest(v, [classes[from]!, held], [classes[to]!, taken]);
      assert.equal(reports.length > 0, canDeadlock(pairs), JSON.stringify(pairs));
    }),
    { numRuns: 2000 },
  );
});

type Pair = { from: number; to: number; held: number; taken: number };

/** Whether threads that each do one of the pairs can wait in a circle; by removing who waits for nobody. */
function canDeadlock(pairs: readonly Pair[]): boolean {
  let left = pairs;
  for (;;) {
    const waiting = left.filter((pair) => left.some((holder) => waitsFor(pair, holder)));
    if (waiting.length === left.length) return left.length > 0;
    left = waiting;
  }
}

function waitsFor(pair: Pair, holder: Pair): boolean {
  return pair.to === holder.from && !(pair.taken === R && holder.held !== 0);
}

test('lockAcquire, complains of nothing where all take locks in one order', () => {
  const classes = Array.from({ length: 6 }, (_, at) => lockClass(`k${at}`, WAIT.sleep, { rank: at + 1 }));
  const how = fc.constantFrom(0, R, Q, TRY, TRY | R);
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(fc.nat(5), how), { maxLength: 5 }), { maxLength: 12 }), (runs) => {
      const { v, reports } = stage();
      for (const run of runs) {
        const inOrder = new Map(run.toSorted(([a], [b]) => a - b));
        nest(v, ...[...inOrder].map(([at, taken]) => [classes[at]!, taken] as const));
      }
      assert.deepEqual(reports, []);
    }),
  );
});

test('lockRelease, takes locks out of the middle, and what is left is held as before', () => {
  const { v, keys } = stage();
  v.lockAcquire(A, 1, 0);
  v.lockAcquire(RAW, 2, TRY);
  v.lockAcquire(SPIN, 3, TRY);
  v.lockRelease(RAW, 2);
  v.lockAcquire(SPIN, 4, 1 << SUBCLASS_SHIFT);
  assert.deepEqual(keys(), []);
  for (const [lock, instance] of [[A, 1] as const, [SPIN, 3] as const, [SPIN, 4] as const]) {
    v.assertHeld(lock, instance);
    v.lockRelease(lock, instance);
  }
  assert.deepEqual(keys(), []);
  v.lockRelease(RAW, 2);
  assert.deepEqual(keys(), ['unlock: raw']);
});

test('lockRelease, keeps a wait limit below the lock that was released', () => {
  const { v, keys } = stage();
  v.lockAcquire(RAW, 1, 0);
  v.lockAcquire(RAW, 2, 1 << SUBCLASS_SHIFT);
  v.lockRelease(RAW, 1);
  v.lockAcquire(SPIN, 3, 0);
  assert.deepEqual(keys(), ['wait-context: raw/1 > spin']);
});

test('assertHeld, reports a lock that is not held, and another lock of the class', () => {
  const { v, keys } = stage();
  v.lockAcquire(A, 1, 0);
  v.assertHeld(A);
  v.assertHeld(A, 1);
  assert.deepEqual(keys(), []);
  v.assertHeld(A, 2);
  v.assertHeld(B);
  assert.deepEqual(keys(), ['not-held: a', 'not-held: b']);
});

test('initLock, reports a lock that is held, and no other', () => {
  const { v, keys } = stage();
  v.lockAcquire(A, 1, 0);
  v.initLock(A, 2);
  v.initLock(B, 1);
  assert.deepEqual(keys(), []);
  v.initLock(A, 1);
  assert.deepEqual(keys(), ['init-held: a']);
});

test('mayReclaim, reports a lock held over an allocation that a shrinker takes', () => {
  const { v, keys } = stage();
  v.enterReclaim();
  nest(v, A);
  v.exitReclaim();
  v.lockAcquire(A, 1, 0);
  v.enterNoReclaim();
  v.mayReclaim();
  v.exitNoReclaim();
  assert.deepEqual(keys(), []);
  v.mayReclaim();
  assert.deepEqual(keys(), ['inversion: a > reclaim']);
});

test('turnEnded, reports what others spin for, and no lock that waits', () => {
  const { v, keys } = stage();
  v.lockAcquire(A, 1, 0);
  v.turnEnded();
  assert.deepEqual(keys(), []);
  v.lockAcquire(RAW, 2, 0);
  v.turnEnded();
  assert.deepEqual(keys(), ['turn: raw']);
});
