import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { ContextError, requireMayWait, ThreadContext } from './context.js';

test('requireMayWait() lets a thread that may wait pass', () => {
  requireMayWait(new FakeHost('may-wait'), 'synchronizeRcuSync()');
});

test("requireMayWait() throws a ContextError that names the operation and a browser's main thread", () => {
  assert.throws(() => requireMayWait(new FakeHost('may-spin'), 'synchronizeRcuSync()'), {
    name: 'ContextError',
    message:
      /called synchronizeRcuSync\(\) on a browser's main thread, which may not wait; use the async form/,
  });
});

test('requireMayWait() throws a ContextError that names the operation and an audio worklet', () => {
  const call = () => requireMayWait(new FakeHost('may-neither'), 'lock()');
  assert.throws(call, {
    name: 'ContextError',
    message: /called lock\(\) in an audio worklet, which may not wait/,
  });
  assert.throws(call, ContextError);
});

test('ThreadContext, says what the host says, and neither inside of atomic sections, which nest', () => {
  for (const right of ['may-wait', 'may-spin', 'may-neither'] as const) {
    const context = new ThreadContext(new FakeHost(right));
    assert.equal(context.waitRight(), right);
    assert.equal(context.inAtomic(), false);
    context.enterAtomic('raw lock audio');
    context.enterAtomic('a hook');
    assert.equal(context.waitRight(), 'may-neither');
    assert.equal(context.where(), 'in a hook');
    context.exitAtomic('raw lock audio');
    assert.equal(context.inAtomic(), true);
    assert.equal(context.where(), 'in a hook');
    context.exitAtomic('a hook');
    context.exitAtomic('a hook');
    assert.equal(context.waitRight(), right);
  }
});

test('ThreadContext.requireMayWait(), throws a ContextError that names the section that the thread is in', () => {
  const context = new ThreadContext(new FakeHost('may-wait'));
  context.requireMayWait('lockSync()');
  context.enterAtomic('a hook');
  assert.throws(() => context.requireMayWait('lockSync()'), {
    name: 'ContextError',
    message: /^called lockSync\(\) in a hook, which may not wait; use the async form/,
  });
});
