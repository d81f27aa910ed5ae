/**
 * LifeLocks: locks by name that an engine takes from a thread which ends, in whatever way it ends: Web Locks. Browsers have
 * them in pages and workers, and Node from 24 on.
 *
 * Nothing here keeps the thread alive, and nothing throws: where the engine refuses (a page of an opaque origin), a lock is
 * never held, and never found free.
 */

export interface LifeLocks {
  /**
   * Asks for the lock, for this thread's life; `onHeld` is called when it has it, from the event loop.
   *
   * @returns a function that lets it go, or gives up asking
   */
  hold(name: string, onHeld: () => void): () => void;
  /**
   * Calls `task` when nobody has the lock that had it, or had asked for it, at this moment.
   *
   * @returns a function that calls it off
   */
  whenFree(name: string, task: () => void): () => void;
}

/** navigator.locks, as far as it is used here. */
export interface LockManager {
  request(
    name: string,
    options: { mode: 'exclusive' | 'shared'; signal: AbortSignal },
    callback: () => Promise<void> | void,
  ): Promise<unknown>;
}

export class WebLifeLocks implements LifeLocks {
  private readonly _locks: LockManager;

  constructor(locks: LockManager) {
    this._locks = locks;
  }

  hold(name: string, onHeld: () => void): () => void {
    let letGo = (): void => {};
    const untilLetGo = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const giveUp = this._ask(name, 'exclusive', () => {
      onHeld();
      return untilLetGo;
    });
    return () => {
      giveUp();
      letGo();
    };
  }

  whenFree(name: string, task: () => void): () => void {
    // Shared: who waits for one death does not wait for another who does.
    return this._ask(name, 'shared', task);
  }

  private _ask(name: string, mode: 'exclusive' | 'shared', callback: () => Promise<void> | void): () => void {
    const asking = new AbortController();
    this._locks.request(name, { mode, signal: asking.signal }, callback).catch((error: unknown) => {
      if (!asking.signal.aborted) console.warn(`lull: the lock '${name}' was refused`, error);
    });
    return () => asking.abort();
  }
}

/** The engine's, where it has any. */
export function findLifeLocks(): LifeLocks | undefined {
  const { navigator } = globalThis as { navigator?: { locks?: LockManager } };
  return typeof navigator?.locks?.request === 'function' ? new WebLifeLocks(navigator.locks) : undefined;
}
