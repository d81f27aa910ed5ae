/**
 * Who waits for a grace period, or for what other threads had queued, has the dead among them reaped, so that it goes on:
 * what they had queued through the orphans, to whoever can take it. A thread that has no reaper takes over that much alone.
 *
 *     dead slot: sheaves, heads, callbacks, what is in hand  --takeOver()-->  orphans  --seal() of any thread-->  waits anew
 *
 * Who may call: who waits. Where another thread is at the orphans it comes back by a timer.
 *
 * I1  All dead slots are looked at each time. So where a thread dies that was about to do this, the next one does it.
 *
 * Follows kernel/rcu/tree.c (rcutree_migrate_callbacks).
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import type { CallbackCount, CallbackRecord } from '../rcu/callback-records.js';
import { handOverEstate } from '../rcu/hand-over.js';
import type { Orphans } from '../rcu/orphans.js';
import type { RcuEvents } from '../rcu/rcu-events.js';
import { reportStranded } from '../rcu/stranded.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';

export interface DeadThreadsParts {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly host: Host;
  readonly orphans: Orphans;
  readonly rcuEvents: RcuEvents;
}

export class DeadThreads {
  private readonly _parts: DeadThreadsParts;
  private _reapAll: (() => void) | undefined;
  private _stopTimer: (() => void) | undefined;
  private readonly _retry = (): void => {
    this._stopTimer = undefined;
    this.takeOver();
  };

  constructor(parts: DeadThreadsParts) {
    this._parts = parts;
  }

  /** From now on the dead are reaped, with all that they had. */
  connect(reapAll: () => void): void {
    this._reapAll = reapAll;
  }

  /** Makes orphans of what dead threads had waiting, and tells of callbacks that nobody can call. */
  takeOver(): void {
    if (this._reapAll !== undefined) {
      this._reapAll();
      return;
    }
    const { words, geometry, rcuEvents } = this._parts;
    const left: CallbackCount[] = [];
    const ran: CallbackRecord[] = [];
    // Publishes nothing: who is dead had its slot before.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const start = slotStart(geometry, slot);
      // owner:P1: observes what the dead thread wrote.
      if (words.load(start + SLOT.state) !== SLOT_STATE.dead) continue;
      const found = handOverEstate(this._parts, slot);
      if (found === undefined) {
        this._comeBack();
        continue;
      }
      left.push(...found.left);
      ran.push(...found.ran);
    }
    reportStranded(words, geometry, rcuEvents, left, ran);
  }

  /** This thread leaves the heap: others come back. */
  stop(): void {
    this._stopTimer?.();
    this._stopTimer = undefined;
  }

  private _comeBack(): void {
    const { host, geometry } = this._parts;
    this._stopTimer ??= host.startTimer(this._retry, geometry.pollMillis);
  }
}
