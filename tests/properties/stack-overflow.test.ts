/**
 * A stack overflow is a death that the thread survives: wherever in an operation the stack ends, no lock stays held, nothing
 * is lost, and all operations go on. Each public operation is called at every depth near the end of the stack.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, type HeapOptions, TINY } from '../../src/index.js';
import { FakeHost } from '../support/fake-host.js';
import { callAtStackEnd } from '../support/stack-end.js';
import { OPERATIONS, type Operation, Subject } from './stack-overflow-operations.js';

const KINDS: readonly (readonly [string, HeapOptions, number])[] = [
  ['plain heap', { bytes: 2 ** 25, maxCaches: 1024 }, 3000],
  ['TINY sizes', { ...TINY, pages: 4000, maxCaches: 1024 }, 3000],
  ['debug heap', { bytes: 2 ** 25, maxCaches: 1024, debug: true }, 6000],
];
/** A function's first call takes far more of the stack, for the engine to compile it. */
const WARM_UP = 1000;
const WARM_UP_NAMES = 100;
const ROUNDS = 2;
/** Calls in a row that met no end. */
const ENOUGH = 60;

function warmUp(subject: Subject, name: string, call: () => void): void {
  const most = /of new names/.test(name) ? WARM_UP_NAMES : WARM_UP;
  for (let n = 0; n < most; n++) {
    call();
    if (n % 50 === 0) subject.heap.quiesce();
    if (subject.heldCount > 2000) break;
  }
  subject.heap.quiesce();
}

/** Refills and flushes of all kinds, which the operation may come to for the first time at the end of the stack. */
function warmUpAllocator(heap: Heap): void {
  for (let n = 0; n < WARM_UP; n++) {
    const objects = [8, 40, 64, 100, 250, 700, 3000].map((bytes) => heap.kmalloc(bytes));
    heap.kfreeBulk(objects);
    if (n % 10 === 0) heap.shrink();
  }
}

/** Everything that the program knows of is there, and nothing more is in use. */
function requireWhole(subject: Subject, name: string): void {
  const { heap } = subject;
  heap.quiesce();
  const report = heap.balance({ held: subject.heldNow() });
  assert.deepEqual(report.problems, [], name);
  assert.deepEqual(report.unreachable, [], `${name}: memory is lost`);
}

function runOne(operation: Operation, options: HeapOptions, most: number): number {
  const heap = Heap.create({ ...options, spinRounds: 1000, validate: false }, { host: new FakeHost() });
  const subject = new Subject(heap);
  warmUpAllocator(heap);
  const call = operation.prepare(subject);
  warmUp(subject, operation.name, call);
  requireWhole(subject, `${operation.name}, before any overflow`);
  let overflows = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const found = callAtStackEnd(call, ENOUGH, most);
    overflows += found.overflows;
    assert.ok(
      found.calls < most,
      `${operation.name}: the stack ended in one of the last ${ENOUGH} of ${most} calls`,
    );
    requireWhole(subject, operation.name);
  }
  for (const other of OPERATIONS) {
    if (other === operation) other.prepare(subject)();
  }
  heap.rcu.barrierSync();
  heap.kfreeBulk(subject.heldNow());
  subject.heldCount = 0;
  heap.synchronizeRcuSync();
  requireWhole(subject, `${operation.name}, and all is freed`);
  return overflows;
}

for (const [kind, options, most] of KINDS) {
  for (const operation of OPERATIONS) {
    test(`${operation.name}, leaves all whole where the stack ends in it (${kind})`, () => {
      assert.ok(runOne(operation, options, most) > 0, 'no call met the end of the stack');
    });
  }
}
