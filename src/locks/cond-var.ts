/**
 * CondVar: who has a mutex lets it go and waits until another says that something has changed.
 *
 *     while (queue.isEmpty()) ready.waitSync(guard);        or   await ready.wait(guard)
 *     ...                                                   the same guard holds the mutex again
 *
 *     notifyOne()   wakes who waits longest      any context, with the mutex or without
 *     notifyAll()   wakes all
 *
 * No notification is lost: who waits when it is given, or at least one of them, gets it. Whoever was first with the
 * mutex may have changed things again, so a waiter looks at its condition in a loop.
 *
 * Where a thread dies, all are woken once: it may have been about to notify, or have been notified and not yet done
 * what was to be done.
 *
 * Follows POSIX's pthread_cond_t, and kernel/futex (requeue) in that a waiter is granted, not merely woken.
 */

import { MAX_WAITING } from '../layout/lock-record.js';
import { leftHeap } from '../words/after-detach.js';
import { shown } from '../words/shown.js';
import { GrantQueue } from './grant-queue.js';
import { usedAfterDetach } from './lock-errors.js';
import { asyncLimitOf, type LockOptions, limitOf, type WaitLimit } from './lock-options.js';
import type { LockThread } from './lock-thread.js';
import { MutexGuard } from './mutex.js';
import { SLICE_MILLIS, sleepAsync } from './waiters.js';

/** How a wait ends; what an async one was called off with. */
type Outcome = 'notified' | 'timed out' | { readonly reason: unknown };

/** An async task that waits. */
interface WaitingTask {
  /** By Host.nowMillis(); Infinity where it is not given up. */
  readonly deadlineMillis: number;
  /** Throws nothing. */
  end(outcome: Outcome): void;
}

export class CondVar {
  readonly name: string;
  /** With its kind, for messages. */
  private readonly _fullName: string;
  private readonly _thread: LockThread;
  private readonly _grants: GrantQueue;
  /** Oldest first. */
  private readonly _tasks: WaitingTask[] = [];
  private _isDriven = false;

  /** @param record address of a lock record of kind condVar */
  constructor(thread: LockThread, record: number, name: string) {
    this.name = name;
    this._fullName = `condition '${name}'`;
    this._thread = thread;
    this._grants = new GrantQueue(thread, record);
  }

  /**
   * Lets the mutex go, sleeps until it is notified, and takes the mutex again; `guard` holds it before and after.
   *
   * @returns true when it was notified, false when `timeoutMillis` were over first
   *
   * Errors   With the mutex held: TypeError, RangeError; ContextError where this thread may not wait; Error inside
   *          turn(fn), and before markConsistent() on a guard that says ownerDied. Without it: NotRecoverableError;
   *          Error on a guard that was released.
   * Context  Threads that may wait.
   */
  waitSync(guard: MutexGuard, options?: WaitLimit): boolean {
    if (!this._thread.isAttached) throw usedAfterDetach('waitSync()', this._fullName);
    if (this._thread.host.waitRight !== 'may-wait') this._thread.requireMayWait('waitSync()');
    this._requireGuard(guard, 'waitSync()');
    const limitMillis = limitOf(options, this._fullName, 'waited for');
    this._thread.leaveTurns();
    this._suspend(guard, 'waitSync()');
    const isNotified = this._sleepUntilGranted(limitMillis);
    try {
      guard.resumeSync();
    } catch (error) {
      // The notification is of no use to this thread.
      if (isNotified) this._grants.grantOne();
      throw error;
    }
    return isNotified;
  }

  /**
   * waitSync() without stopping the thread. Keeps the process alive while it waits.
   *
   * @returns a promise that settles once `guard` holds the mutex again
   *
   * Errors   As waitSync(); the signal's reason.
   * Context  Any thread with an event loop. Addresses read before an await are stale after it.
   */
  wait(guard: MutexGuard, options?: LockOptions): Promise<boolean> {
    if (!this._thread.isAttached) throw usedAfterDetach('wait()', this._fullName);
    this._requireGuard(guard, 'wait()');
    const limitMillis = asyncLimitOf(options, this._fullName, 'waited for');
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    this._suspend(guard, 'wait()');
    const promise: Promise<boolean> = this._outcome(limitMillis, signal).then((outcome) =>
      this._resume(guard, outcome, promise),
    );
    return promise;
  }

  /**
   * Notifies the one that has waited longest. Who waited for what the caller changed had joined before the caller
   * had the mutex, so it is found.
   *
   * @returns false where nobody waits
   *
   * Context  Any.
   */
  notifyOne(): boolean {
    if (!this._thread.isAttached) throw usedAfterDetach('notifyOne()', this._fullName);
    return this._grants.grantOne();
  }

  /**
   * Notifies everyone that waits. They get the mutex one after the other.
   *
   * Context  Any.
   */
  notifyAll(): void {
    if (!this._thread.isAttached) throw usedAfterDetach('notifyAll()', this._fullName);
    this._grants.grantAll();
  }

  /**
   * Clears what the dead thread of `slot` has in the record, and wakes everyone once. For who has marked the slot
   * dead and not given it to another yet.
   */
  forgetDead(slot: number): void {
    this._grants.forget(slot);
    this._grants.grantAll();
  }

  /** Gives up all waits of this thread: it leaves the heap. */
  abandon(): void {
    for (const task of this._tasks.splice(0)) task.end({ reason: leftHeap('a lock') });
    this._grants.forget(this._thread.slot);
    // What this thread was told is for others to know.
    this._grants.grantAll();
    // The driver has nothing left to do, and ends once it is awake.
    this._grants.wakeSelf();
  }

  private _requireGuard(guard: MutexGuard, operation: string): void {
    if (guard instanceof MutexGuard) return;
    throw new TypeError(
      `called ${operation} of ${this._fullName} with ${shown(guard)}; pass the guard of the mutex, which lockSync() ` +
        'and await lock() return',
    );
  }

  /** Joins, then lets the mutex go; where that fails, nothing has happened. */
  private _suspend(guard: MutexGuard, operation: string): void {
    if (this._grants.isFull()) {
      throw new Error(
        `called ${operation} while ${MAX_WAITING} of this thread wait for ${this._fullName}, the most that can; ` +
          'let one task wait for all of them',
      );
    }
    this._grants.join();
    try {
      guard.suspend(operation);
    } catch (error) {
      if (!this._grants.leave() && this._grants.claim()) this._grants.grantOne();
      throw error;
    }
  }

  private _sleepUntilGranted(limitMillis: number): boolean {
    const { host } = this._thread;
    const deadline = host.nowMillis() + limitMillis;
    for (let left = limitMillis; ; left = deadline - host.nowMillis()) {
      if (this._grants.claim()) return true;
      const isLast = left <= SLICE_MILLIS;
      const isOver =
        left <= 0 || (this._grants.sleep(Math.min(left, SLICE_MILLIS)) === 'timed-out' && isLast);
      if (isOver) return !this._grants.leave() && this._grants.claim();
    }
  }

  /** How an async task's wait ends. */
  private _outcome(limitMillis: number, signal: AbortSignal | undefined): Promise<Outcome> {
    let resolve!: (outcome: Outcome) => void;
    const promise = new Promise<Outcome>((onResolve) => {
      resolve = onResolve;
    });
    const onAbort = () => this._callOff(task, { reason: signal!.reason });
    const task: WaitingTask = {
      deadlineMillis: this._thread.host.nowMillis() + limitMillis,
      end(outcome) {
        signal?.removeEventListener('abort', onAbort);
        resolve(outcome);
      },
    };
    signal?.addEventListener('abort', onAbort);
    this._tasks.push(task);
    if (!this._isDriven) void this._drive();
    // The driver may sleep for longer than that.
    else if (task.deadlineMillis < Number.POSITIVE_INFINITY) this._grants.wakeSelf();
    return promise;
  }

  /** Takes the mutex again for an async task. */
  private async _resume(guard: MutexGuard, outcome: Outcome, granted: object): Promise<boolean> {
    if (!this._thread.isAttached) throw leftHeap('a lock');
    const isNotified = outcome === 'notified';
    try {
      await guard.resume(granted);
    } catch (error) {
      if (isNotified && this._thread.isAttached) this._grants.grantOne();
      throw error;
    }
    if (typeof outcome === 'object') throw outcome.reason;
    return isNotified;
  }

  private async _drive(): Promise<void> {
    this._isDriven = true;
    const letGo = this._thread.host.startKeepAlive();
    while (this._tasks.length > 0) {
      if (!this._grantFirst() && !this._endLate()) await this._sleep();
    }
    this._isDriven = false;
    letGo();
  }

  /** Ends the wait of the first task with a grant that there is; false where there is none. */
  private _grantFirst(): boolean {
    if (!this._grants.claim()) return false;
    this._tasks.shift()!.end('notified');
    return true;
  }

  /** Ends the waits whose time is over; true where there were any. */
  private _endLate(): boolean {
    const now = this._thread.host.nowMillis();
    const late = this._tasks.filter(({ deadlineMillis }) => deadlineMillis <= now);
    for (const task of late) this._callOff(task, 'timed out');
    return late.length > 0;
  }

  /** Ends a task's wait in vain, unless a grant comes to it first. */
  private _callOff(task: WaitingTask, outcome: Outcome): void {
    while (this._tasks.includes(task)) {
      if (!this._grants.leave()) {
        this._grantFirst();
        continue;
      }
      this._tasks.splice(this._tasks.indexOf(task), 1);
      task.end(outcome);
    }
    // There may be no task left: the driver is to see.
    this._grants.wakeSelf();
  }

  private async _sleep(): Promise<void> {
    const { host } = this._thread;
    const left = Math.min(...this._tasks.map(({ deadlineMillis }) => deadlineMillis)) - host.nowMillis();
    const millis = Math.max(0, Math.min(left, SLICE_MILLIS));
    await sleepAsync(host, this._grants, millis);
  }
}
