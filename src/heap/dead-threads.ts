/**
 * What threads that were found dead had waiting for a grace period goes on: through the orphans, to whoever can take it.
 *
 *     dead slot: sheaves, heads, callbacks, what is in hand  --takeOver()-->  orphans  --seal() of any thread-->  waits anew
 *
 * Who may call: the thread that is told of a death, and who waits for what the dead thread had queued. Never spins: where
 * another thread is at the orphans it comes back by a timer.
 *
 * I1  All dead slots are looked at each time. So where a thread dies that was about to do this, the next one does it.
 *
 * Follows kernel/rcu/tree.c (rcutree_migrate_callbacks).
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { callbackRecords, forgetCallback } from '../rcu/callback-records.js';
import { hasEstate } from '../rcu/dead-slot.js';
import type { CallbackCount, Orphans } from '../rcu/orphans.js';
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
  private _stopTimer: (() => void) | undefined;
  private readonly _retry = (): void => {
    this._stopTimer = undefined;
    this.takeOver();
  };

  constructor(parts: DeadThreadsParts) {
    this._parts = parts;
  }

  /** Makes orphans of what dead threads had waiting, and tells of callbacks that nobody can call. */
  takeOver(): void {
    const { words, geometry, rcuEvents } = this._parts;
    const left: CallbackCount[] = [];
    // Publishes nothing: who is dead had its slot before.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const start = slotStart(geometry, slot);
      // owner:P1: observes what the dead thread wrote.
      if (words.load(start + SLOT.state) !== SLOT_STATE.dead || !hasEstate(words, start)) continue;
      left.push(...this._takeFrom(slot, start));
    }
    reportStranded(words, geometry, rcuEvents, left);
  }

  /** This thread leaves the heap: others come back. */
  stop(): void {
    this._stopTimer?.();
    this._stopTimer = undefined;
  }

  private _takeFrom(slot: number, start: number): readonly CallbackCount[] {
    const { words, geometry, host, orphans } = this._parts;
    for (const { record } of callbackRecords(words)) forgetCallback(words, record, slot);
    const left = orphans.takeEstate(start);
    if (left !== undefined) return left;
    this._stopTimer ??= host.startTimer(this._retry, geometry.pollMillis);
    return [];
  }
}
