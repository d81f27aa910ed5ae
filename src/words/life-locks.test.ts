import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LockManager, WebLifeLocks } from './life-locks.js';

/** As much of navigator.locks as a test needs: requests of one name, in order; shared ones go together. */
class Locks implements LockManager {
  readonly modes: string[] = [];
  private _tail: Promise<unknown> = Promise.resolve();

  async request(
    name: string,
    { mode, signal }: { mode: 'exclusive' | 'shared'; signal: AbortSignal },
    callback: () => Promise<void> | void,
  ): Promise<unknown> {
    this.modes.push(`${name} ${mode}`);
    const before = this._tail;
    const run = (async () => {
      await before;
      signal.throwIfAborted();
      await callback();
    })();
    this._tail = run.catch(() => {});
    return run;
  }
}

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

test('WebLifeLocks, has whenFree() wait until hold() lets go', async () => {
  const locks = new Locks();
  const life = new WebLifeLocks(locks);
  const seen: string[] = [];
  const letGo = life.hold('a', () => seen.push('held'));
  life.whenFree('a', () => seen.push('free'));
  await soon();
  assert.deepEqual(seen, ['held']);
  letGo();
  await soon();
  assert.deepEqual(seen, ['held', 'free']);
  assert.deepEqual(locks.modes, ['a exclusive', 'a shared']);
});

test('WebLifeLocks, gives up what it has asked for', async () => {
  const life = new WebLifeLocks(new Locks());
  const seen: string[] = [];
  life.hold('a', () => seen.push('held'))();
  life.whenFree('a', () => seen.push('free'))();
  await soon();
  assert.deepEqual(seen, []);
});

test('WebLifeLocks, says on the console that the engine refuses, and throws nothing', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const refusing = { request: () => Promise.reject(new Error('opaque origin')) };
  new WebLifeLocks(refusing).hold('a', () => assert.fail('held'));
  await soon();
  assert.match(String(warn.mock.calls[0]?.arguments[0]), /'a' was refused/);
});
