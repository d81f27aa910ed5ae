import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LockClass, lockClass, TAKEN, WAIT, type WaitType } from '../locks/lock-class.js';
import { RCU_READ, ZONE_LOCK } from '../locks/lull-classes.js';
import { ClassGraph } from './class-graph.js';
import { PrivateJournal } from './journal.js';
import type { LockReport } from './report.js';
import { Validator, type ValidatorOptions } from './validator.js';

const RAW = lockClass('raw', WAIT.spin);
const SPIN = lockClass('spin', WAIT.config);
const LOCAL = lockClass('local', WAIT.config, { kind: 'percpu' });
const MUTEX = lockClass('mutex', WAIT.sleep);
const RCU = lockClass('rcu', WAIT.config, { outer: WAIT.free });
const ANY_WAIT = lockClass('any wait', WAIT.sleep, { kind: 'waitOverride' });

function stage(setup: Partial<ValidatorOptions> = {}) {
  const reports: LockReport[] = [];
  const v = new Validator({
    thread: 'main',
    graph: new ClassGraph(new PrivateJournal()),
    onReport: (report) => reports.push(report),
    captureStack: () => 'at place',
    ...setup,
  });
  return { v, reports, keys: () => reports.map(({ key }) => key) };
}

/** Which of raw spin, spin, mutex may be taken here. */
function allowedHere(v: Validator, reports: LockReport[]): string[] {
  return [RAW, SPIN, MUTEX]
    .filter((lock) => {
      reports.length = 0;
      v.lockAcquire(lock, 99, 1 << 4);
      v.lockRelease(lock, 99);
      return !reports.some(({ kind }) => kind === 'wait-context');
    })
    .map(({ name }) => name);
}

for (const [lock, expected] of [
  [RAW, ['raw']],
  [SPIN, ['raw', 'spin']],
  [LOCAL, ['raw', 'spin']],
  [RCU, ['raw', 'spin']],
  [MUTEX, ['raw', 'spin', 'mutex']],
] as const) {
  test(`lockAcquire, allows under ${lock.name}: ${expected.join(', ')}`, () => {
    const { v, reports } = stage();
    v.lockAcquire(lock, 1, 0);
    assert.deepEqual(allowedHere(v, reports), expected);
  });
}

test('lockAcquire, counts config as spin where raw lock nesting is not to be proved', () => {
  const { v, reports } = stage({ proveRawLockNesting: false });
  v.lockAcquire(RAW, 1, 0);
  assert.deepEqual(allowedHere(v, reports), ['raw', 'spin']);
});

test('lockAcquire, lets trylocks be taken anywhere, and holds what is under them to their limit', () => {
  const { v, reports, keys } = stage();
  v.lockAcquire(RAW, 1, 0);
  v.lockAcquire(MUTEX, 2, TAKEN.trylock);
  assert.deepEqual(keys(), []);
  assert.deepEqual(allowedHere(v, reports), ['raw']);
});

test('lockAcquire, allows under a wait override what it says, whatever is held', () => {
  const { v, reports } = stage();
  v.lockAcquire(RAW, 1, 0);
  v.lockAcquire(ANY_WAIT, 2, 0);
  assert.deepEqual(allowedHere(v, reports), ['raw', 'spin', 'mutex']);
  v.lockRelease(ANY_WAIT, 2);
  const after = stage();
  after.v.lockAcquire(RAW, 1, 0);
  assert.deepEqual(allowedHere(after.v, after.reports), ['raw']);
});

test('lockAcquire, allows what the thread, the hook and the callback allow', () => {
  const inThread = (threadContext: WaitType) => {
    const { v, reports } = stage({ threadContext });
    return allowedHere(v, reports);
  };
  assert.deepEqual(inThread(WAIT.most), ['raw', 'spin', 'mutex']);
  assert.deepEqual(inThread(WAIT.config), ['raw', 'spin']);
  assert.deepEqual(inThread(WAIT.spin), ['raw']);
  assert.deepEqual(inThread(WAIT.free), []);
  const { v, reports } = stage();
  v.lockAcquire(RAW, 1, 0);
  v.enterContext('callback');
  assert.deepEqual(allowedHere(v, reports), ['raw', 'spin']);
  v.enterContext('hook');
  assert.deepEqual(allowedHere(v, reports), ['raw']);
  v.exitContext('hook');
  v.exitContext('callback');
  const strict = stage({ threadContext: WAIT.free });
  strict.v.enterContext('callback');
  assert.deepEqual(allowedHere(strict.v, strict.reports), []);
});

test('lockAcquire, says what to do in words that its caller knows: of turn(fn), of calls that take a lock of Lull', () => {
  const remedyFor = (outer: LockClass, inner: LockClass): string | undefined => {
    const { v, reports } = stage();
    v.lockAcquire(outer, 1, 0);
    v.lockAcquire(inner, 2, 0);
    return reports[0]?.message.split('\n').at(-1);
  };
  const { v: hooked, reports: inHook } = stage();
  hooked.enterContext('hook');
  hooked.lockAcquire(MUTEX, 3, 0);
  assert.match(inHook[0]!.message, /\nTake mutex elsewhere, or by a trylock here\.$/);
  assert.equal(remedyFor(RAW, MUTEX), 'Take mutex before raw, or after its release.');
  assert.equal(remedyFor(RCU_READ, MUTEX), 'Take mutex before turn(fn), or after it.');
  assert.equal(
    remedyFor(RAW, ZONE_LOCK),
    "zone is a lock of Lull's own: make the call that takes it before raw, or after its release. " +
      'An allocation may be made with GFP_NOLOCK, which only tries.',
  );
});

test('lockAcquire, names the lock that allows no more, or the context, and both wait types', () => {
  const { v, reports } = stage();
  v.lockAcquire(SPIN, 1, 0);
  v.lockAcquire(RAW, 2, 0);
  v.lockAcquire(MUTEX, 3, 0);
  assert.match(reports[0]!.message, /^invalid wait context: thread main takes mutex under raw\. /);
  assert.match(reports[0]!.message, /may wait as "sleep" does, the place allows no more than "spin"/);
  const { v: hooked, reports: inHook } = stage();
  hooked.enterContext('hook');
  hooked.lockAcquire(MUTEX, 3, 0);
  assert.match(inHook[0]!.message, /takes mutex in a hook/);
});

for (const context of ['hook', 'callback'] as const) {
  const inside = (v: Validator, ...locks: readonly (typeof RAW)[]) => {
    v.enterContext(context);
    for (const lock of locks) v.lockAcquire(lock, 1, 0);
    for (const lock of locks.toReversed()) v.lockRelease(lock, 1);
    v.exitContext(context);
  };

  test(`lockAcquire, reports a class that a ${context} takes and that is held where one may interrupt`, () => {
    const { v, keys, reports } = stage();
    inside(v, RAW);
    v.disableContext(context);
    v.lockAcquire(RAW, 1, 0);
    assert.deepEqual(keys(), []);
    v.enableContext(context);
    assert.deepEqual(keys(), ['irq: raw']);
    assert.match(reports[0]!.message, new RegExp(`raw was taken inside a ${context}\n {4}by thread main`));
    assert.match(reports[0]!.message, new RegExp(`acquire\\(raw\\)\n {2}<${context}>\n {4}acquire\\(raw\\)`));
  });

  test(`lockAcquire, reports a new edge from a class that a ${context} takes to one held open`, () => {
    const { v, keys } = stage();
    const [safe, middle, open] = ['safe', 'middle', 'open'].map((name) => lockClass(name, WAIT.spin)) as [
      typeof RAW,
      typeof RAW,
      typeof RAW,
    ];
    inside(v, safe);
    v.lockAcquire(middle, 1, 0);
    v.lockAcquire(open, 1, 0);
    v.lockRelease(open, 1);
    v.lockRelease(middle, 1);
    v.disableContext(context);
    v.lockAcquire(safe, 1, 0);
    v.lockAcquire(middle, 1, 0);
    assert.deepEqual(keys(), ['irq: safe > middle']);
  });
}

test('lockAcquire, holds locks of a hook in no order with those of what it interrupts', () => {
  const { v, keys } = stage();
  const other = lockClass('other', WAIT.spin);
  v.disableContext('hook');
  v.lockAcquire(RAW, 1, 0);
  v.enterContext('hook');
  v.lockAcquire(other, 2, 0);
  v.lockRelease(other, 2);
  v.exitContext('hook');
  v.lockRelease(RAW, 1);
  v.lockAcquire(other, 2, 0);
  v.lockAcquire(RAW, 1, 0);
  assert.deepEqual(keys(), []);
});

test('exitContext and enableContext, refuse what was not entered or disabled', () => {
  const { v } = stage();
  assert.throws(() => v.exitContext('hook'), /left a hook that was not entered/);
  assert.throws(() => v.enableContext('callback'), /enabled callbacks, which were not disabled/);
});

test('lockAcquire, finds the unsafe class behind one that is only safe in another context', () => {
  const { v, keys } = stage();
  const [safe, middle, open] = ['safe', 'middle', 'open'].map((name) => lockClass(name, WAIT.spin)) as [
    typeof RAW,
    typeof RAW,
    typeof RAW,
  ];
  const take = (...locks: readonly (typeof RAW)[]): void => {
    for (const lock of locks) v.lockAcquire(lock, 1, 0);
    for (const lock of locks) v.lockRelease(lock, 1);
  };
  v.enterContext('callback');
  take(safe);
  v.exitContext('callback');
  take(open);
  v.disableContext('hook');
  take(middle, open);
  v.enableContext('hook');
  v.enterContext('hook');
  take(middle);
  v.exitContext('hook');
  v.disableContext('hook');
  take(safe, middle);
  assert.deepEqual(keys(), ['irq: middle & open', 'irq: safe > open']);
});

test('lockAcquire, takes a lock in a hook for one of its own, though a nest lock is held outside', () => {
  const { v, keys } = stage();
  v.lockAcquire(MUTEX, 1, 0);
  v.lockAcquire(RAW, 100, 0, 1);
  v.enterContext('hook');
  v.lockAcquire(RAW, 101, 0, 1);
  assert.deepEqual(keys(), ['irq: raw']);
});

test('lockAcquire, takes no notice of where a wait override is used', () => {
  const { v, keys } = stage();
  v.lockAcquire(ANY_WAIT, 1, 0);
  v.enterContext('hook');
  v.lockAcquire(ANY_WAIT, 1, 0);
  assert.deepEqual(keys(), []);
});

test('lockAcquire, lets a queued reader be interrupted where only recursive readers come to wait', () => {
  const { v, keys } = stage();
  const safe = lockClass('safe', WAIT.spin);
  v.enterContext('hook');
  v.lockAcquire(safe, 1, 0);
  v.lockRelease(safe, 1);
  v.exitContext('hook');
  const underSafe = (how: number): void => {
    v.disableContext('hook');
    v.lockAcquire(safe, 1, 0);
    v.lockAcquire(RAW, 2, how);
    v.lockRelease(RAW, 2);
    v.lockRelease(safe, 1);
    v.enableContext('hook');
  };
  underSafe(TAKEN.recursiveRead);
  v.lockAcquire(RAW, 2, TAKEN.queuedRead);
  v.lockRelease(RAW, 2);
  assert.deepEqual(keys(), []);
  underSafe(TAKEN.queuedRead);
  assert.deepEqual(keys(), ['irq: safe > raw']);
});
