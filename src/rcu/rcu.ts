/**
 * Waiting for a grace period: after it, everything that any thread could have seen before the call is over.
 *
 * Who may call: synchronize() any thread that can await; synchronizeSync() a thread that may wait. Both leave
 * this thread's turns, so addresses read before the call are stale after it.
 *
 * Follows kernel/rcu/tree.c (synchronize_rcu): every reader that began before the call has ended at return.
 */
import { HEADER } from '../layout/heap-header.js';
import { requireMayWait } from '../threads/context.js';
import { type Host, leaveAll } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { GracePeriod } from './grace-period.js';

export class Rcu {
  private readonly _words: Words;
  private readonly _host: Host;
  private readonly _gracePeriod: GracePeriod;
  private readonly _pollMillis: number;

  /** @param pollMillis how long to sleep between looks at threads that are in a turn */
  constructor(words: Words, host: Host, gracePeriod: GracePeriod, pollMillis: number) {
    this._words = words;
    this._host = host;
    this._gracePeriod = gracePeriod;
    this._pollMillis = pollMillis;
  }

  /** Resolves when a grace period has passed. Keeps the process alive until then. */
  async synchronize(): Promise<void> {
    const cookie = this._gracePeriod.snap();
    // The microtask that ends this thread's turn was queued before this one.
    await Promise.resolve();
    while (!this._gracePeriod.drive(cookie)) await this._host.sleep(this._pollMillis);
  }

  /**
   * Returns when a grace period has passed, or after `limitMillis`.
   * @returns whether it has passed
   *
   * Errors   ContextError where this thread may not wait; Error inside turn(fn).
   */
  synchronizeSync(limitMillis = Number.POSITIVE_INFINITY): boolean {
    requireMayWait(this._host, 'synchronizeRcuSync()');
    leaveAll(this._host);
    const cookie = this._gracePeriod.snap();
    const deadline = this._host.nowMillis() + limitMillis;
    while (!this._gracePeriod.drive(cookie)) {
      if (this._host.nowMillis() >= deadline) return false;
      // Publishes nothing: the number to sleep on; the end of a grace period changes it and wakes.
      const sequence = this._words.load(HEADER.gracePeriodSequence);
      this._words.wait(HEADER.gracePeriodSequence, sequence, this._pollMillis);
    }
    return true;
  }
}
