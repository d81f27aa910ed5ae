/**
 * When deferred frees move on: between this thread's turns, and by a timer while nothing else happens.
 *
 *     posted --turn ends--> drive the grace period, free what is done --still waiting--> timer, poll
 *        \----drain timer--> seal part-filled sheaves, drive
 *
 * Who may call: the slot's thread, outside of any turn. The timer does not keep the process alive.
 *
 * I1  While anything is in hand or waiting, a timer is armed or a turn is open.
 *
 * Follows mm/slab_common.c (kfree_rcu_monitor, KFREE_DRAIN_JIFFIES).
 */
import type { Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import type { KfreeRcu } from './kfree-rcu.js';

export class KfreeRcuDriver {
  private readonly _host: Host;
  private readonly _drainMillis: number;
  private readonly _pollMillis: number;
  private _kfreeRcu: KfreeRcu | undefined;
  private _turn: Turn | undefined;
  /** Something was posted since the last time nothing was in hand or waiting. */
  private _active = false;
  /** Inside the driver: the turns it opens itself do not call it again. */
  private _busy = false;
  private _stopTimer: (() => void) | undefined;
  private readonly _onTimer = (): void => this._tick();
  private readonly _freeDone = (): void => this._kfreeRcu?.freeDone();
  private readonly _topUp = (): void => this._kfreeRcu?.topUp();
  private readonly _sealNow = (): void => this._kfreeRcu?.seal();

  /** @param drainMillis how long a part-filled sheaf may lie; @param pollMillis between looks at a grace period */
  constructor(host: Host, drainMillis: number, pollMillis: number) {
    this._host = host;
    this._drainMillis = drainMillis;
    this._pollMillis = pollMillis;
  }

  /** Tells the driver what to drive; once, before the first post. */
  connect(kfreeRcu: KfreeRcu, turn: Turn): void {
    this._kfreeRcu = kfreeRcu;
    this._turn = turn;
  }

  /** A sheaf was begun, or a callback queued. The next map operation may renew the turn and so drive. */
  readonly onPosted = (): void => {
    this._active = true;
    this._turn?.expire();
  };

  /** This thread's turn has ended: moves on what waits. */
  readonly betweenTurns = (): void => {
    if (this._busy || !(this._active || this._findOrphans())) return;
    const waiting = this._advance();
    if (this._stopTimer === undefined) this._arm(waiting ? this._pollMillis : this._drainMillis);
  };

  /** Seals what is in hand, so that a grace period that starts after this call is the one it waits for. */
  seal(): void {
    this._busy = true;
    try {
      this._turn!.run(this._sealNow);
    } finally {
      this._busy = false;
    }
    // Orphans may have come in, which nobody posted here: the next turn's end goes on with them.
    if (this._kfreeRcu!.isWaiting()) this._active = true;
  }

  /** Seals what is in hand, takes over orphans, and frees what is done. Returns whether something still waits. */
  flush(): boolean {
    this.seal();
    this._active = this._advance();
    if (this._active && this._stopTimer === undefined) this._arm(this._pollMillis);
    return this._active;
  }

  /** Sets aside what deferred frees of later turns need, where the heap's PointerPageSource does so. */
  topUp(): void {
    this._busy = true;
    try {
      this._turn!.run(this._topUp);
    } finally {
      this._busy = false;
    }
  }

  /** Calls the timer off: this thread leaves. */
  stop(): void {
    this._stopTimer?.();
    this._stopTimer = undefined;
    // What the leaving thread still does must not start the driver again: its orphans are for others.
    this._busy = true;
  }

  /** What a thread that left has waiting is work for the next thread that ends a turn. */
  private _findOrphans(): boolean {
    this._active = this._kfreeRcu!.hasOrphans();
    return this._active;
  }

  private _advance(): boolean {
    const kfreeRcu = this._kfreeRcu!;
    if (kfreeRcu.isShort()) this.topUp();
    if (!kfreeRcu.isWaiting()) return false;
    this._busy = true;
    try {
      if (kfreeRcu.drive()) this._turn!.run(this._freeDone);
    } finally {
      this._busy = false;
    }
    return kfreeRcu.isWaiting();
  }

  private _arm(millis: number): void {
    this._stopTimer = this._host.startTimer(this._onTimer, millis);
  }

  private _tick(): void {
    this._stopTimer = undefined;
    this.flush();
  }
}
