/**
 * KfreeRcuShrinker: what kfreeRcu keeps, as a shrinker: sheaves set aside, and what waits for a grace period.
 *
 *     count = spare sheaves + objects in hand and waiting
 *     scan  = gives the spare sheaves back, and sets none aside for 5 s; then seals, drives, frees what is done
 *
 * Grace periods cannot be had by asking: where a turn holds one up, this gives back less than it counts.
 *
 * Who may call: the slot's thread, in a turn, holding no lock.
 *
 * Follows mm/slab_common.c (kfree_rcu_shrink_count, kfree_rcu_shrink_scan).
 */
import type { Shrinker } from '../pages/shrinker.js';
import type { GracePeriod } from '../rcu/grace-period.js';
import type { KfreeRcu } from './kfree-rcu.js';

export class KfreeRcuShrinker implements Shrinker {
  readonly name = 'kfree_rcu';
  private readonly _kfreeRcu: KfreeRcu;
  private readonly _gracePeriod: GracePeriod;

  constructor(kfreeRcu: KfreeRcu, gracePeriod: GracePeriod) {
    this._kfreeRcu = kfreeRcu;
    this._gracePeriod = gracePeriod;
  }

  count(): number {
    return this._kfreeRcu.spares() + this._kfreeRcu.waiting();
  }

  scan(n: number): number {
    const kfreeRcu = this._kfreeRcu;
    const spares = kfreeRcu.shrink(true);
    return spares >= n ? spares : spares + this._freeDone();
  }

  /** Frees what can be had at once. Returns how many objects. */
  private _freeDone(): number {
    const kfreeRcu = this._kfreeRcu;
    kfreeRcu.seal();
    // After it: what it has taken over may have been unlinked a moment ago.
    const cookie = this._gracePeriod.snap();
    kfreeRcu.accelerate(cookie);
    const waiting = kfreeRcu.waiting();
    this._gracePeriod.drive(cookie);
    if (kfreeRcu.hasDone()) kfreeRcu.freeDone();
    return Math.max(0, waiting - kfreeRcu.waiting());
  }
}
