/**
 * What waits for a grace period moves on: between this thread's turns, and by a timer while nothing else happens.
 *
 *     posted --turn ends--> drive the grace period, free and call what is done --still waiting--> timer, poll
 *        \----drain timer--> seal part-filled sheaves, drive
 *
 * Who may call: the slot's thread, outside of any turn. The timer does not keep the process alive.
 *
 * I1  While anything is in hand, waits, or is wanted, a timer is armed or a turn is open.
 * I2  Callbacks are called outside of every turn; a turn that one of them began is over when their pass is.
 * I3  Where a lock is not to be had nobody is told whose turn has ended, or the timer: nobody has called who could wait for the
 *     lock's owner to be reaped. The timer comes back to it.
 *
 * Follows kernel/rcu/tree.c (rcu_core) and mm/slab_common.c (kfree_rcu_monitor, KFREE_DRAIN_JIFFIES).
 */
import { ACTIVITY, REQUEST, SLOT } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import type { Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { Callbacks } from './callbacks.js';
import type { GracePeriod } from './grace-period.js';
import type { HeldUpByTheDead } from './pending-waits.js';
import { COMPLETED, endOf, isDone, isRunning } from './sequence.js';
import type { StallWatch } from './stall.js';
import type { Throttle } from './throttle.js';

/** What waits to be freed, of one thread: kfreeRcu of the slab allocator. */
export interface DeferredFrees {
  isWaiting(): boolean;
  hasOrphans(): boolean;
  /** Ends what is in hand, so that it waits, and takes over what others left. In a turn. */
  seal(): void;
  /** Numbers what has no number: `cookie` was taken after the last post. */
  accelerate(cookie: number): void;
  /** True when freeDone() has something to do. */
  hasDone(): boolean;
  /** Frees that of which the grace period is over. In a turn. */
  freeDone(): void;
  /** True when topUp() has something to do. */
  isShort(): boolean;
  topUp(): void;
}

/** What a driver drives. */
export interface Driven {
  readonly frees: DeferredFrees;
  readonly callbacks: Callbacks;
  readonly gracePeriod: GracePeriod;
  readonly throttle: Throttle;
  readonly turn: Turn;
  /** Told of each look that finds something waiting. */
  readonly stall?: StallWatch;
  /** Reaped when what waits still waits at the timer's next look. */
  readonly deadThreads?: HeldUpByTheDead;
}

export class RcuDriver {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _host: Host;
  private readonly _drainMillis: number;
  private readonly _pollMillis: number;
  private _driven: Driven | undefined;
  /** Something was posted since the last time nothing was in hand or waiting. */
  private _active = false;
  /** Inside the driver: the turns it opens itself do not call it again. */
  private _busy = false;
  /** This thread has left. */
  private _stopped = false;
  /** Cookie that want() was last called with, until it is done. */
  private _wanted: number = COMPLETED;
  private _stopTimer: (() => void) | undefined;
  /** When the timer comes. */
  private _timerMillis = 0;
  private readonly _onTimer = (): void => this._tick();
  private readonly _freeDone = (): void => this._driven?.frees.freeDone();
  private readonly _topUp = (): void => this._driven?.frees.topUp();
  private readonly _oneMore = (): boolean => this._lookOn();
  private readonly _sealNow = (): void => this._driven?.frees.seal();
  private readonly _serveNow = (): void => this._serve();
  private readonly _goOnNow = (): void => {
    if (this._goOn()) this._driven!.throttle.slowDown(this._oneMore);
  };
  private readonly _flushNow = (): void => void this.flush();
  private readonly _lookNow = (): void => {
    if (this._words.loadPlain(this._slot + SLOT.requests) !== 0) this._serve();
    if (this.flush()) this._lookRound();
  };

  /**
   * @param slot        word index of this thread's slot
   * @param drainMillis how long a part-filled sheaf may lie
   * @param pollMillis  between looks at a grace period
   */
  constructor(words: Words, slot: number, host: Host, drainMillis: number, pollMillis: number) {
    this._words = words;
    this._slot = slot;
    this._host = host;
    this._drainMillis = drainMillis;
    this._pollMillis = pollMillis;
  }

  /** Tells the driver what to drive; once, before the first post. */
  connect(driven: Driven): void {
    this._driven = driven;
  }

  /** A sheaf was begun, or a head queued. The next map operation may renew the turn and so drive. */
  readonly onPosted = (): void => {
    this._active = true;
    this._driven?.turn.expire();
  };

  /** This thread's turn has ended: moves on what waits. */
  readonly betweenTurns = (): void => {
    if (this._busy || this._stopped) return;
    if (this._words.loadPlain(this._slot + SLOT.requests) !== 0) this._attempt(this._serveNow);
    if (this._active || this._findOrphans()) this._attempt(this._goOnNow);
  };

  /** Has the grace periods run that `cookie` needs, though nothing of this thread may wait for them. */
  want(cookie: number): void {
    if (!this._isWanted() || !isDone(this._wanted, cookie)) this._wanted = cookie;
    this.onPosted();
    // No turn that is about to end.
    if (!this._driven!.turn.isOpen()) this.betweenTurns();
  }

  /** True when this thread has nothing in hand and nothing waiting, and nobody has left anything. */
  isIdle(): boolean {
    return !this._active && !this._findOrphans();
  }

  /** Seals what is in hand, so that a grace period that starts after this call is the one it waits for. */
  seal(): void {
    this._inTurn(this._sealNow);
    // I1: who called this may give up, and not come back.
    if (this.isWaiting() && !this._busy && !this._driven!.turn.isOpen()) this._arm(this._pollMillis);
  }

  /** Seals what is in hand, takes over orphans, and frees what is done. Returns whether something still waits. */
  flush(): boolean {
    this._inTurn(this._sealNow);
    // Called by a callback: the pass that it is part of goes on, and no second one inside of it.
    if (this._busy || this._stopped) return this.isWaiting();
    this._active = false;
    return this._goOn();
  }

  /** flush() by whom nobody has called who could wait: where a lock is not to be had the timer comes back to it. */
  tryFlush(): void {
    this._attempt(this._flushNow);
  }

  /** Sets aside what deferred frees of later turns need, where the heap's PointerPageSource does so. */
  topUp(): void {
    this._inTurn(this._topUp);
  }

  /** True when something of this thread waits for a grace period, or for a pass of callbacks. */
  isWaiting(): boolean {
    const { frees, callbacks } = this._driven!;
    return frees.isWaiting() || callbacks.isWaiting() || this._isWanted();
  }

  /** Calls the timer off: this thread leaves. */
  stop(): void {
    this._stopTimer?.();
    this._stopTimer = undefined;
    // What the leaving thread still does must not start the driver again: its orphans are for others.
    this._stopped = true;
  }

  /** This thread could not leave: what waits goes on when the turn ends that is open. */
  resume(): void {
    this._stopped = false;
    this._active = true;
  }

  /** Does what others have asked of this thread. */
  private _serve(): void {
    // Publishes nothing: what is asked from now on is served the next time.
    const asked = this._words.and(this._slot + SLOT.requests, 0);
    if ((asked & REQUEST.seal) !== 0) this.seal();
    if ((asked & REQUEST.quiescentState) === 0) return;
    const { gracePeriod } = this._driven!;
    const sequence = gracePeriod.sequence();
    if (isRunning(sequence)) gracePeriod.drive(endOf(sequence));
  }

  private _isWanted(): boolean {
    if (this._wanted === COMPLETED) return false;
    if (!this._driven!.gracePeriod.done(this._wanted)) return true;
    this._wanted = COMPLETED;
    return false;
  }

  /** One step of everything, and the timer for the next. Returns whether something still waits. */
  private _goOn(): boolean {
    let waiting = true;
    try {
      waiting = this._advance();
      return waiting;
    } finally {
      // I1: also where something that was freed was no object. A callback may have posted what does not wait yet.
      if (waiting) this._active = true;
      if (this._active) this._arm(this._pause(waiting));
    }
  }

  /** How long until the next step. A pass that has left some goes on as soon as others had their chance. */
  private _pause(waiting: boolean): number {
    if (this._driven!.callbacks.hasDone()) return 0;
    return waiting ? this._pollMillis : this._drainMillis;
  }

  /** What a thread that left has waiting is work for the next thread that ends a turn. */
  private _findOrphans(): boolean {
    this._active = this._driven!.frees.hasOrphans();
    return this._active;
  }

  /** Returns whether something still waits. */
  private _advance(): boolean {
    const { frees, callbacks, gracePeriod, turn } = this._driven!;
    if (frees.isShort()) this.topUp();
    if (!this.isWaiting()) return false;
    this._busy = true;
    try {
      if (this._isWanted()) gracePeriod.drive(this._wanted);
      if (frees.isWaiting() || callbacks.isWaiting()) this._drive();
      if (frees.hasDone()) turn.run(this._freeDone);
      // I2: a flush() in the middle of a turn leaves them for its end.
      if (!turn.isOpen() && callbacks.hasDone()) this._invoke();
    } finally {
      this._busy = false;
    }
    // A callback may have detached this thread: then its slot is another's.
    return !this._stopped && this.isWaiting();
  }

  private _drive(): void {
    const { frees, callbacks, gracePeriod } = this._driven!;
    const cookie = gracePeriod.snap();
    frees.accelerate(cookie);
    callbacks.accelerate(cookie);
    gracePeriod.drive(cookie);
  }

  private _invoke(): void {
    const { callbacks, turn } = this._driven!;
    turn.note(ACTIVITY.callbacks);
    try {
      callbacks.invoke();
    } finally {
      // I2: what the callbacks did in the heap began one.
      turn.finish();
    }
  }

  private _inTurn(task: () => void): void {
    const busy = this._busy;
    this._busy = true;
    try {
      this._driven!.turn.run(task);
    } finally {
      this._busy = busy;
    }
  }

  /** Has the timer come after `millis`, or sooner where it is set so already. */
  private _arm(millis: number): void {
    // By a callback, in the step that asks for this.
    if (this._stopped || this._isArmedForGood()) return;
    const at = this._host.nowMillis() + millis;
    if (this._stopTimer !== undefined) {
      if (this._timerMillis <= at) return;
      this._stopTimer();
    }
    this._timerMillis = at;
    this._stopTimer = this._host.startTimer(this._onTimer, millis);
  }

  /** An audio worklet has no timer to bring forward, and its clock would make an object each time. */
  private _isArmedForGood(): boolean {
    return this._stopTimer !== undefined && this._host.waitRight === 'may-neither';
  }

  private _tick(): void {
    this._stopTimer = undefined;
    this._attempt(this._lookNow);
  }

  /** I3 */
  private _attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      this._active = true;
      this._arm(this._pollMillis);
    }
  }

  /** A step, for one that waits for it. */
  private _lookOn(): boolean {
    const waiting = this._goOn();
    if (waiting) this._lookRound();
    return waiting;
  }

  /** Something waits still: for whom? */
  private _lookRound(): void {
    const { deadThreads, stall } = this._driven!;
    deadThreads?.takeOver();
    stall?.look();
  }
}
