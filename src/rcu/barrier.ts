/**
 * Barriers: waiting until every callback is over that any thread had queued before, and what it had given to kfreeRcu().
 *
 *     waitSync()   drive, run own callbacks -> look round -> asleep on the sequence, pollMillis at a time -> ...
 *     wait()       the same with the event loop between
 *
 * A barrier does no thread's work but its own: others run their callbacks when a turn of theirs ends, and by their timers.
 *
 * Who may call: wait() any thread that can await, also in a callback; waitSync() a thread that may wait, outside of any
 * callback: the one that calls it would be waited for.
 *
 * I1  A wait settles once, and leaves no timer, listener or keep-alive behind.
 *
 * Follows kernel/rcu/tree.c (rcu_barrier) and mm/slab_common.c (kvfree_rcu_barrier) in what they promise. Those queue a
 * callback of their own behind the others of each processor; here each thread counts.
 */

import { type Geometry, HEADER } from '../layout/heap-header.js';
import type { ThreadContext } from '../threads/context.js';
import { leftHeap, usedAfterDetach } from '../words/after-detach.js';
import { type Host, leaveAll } from '../words/host.js';
import type { Words } from '../words/words.js';
import { BarrierRound } from './barrier-round.js';
import type { Callbacks } from './callbacks.js';
import type { RcuDriver } from './rcu-driver.js';
import { RcuTimeoutError } from './rcu-timeout-error.js';
import type { StallWatch } from './stall.js';

/** Which barrier it is. */
export interface BarrierKind {
  /** The call, for messages: 'rcu.barrier'. */
  readonly call: string;
  /** What it waits for, for messages. */
  readonly what: string;
  readonly withFrees: boolean;
}

export const RCU_BARRIER: BarrierKind = {
  call: 'rcu.barrier',
  what: 'the callbacks of all threads',
  withFrees: false,
};
export const KFREE_RCU_BARRIER: BarrierKind = {
  call: 'kfreeRcuBarrier',
  what: 'the callbacks and deferred frees of all threads',
  withFrees: true,
};

export interface BarrierParts {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly host: Host;
  readonly context: ThreadContext;
  readonly driver: RcuDriver;
  readonly callbacks: Callbacks;
  /** What dead threads had waiting goes on by nobody else, where who was told of the death has died as well. */
  readonly deadThreads: { takeOver(): void };
  /** Told of each look that finds something to wait for. */
  readonly stall?: StallWatch;
}

export class Barrier {
  private readonly _parts: BarrierParts;
  private readonly _pending = new Set<AsyncBarrier>();
  private _hasLeft = false;

  constructor(parts: BarrierParts) {
    this._parts = parts;
  }

  /**
   * Resolves when all is over that waited at the call. Keeps the process alive until then.
   *
   * Errors   RcuTimeoutError after `limitMillis`; the reason of `signal`; Error where the thread leaves the heap first.
   */
  wait(kind: BarrierKind, limitMillis: number, signal: AbortSignal | undefined): Promise<void> {
    this._refuseStranger();
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const round = this._begin(kind);
    return new Promise((resolve, reject) => {
      const pending = new AsyncBarrier(this._parts, kind, round, limitMillis, (error?: unknown) => {
        this._pending.delete(pending);
        signal?.removeEventListener('abort', onAbort);
        if (error === undefined) resolve();
        else reject(error);
      });
      const onAbort = () => pending.settle(signal!.reason);
      signal?.addEventListener('abort', onAbort);
      this._pending.add(pending);
      // The microtask that ends this thread's turn was queued before this one.
      void Promise.resolve().then(() => pending.look());
    });
  }

  /**
   * Returns when all is over that waited at the call.
   *
   * Errors   RcuTimeoutError after `limitMillis`; ContextError where this thread may not wait; Error inside turn(fn), a
   *          read section, or a callback.
   */
  waitSync(kind: BarrierKind, limitMillis: number): void {
    const { words, geometry, host, context } = this._parts;
    this._refuseStranger();
    context.requireMayWait(`${kind.call}Sync()`);
    this._requireNoCallback(kind);
    leaveAll(host);
    const deadline = host.nowMillis() + limitMillis;
    const round = this._begin(kind);
    for (;;) {
      advance(this._parts);
      // A callback may have left the heap.
      this._requireMember();
      if (round.look()) return;
      const left = deadline - host.nowMillis();
      if (left <= 0) throw timedOut(this._parts, kind, round, limitMillis);
      this._parts.stall?.look();
      // Callbacks and listeners may have begun turns: what they hold up this wait would wait for.
      leaveAll(host);
      if (this._parts.callbacks.hasDone()) continue;
      // Publishes nothing: the number to sleep on; the end of a grace period changes it and wakes.
      const sequence = words.load(HEADER.gracePeriodSequence);
      words.wait(HEADER.gracePeriodSequence, sequence, Math.min(left, geometry.pollMillis));
    }
  }

  /** This thread leaves the heap, and has handed over what it had waiting: gives up its waits. */
  stop(): void {
    this._hasLeft = true;
    for (const pending of [...this._pending]) pending.giveUp(leftHeap('a barrier'));
  }

  private _begin({ withFrees }: BarrierKind): BarrierRound {
    const { words, geometry, driver } = this._parts;
    if (withFrees) driver.seal();
    const round = new BarrierRound(words, geometry, withFrees);
    // What is queued after the call is not waited for.
    round.look();
    return round;
  }

  private _requireMember(): void {
    if (this._hasLeft) throw leftHeap('a barrier');
  }

  private _refuseStranger(): void {
    if (!this._hasLeft) return;
    throw usedAfterDetach();
  }

  private _requireNoCallback({ call }: BarrierKind): void {
    if (!this._parts.callbacks.isInvoking()) return;
    throw new Error(
      `called ${call}Sync() in an RCU callback, which is one of those that it waits for, and would wait for ever; ` +
        `use ${call}() there, which goes on when the callback has returned`,
    );
  }
}

/** One async wait: looks, and sleeps in between. */
class AsyncBarrier {
  private readonly _parts: BarrierParts;
  private readonly _kind: BarrierKind;
  private readonly _round: BarrierRound;
  private readonly _limitMillis: number;
  private readonly _deadline: number;
  private readonly _onSettled: (error?: unknown) => void;
  private readonly _look = (): void => this.look();
  private readonly _fail = (error: unknown): void => this.settle(error);
  private readonly _letGo: () => void;
  private _stopTimer: (() => void) | undefined;
  private _isSettled = false;

  constructor(
    parts: BarrierParts,
    kind: BarrierKind,
    round: BarrierRound,
    limitMillis: number,
    onSettled: (error?: unknown) => void,
  ) {
    this._parts = parts;
    this._kind = kind;
    this._round = round;
    this._limitMillis = limitMillis;
    this._deadline = parts.host.nowMillis() + limitMillis;
    this._onSettled = onSettled;
    this._letGo = parts.host.startKeepAlive();
  }

  look(): void {
    try {
      this._lookOnce();
    } catch (error) {
      this.settle(error);
    }
  }

  /** Looks a last time, and fails where it is not over. */
  giveUp(error: Error): void {
    this.settle(this._round.look() ? undefined : error);
  }

  settle(error?: unknown): void {
    if (this._isSettled) return;
    this._isSettled = true;
    this._stopTimer?.();
    this._letGo();
    this._onSettled(error);
  }

  private _lookOnce(): void {
    if (this._isSettled) return;
    advance(this._parts);
    // A callback may have called it off.
    if (this._isSettled) return;
    if (this._round.look()) this.settle();
    else if (this._parts.host.nowMillis() >= this._deadline) {
      this.settle(timedOut(this._parts, this._kind, this._round, this._limitMillis));
    } else this._sleep();
  }

  private _sleep(): void {
    const { host, geometry, callbacks } = this._parts;
    if (host.waitRight === 'may-neither') {
      // An audio worklet has no timers, and is told so.
      void host.sleep(geometry.pollMillis).then(this._look, this._fail);
      return;
    }
    this._parts.stall?.look();
    // A listener may have called it off.
    if (this._isSettled) return;
    const left = Math.max(0, this._deadline - host.nowMillis());
    const millis = callbacks.hasDone() ? 0 : Math.min(left, geometry.pollMillis);
    this._stopTimer = host.startTimer(this._look, millis);
  }
}

/** A step of what this thread can do for it. */
function advance({ driver, deadThreads }: BarrierParts): void {
  deadThreads.takeOver();
  driver.flush();
}

function timedOut(
  { stall }: BarrierParts,
  { what }: BarrierKind,
  round: BarrierRound,
  limitMillis: number,
): RcuTimeoutError {
  // What waits may wait for the turn of a thread that has nothing waiting itself.
  const titles = stall?.holdoutTitles() ?? '';
  const found = round.describeHoldouts();
  const turns =
    titles === '' || found.includes(titles)
      ? ''
      : `; the grace period is held up by ${titles}, in a turn that does not end`;
  return new RcuTimeoutError(what, `${limitMillis} ms`, `${found}${turns}`);
}
