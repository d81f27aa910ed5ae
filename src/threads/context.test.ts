import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { ContextError, requireMayWait } from './context.js';

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
    message: /called lock\(\) on an audio worklet, which may not wait/,
  });
  assert.throws(call, ContextError);
});
