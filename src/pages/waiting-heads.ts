/**
 * WaitingHeads: the RcuHeads that this thread has given to rcu.call() and that wait, in a debug heap, with the handle of
 * the stack of who did. They link a list through the user's memory: freed meanwhile, it would be lost from there on.
 *
 * Heads of other threads are not known here.
 */
export class WaitingHeads {
  private readonly _stacks = new Map<number, number>();

  get size(): number {
    return this._stacks.size;
  }

  has(head: number): boolean {
    return this._stacks.has(head);
  }

  /** Handle of the stack of who gave it; undefined where it is not known here. */
  stackOf(head: number): number | undefined {
    return this._stacks.get(head);
  }

  add(head: number, stack: number): void {
    this._stacks.set(head, stack);
  }

  delete(head: number): void {
    this._stacks.delete(head);
  }

  /** The first head in the `words` words from `start` on; 0 where there is none. */
  findIn(start: number, words: number): number {
    if (this._stacks.size > words) {
      for (let at = start; at < start + words; at++) if (this._stacks.has(at)) return at;
      return 0;
    }
    for (const head of this._stacks.keys()) if (head >= start && head < start + words) return head;
    return 0;
  }
}
