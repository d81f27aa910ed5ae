/**
 * AwaitedLocks: the waits of async tasks, from lock() until the lock is granted. A lock that had to be waited for is
 * granted by whatever of the thread notices that it is free; what reports are to show is who called lock().
 *
 *     lock() --> lockAwait: add(chain) ..... lockGranted: take() --> the same chain, with the stack of lock()
 *
 * A lock grants its waits in the order in which they came. Of one that was given up nobody is told: then the stacks
 * of those behind it are shown one too early. Nothing else rests on which of them it is, for all end with this lock.
 */
import type { LockClass } from '../locks/lock-class.js';
import type { Chain } from './chain-trie.js';

/** Waits for one lock that are remembered: beyond, the oldest was given up. */
const MOST_AWAITED = 1000;

type Awaited = { readonly chain: Chain; readonly instance: number };

export class AwaitedLocks {
  /** Oldest first. */
  private readonly _byClass = new WeakMap<LockClass, Awaited[]>();

  add(chain: Chain, instance: number): void {
    const awaited = this._byClass.get(chain.lock);
    if (awaited === undefined) {
      this._byClass.set(chain.lock, [{ chain, instance }]);
      return;
    }
    awaited.push({ chain, instance });
    if (awaited.length > MOST_AWAITED) awaited.shift();
  }

  /** Ends the oldest wait for a lock; undefined when none is known. */
  take(lock: LockClass, instance: number, how: number): Chain | undefined {
    const awaited = this._byClass.get(lock);
    if (awaited === undefined) return undefined;
    const at = awaited.findIndex((wait) => wait.instance === instance && wait.chain.how === how);
    return at < 0 ? undefined : awaited.splice(at, 1)[0]!.chain;
  }
}
