import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '../../tests/support/stage.js';
import { ValidatedHeap } from '../../tests/support/validated-heap.js';
import { lockClass, WAIT } from '../locks/lock-class.js';
import { __GFP_ZERO, GFP_KERNEL } from '../pages/gfp.js';
import { callerStack } from './caller-stack.js';

function lines(stack: string): string[] {
  return stack.split('\n');
}

test('callerStack, begins with who called into Lull, and has at most eight lines', () => {
  const deep = (depth: number): string => (depth === 0 ? callerStack() : deep(depth - 1));
  const stack = lines(deep(20));
  assert.equal(stack.length, 8);
  assert.match(stack[0]!, /at deep .*caller-stack\.test/);
});

test('callerStack, finds the caller below more frames of Lull than an engine keeps, and leaves the limit as it was', (t) => {
  const stage = new ValidatedHeap(t);
  const word = stage.heap.kmalloc(8, __GFP_ZERO | GFP_KERNEL);
  const raw = partsOf(stage.heap).locks.rawSpinLock(word, lockClass('raw', WAIT.spin), 'raw');
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 3;
  try {
    raw.acquire();
    const whoAllocates = () => stage.heap.kmalloc(2000);
    stage.heap.kfree(whoAllocates());
    raw.release();
    assert.equal(Error.stackTraceLimit, 3);
  } finally {
    Error.stackTraceLimit = limit;
  }
  const { message } = stage.reports.find(({ key }) => key.endsWith('> zone'))!;
  assert.match(message, /about to take\n.*\n\s+at whoAllocates .*caller-stack\.test/);
});

test('callerStack, stands it that somebody else makes the stacks', (t) => {
  const prepare = Error.prepareStackTrace;
  t.after(() => {
    Error.prepareStackTrace = prepare;
  });
  Error.prepareStackTrace = (_error, sites) => sites;
  assert.equal(callerStack(), '');
  Error.prepareStackTrace = () => undefined;
  assert.equal(callerStack(), '');
  Error.prepareStackTrace = (error, sites) =>
    [String(error), ...sites.map((site) => `    at ${site}`)].join('\n');
  assert.match(callerStack(), /caller-stack\.test/);
});
