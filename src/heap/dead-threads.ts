/**
 * Who waits for a grace period, or for what other threads had queued, has the dead among them reaped, so that it goes on: what
 * they had queued through the orphans, to whoever can take it.
 *
 *     dead slot: sheaves, heads, callbacks, what is in hand  --takeOver()-->  orphans  --seal() of any thread-->  waits anew
 *
 * Who may call: who waits. What cannot be had now the reaper comes back to.
 *
 * Follows kernel/rcu/tree.c (rcutree_migrate_callbacks).
 */
export class DeadThreads {
  private _reapAll: () => void = () => {};

  /** Says who reaps: once, when this thread has all that it takes. */
  connect(reapAll: () => void): void {
    this._reapAll = reapAll;
  }

  /** Reaps who is dead. */
  takeOver(): void {
    this._reapAll();
  }
}
