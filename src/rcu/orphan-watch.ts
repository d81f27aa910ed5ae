/**
 * OrphanWatch: a thread that has functions for callbacks, and nothing to do, is woken when a thread that is gone has left
 * some. A thread that has turns finds them when one ends.
 *
 *     start() -> asleep on HEADER.migrations, while the event loop goes on -> woken: flush -> asleep again
 *
 * Who may call: the slot's thread. It keeps no process alive.
 *
 * I1  It sleeps on the number that was there when the thread looked last: what comes in between wakes it at once.
 */
import { HEADER } from '../layout/heap-header.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { Orphans } from './orphans.js';
import type { RcuDriver } from './rcu-driver.js';

/** Between looks where the engine wakes no thread, or another thread was at the orphans. */
const LOOK_MILLIS = 100;

export class OrphanWatch {
  private readonly _words: Words;
  private readonly _host: Host;
  private readonly _orphans: Orphans;
  private readonly _driver: RcuDriver;
  private _isWatching = false;
  /** The engine wakes this thread: there is one such sleep at a time. */
  private _isAsleep = false;
  private _stopTimer: (() => void) | undefined;
  private readonly _onWake = (): void => {
    this._isAsleep = false;
    this._look();
  };
  private readonly _onTimer = (): void => {
    this._stopTimer = undefined;
    this._look();
  };

  constructor(words: Words, host: Host, orphans: Orphans, driver: RcuDriver) {
    this._words = words;
    this._host = host;
    this._orphans = orphans;
    this._driver = driver;
  }

  /** There are callbacks now that this thread can take over, and could not before. */
  start(): void {
    this._isWatching = true;
    if (this._orphans.hasNews()) this._stopTimer ??= this._host.startTimer(this._onTimer, 0);
    else this._sleep();
  }

  /** This thread leaves the heap. Returns whether it was watching. */
  stop(): boolean {
    if (!this._isWatching) return false;
    this._isWatching = false;
    this._stopTimer?.();
    this._stopTimer = undefined;
    // There is no other way to call its own sleep off: those of others are woken, and sleep again.
    this._orphans.wake();
    return true;
  }

  private _look(): void {
    if (!this._isWatching) return;
    if (this._orphans.hasNews()) this._driver.tryFlush();
    // A callback may have left the heap.
    if (this._isWatching) this._sleep();
  }

  private _sleep(): void {
    if (this._isAsleep || this._stopTimer !== undefined) return;
    const seen = this._orphans.seen();
    const sleep = this._words.waitAsync(HEADER.migrations, seen, Number.POSITIVE_INFINITY);
    if (sleep?.async === true) {
      this._isAsleep = true;
      void sleep.value.then(this._onWake);
    } else this._stopTimer = this._host.startTimer(this._onTimer, LOOK_MILLIS);
  }
}
