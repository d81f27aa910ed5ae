import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockClass, TAKEN, WAIT } from '../locks/lock-class.js';
import { ClassGraph, GRAPH_LIMITS, type GraphLimits } from './class-graph.js';
import { MAX_HELD } from './held-locks.js';
import { PrivateJournal } from './journal.js';
import type { LockReport } from './report.js';
import { Validator } from './validator.js';

const classes = Array.from({ length: 60 }, (_, at) => lockClass(`k${at}`, WAIT.sleep));

function stage(limits: GraphLimits = GRAPH_LIMITS, journal = new PrivateJournal()) {
  const reports: LockReport[] = [];
  const v = new Validator({
    thread: 'main',
    graph: new ClassGraph(journal, limits),
    onReport: (report) => reports.push(report),
    captureStack: () => 'at place',
  });
  return { v, reports };
}

/** Uses a validator in every way; one that is off takes no notice. */
function useAll(v: Validator): void {
  for (const lock of classes) v.lockAcquire(lock, 1, 0);
  for (const lock of classes) v.lockRelease(lock, 1);
  v.lockAwait(classes[0]!, 1, 0);
  v.lockGranted(classes[0]!, 1, 0, {});
  v.lockRelease(classes[0]!, 1);
  v.lockRelease(classes[0]!, 1);
  v.assertHeld(classes[0]!);
  v.initLock(classes[0]!, 1);
  v.mayReclaim();
  v.turnEnded();
}

function assertOffOnce({ v, reports }: { v: Validator; reports: LockReport[] }, reason: RegExp): void {
  useAll(v);
  useAll(v);
  assert.equal(v.isOff(), true);
  assert.deepEqual(
    reports.map(({ kind }) => kind),
    ['off'],
  );
  assert.match(reports[0]!.message, /^the validator of thread main is off from now on/);
  assert.match(reports[0]!.message, reason);
}

test('Validator, goes off and says so once when more locks are held than fit', () => {
  assertOffOnce(stage(), /holds more than 48 locks at once/);
});

test('Validator, works on with as many held locks as fit', () => {
  const { v, reports } = stage();
  for (let at = 0; at < MAX_HELD; at++) v.lockAcquire(classes[at]!, 1, 0);
  for (let at = 0; at < MAX_HELD; at++) v.lockRelease(classes[at]!, 1);
  assert.deepEqual([reports, v.isOff()], [[], false]);
});

test('Validator, goes off and says so once when there are more classes than fit', () => {
  assertOffOnce(stage({ classes: 5, edges: 1000 }), /more than 5 classes of locks/);
});

test('Validator, goes off and says so once when there are more edges than fit', () => {
  assertOffOnce(stage({ classes: 100, edges: 3 }), /more than 3 edges of locks/);
});

test('Validator, goes off and says so once when its journal is full, at whichever entry', () => {
  for (let room = 0; room < 40; room++) {
    assertOffOnce(stage(GRAPH_LIMITS, new PrivateJournal([], room)), /its journal is full/);
  }
});

test('Validator, goes off for all that share its graph', () => {
  const graph = new ClassGraph(new PrivateJournal(), { classes: 1, edges: 9 });
  const kinds: string[] = [];
  const options = { graph, onReport: ({ kind }: LockReport) => kinds.push(kind), captureStack: () => '' };
  const one = new Validator({ thread: 'one', ...options });
  const two = new Validator({ thread: 'two', ...options });
  one.lockAcquire(classes[0]!, 1, 0);
  one.lockAcquire(classes[1]!, 1, 0);
  two.lockAcquire(classes[1]!, 1, TAKEN.trylock);
  assert.deepEqual([one.isOff(), two.isOff(), kinds], [true, true, ['off', 'off']]);
});
