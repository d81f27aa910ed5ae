/**
 * Waiting for a grace period: after it, everything that any thread could have seen before the call is over.
 *
 *     synchronizeSync()   drive -> asleep on the sequence, pollMillis at a time -> drive -> ...
 *     synchronize()       the same with the event loop between (PendingWaits)
 *
 * What holds a wait up is asked for its next quiescent state (SLOT.requests): an expedited wait asks at once, and
 * spins for a moment; a normal one asks after the first sleep.
 *
 * Who may call: synchronize() any thread that can await; synchronizeSync() a thread that may wait. Both leave
 * this thread's turns, so addresses read before the call are stale after it.
 *
 * Follows kernel/rcu/tree.c (synchronize_rcu) and tree_exp.h: every reader that began before the call has ended at return.
 */

import { HEADER } from '../layout/heap-header.js';
import { requireMayWait } from '../threads/context.js';
import { leftHeap, usedAfterDetach } from '../words/after-detach.js';
import { type Host, leaveAll } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { GracePeriod } from './grace-period.js';
import { FIRST_SLEEP_MILLIS, type HeldUpByTheDead, PendingWaits, type WaitManner } from './pending-waits.js';
import { RcuTimeoutError } from './rcu-timeout-error.js';
import type { StallWatch } from './stall.js';

/** synchronizeRcu(). */
export const NORMAL: WaitManner = { what: 'a grace period', isExpedited: false };
/** synchronizeRcuExpedited(). */
export const EXPEDITED: WaitManner = { what: 'an expedited grace period', isExpedited: true };

/** Looks at who holds it up before a sleep is worth its cost. */
const SPINS = 200;

export class Rcu {
  private readonly _words: Words;
  private readonly _host: Host;
  private readonly _gracePeriod: GracePeriod;
  private readonly _pollMillis: number;
  private readonly _stall: StallWatch | undefined;
  private readonly _deadThreads: HeldUpByTheDead | undefined;
  private readonly _waits: PendingWaits;
  private _hasLeft = false;

  /**
   * @param pollMillis  how long to sleep between looks at threads that are in a turn
   * @param stall       told of each look that finds the grace period running
   * @param deadThreads those whom nobody has reaped yet hold it up
   */
  constructor(
    words: Words,
    host: Host,
    gracePeriod: GracePeriod,
    pollMillis: number,
    stall?: StallWatch,
    deadThreads?: HeldUpByTheDead,
  ) {
    this._words = words;
    this._host = host;
    this._gracePeriod = gracePeriod;
    this._pollMillis = pollMillis;
    this._stall = stall;
    this._deadThreads = deadThreads;
    this._waits = new PendingWaits({
      ...{ words, host, gracePeriod, pollMillis, stall, deadThreads },
      timedOut: (manner, limitMillis) => this.timedOut(manner, limitMillis),
    });
  }

  /**
   * Resolves when a grace period has passed. Keeps the process alive until then.
   *
   * Errors   RcuTimeoutError after `limitMillis`; the reason of `signal`; Error where the thread leaves the heap first.
   */
  synchronize(
    manner: WaitManner = NORMAL,
    limitMillis = Number.POSITIVE_INFINITY,
    signal?: AbortSignal,
  ): Promise<void> {
    this.requireMember();
    return this.waitFor(this._gracePeriod.snap(), manner, limitMillis, signal);
  }

  /** Resolves when `cookie` is done; as synchronize(). */
  waitFor(
    cookie: number,
    manner: WaitManner,
    limitMillis: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (!isInside(this._host) && this._gracePeriod.drive(cookie)) return Promise.resolve();
    return this._waits.wait(cookie, manner, limitMillis, signal);
  }

  /**
   * Returns when a grace period has passed, or after `limitMillis`.
   * @returns whether it has passed
   *
   * Errors   ContextError where this thread may not wait; Error inside turn(fn).
   */
  synchronizeSync(limitMillis = Number.POSITIVE_INFINITY, manner = NORMAL): boolean {
    this.requireMember();
    requireMayWait(this._host, 'synchronizeRcuSync()');
    leaveAll(this._host);
    const cookie = this._gracePeriod.snap();
    return this._gracePeriod.drive(cookie) || this._sleepUntilDone(cookie, limitMillis, manner);
  }

  /** synchronizeSync() for a cookie that was taken before. */
  waitForSync(cookie: number, limitMillis: number, manner = NORMAL): boolean {
    requireMayWait(this._host, 'condSynchronizeSync()');
    leaveAll(this._host);
    return this._gracePeriod.drive(cookie) || this._sleepUntilDone(cookie, limitMillis, manner);
  }

  /** What a wait ends with whose time is over. */
  timedOut({ what }: WaitManner, limitMillis: number): RcuTimeoutError {
    const holdouts = this._stall?.describeHoldouts() ?? 'a thread is in a turn that does not end';
    return new RcuTimeoutError(what, `${limitMillis} ms`, holdouts);
  }

  /** This thread leaves the heap: gives up its waits. Its turns have ended. */
  stop(): void {
    this._waits.stop(() => leftHeap('a grace period'));
    this._hasLeft = true;
  }

  /** Where the grace periods stand. */
  sequence(): number {
    return this._gracePeriod.sequence();
  }

  /** False once this thread has left the heap. */
  isMember(): boolean {
    return !this._hasLeft;
  }

  /** Throws where this thread has left the heap. */
  requireMember(): void {
    if (!this._hasLeft) return;
    throw usedAfterDetach();
  }

  private _sleepUntilDone(cookie: number, limitMillis: number, { isExpedited }: WaitManner): boolean {
    const deadline = this._host.nowMillis() + limitMillis;
    if (isExpedited && this._spin(cookie)) return true;
    for (let asks = isExpedited; !this._gracePeriod.drive(cookie, asks); asks = true) {
      const left = deadline - this._host.nowMillis();
      if (left <= 0) return false;
      const millis = Math.min(left, this._pollMillis, asks ? left : FIRST_SLEEP_MILLIS);
      this._deadThreads?.takeOver();
      this._stall?.look();
      // A listener may have begun turns, which would be waited for.
      leaveAll(this._host);
      // Publishes nothing: the number to sleep on; the end of a grace period changes it and wakes.
      const sequence = this._words.load(HEADER.gracePeriodSequence);
      this._words.wait(HEADER.gracePeriodSequence, sequence, millis);
    }
    return true;
  }

  private _spin(cookie: number): boolean {
    for (let spin = 0; spin < SPINS; spin++) {
      this._words.pause();
      if (this._gracePeriod.drive(cookie, spin === 0)) return true;
    }
    return false;
  }
}

/** True where this thread is in a turn, which it would wait for. */
function isInside({ entered }: Host): boolean {
  for (const one of entered) if (one.isOpen()) return true;
  return false;
}
