/**
 * PendingWaits: the async waits for grace periods of one thread. One timer looks for all of them; the end of a grace
 * period wakes the thread before that, where the engine can.
 *
 *     wait(cookie) -> microtask: look --not done--> asleep --timer, or a grace period has ended--> look -> ... -> settled
 *
 * Who may call: the slot's thread, at any time.
 *
 * I1  While a wait is pending after its first look, a timer runs and the thread is kept alive; else neither.
 * I2  A wait settles once, and leaves no timer, listener or keep-alive behind.
 */
import { HEADER } from '../layout/heap-header.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import { GracePeriod } from './grace-period.js';
import { isDone } from './sequence.js';
import type { StallWatch } from './stall.js';

/** How a wait for a grace period goes. */
export interface WaitManner {
  /** What is waited for, for messages: 'synchronizeRcu()'. */
  readonly what: string;
  /** Asks the threads that hold it up at once, and looks more often to begin with. */
  readonly isExpedited: boolean;
}

/** The dead whom nobody has reaped yet, as who was to do it has died as well, or has left: their turns count as open. */
export interface HeldUpByTheDead {
  takeOver(): void;
}

interface PendingWait {
  readonly cookie: number;
  readonly deadlineMillis: number;
  readonly limitMillis: number;
  readonly manner: WaitManner;
  /** Looks at it that have found it not done. */
  looks: number;
  /** Settles it: with what it is rejected with, or nothing. */
  settle(error?: unknown): void;
}

/** Longest sleep of a normal wait before it asks who holds it up: most turns have ended by themselves by then. */
export const FIRST_SLEEP_MILLIS = 1;
/** Looks of an expedited wait that come at each turn of the event loop. */
const EAGER_LOOKS = 16;

export interface WaitsParts {
  readonly words: Words;
  readonly host: Host;
  readonly gracePeriod: GracePeriod;
  readonly pollMillis: number;
  readonly stall: StallWatch | undefined;
  readonly deadThreads: HeldUpByTheDead | undefined;
  readonly timedOut: (manner: WaitManner, limitMillis: number) => Error;
}

export class PendingWaits {
  private readonly _words: Words;
  private readonly _host: Host;
  private readonly _gracePeriod: GracePeriod;
  private readonly _pollMillis: number;
  private readonly _stall: StallWatch | undefined;
  private readonly _deadThreads: HeldUpByTheDead | undefined;
  private readonly _timedOut: WaitsParts['timedOut'];
  private readonly _waits = new Set<PendingWait>();
  private _stopTimer: (() => void) | undefined;
  private _letGo: (() => void) | undefined;
  /** The engine wakes this thread at the end of a grace period: there is one such sleep at a time. */
  private _isAsleep = false;
  private readonly _look = (): void => this.look();
  private readonly _fail = (error: Error): void => this.stop(() => error);
  private readonly _wake = (): void => {
    this._isAsleep = false;
    this.look();
  };

  constructor(parts: WaitsParts) {
    this._words = parts.words;
    this._host = parts.host;
    this._gracePeriod = parts.gracePeriod;
    this._pollMillis = parts.pollMillis;
    this._stall = parts.stall;
    this._deadThreads = parts.deadThreads;
    this._timedOut = parts.timedOut;
  }

  /**
   * Resolves when `cookie` is done. The first look comes in a microtask, after the one that ends this thread's turn.
   *
   * @returns a promise that is rejected with the reason of `signal`, or after `limitMillis`
   */
  wait(
    cookie: number,
    manner: WaitManner,
    limitMillis: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const deadlineMillis =
      limitMillis === Number.POSITIVE_INFINITY ? limitMillis : this._host.nowMillis() + limitMillis;
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => {
        this._waits.delete(wait);
        signal?.removeEventListener('abort', onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onAbort = () => {
        settle(signal!.reason);
        this._rest();
      };
      const wait: PendingWait = { cookie, deadlineMillis, limitMillis, manner, looks: 0, settle };
      signal?.addEventListener('abort', onAbort);
      this._waits.add(wait);
      void Promise.resolve().then(this._look);
    });
  }

  /** Drives what is waited for, and settles what is done or late. */
  look(): void {
    if (this._waits.size === 0) return;
    this._gracePeriod.drive(this._farthest(), this._mayAsk());
    const sequence = this._gracePeriod.sequence();
    for (const wait of [...this._waits]) this._settle(wait, sequence);
    this._rest();
    if (this._waits.size > 0) this._goOn(sequence);
  }

  /** Ends every wait: what a last look finds done has ended well, the rest with `error`. */
  stop(error: () => Error): void {
    this.look();
    for (const wait of [...this._waits]) wait.settle(error());
    this._rest();
  }

  private _settle(wait: PendingWait, sequence: number): void {
    wait.looks++;
    if (isDone(sequence, wait.cookie)) wait.settle();
    else if (this._host.nowMillis() >= wait.deadlineMillis) {
      wait.settle(this._timedOut(wait.manner, wait.limitMillis));
    }
  }

  /** Still some to wait for: asks who holds them up, and looks again later. */
  private _goOn(sequence: number): void {
    this._deadThreads?.takeOver();
    this._stall?.look();
    // A listener may have called all of them off.
    if (this._waits.size === 0) return;
    this._letGo ??= this._host.startKeepAlive();
    this._sleep(sequence);
    this._stopTimer?.();
    this._stopTimer = this._host.startTimer(this._look, this._nextMillis());
  }

  /** Has the engine wake this thread when a grace period ends. */
  private _sleep(sequence: number): void {
    if (this._isAsleep) return;
    // Who has no timers, as an audio worklet, is woken by the engine alone.
    const limitMillis = this._host.waitRight === 'may-neither' ? this._pollMillis : Number.POSITIVE_INFINITY;
    const sleep = this._words.waitAsync(HEADER.gracePeriodSequence, sequence, limitMillis);
    if (sleep === undefined) {
      // Rejects where there are no timers either.
      if (this._host.waitRight === 'may-neither')
        void this._host.sleep(this._pollMillis).then(this._look, this._fail);
      return;
    }
    this._isAsleep = true;
    if (sleep.async) void sleep.value.then(this._wake);
    else void Promise.resolve().then(this._wake);
  }

  /** I1. The engine's own sleep is ended as well: it would last until the next grace period ends, if ever. */
  private _rest(): void {
    if (this._waits.size > 0) return;
    this._stopTimer?.();
    this._stopTimer = undefined;
    this._letGo?.();
    this._letGo = undefined;
    // Others that it wakes look once more than they need to.
    if (this._isAsleep) this._words.notify(HEADER.gracePeriodSequence, GracePeriod.EVERYBODY);
  }

  /** The cookie that is done last. */
  private _farthest(): number {
    let farthest: number | undefined;
    for (const { cookie } of this._waits) {
      if (farthest === undefined || !isDone(farthest, cookie)) farthest = cookie;
    }
    return farthest!;
  }

  private _mayAsk(): boolean {
    for (const { looks, manner } of this._waits) if (looks > 0 || manner.isExpedited) return true;
    return false;
  }

  private _nextMillis(): number {
    const now = this._host.nowMillis();
    let millis = this._pollMillis;
    for (const { looks, manner, deadlineMillis } of this._waits) {
      if (manner.isExpedited && looks <= EAGER_LOOKS) return 0;
      if (looks <= 1) millis = Math.min(millis, FIRST_SLEEP_MILLIS);
      millis = Math.min(millis, Math.max(0, deadlineMillis - now));
    }
    return millis;
  }
}
