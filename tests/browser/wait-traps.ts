/**
 * Traps over the ways to wait: where a thread may not wait, each call counts and throws. Installed in the thread that
 * is watched, over the engine's own functions, so that nothing gets past them.
 */

/** Puts a function in the place of one of the engine's. */
export function replaceAtomic(name: keyof Atomics, replacement: (...values: never[]) => unknown): void {
  Object.defineProperty(Atomics, name, { value: replacement, writable: true, configurable: true });
}

/**
 * Traps `Atomics.wait` in this thread.
 * @param onCall counts the call
 */
export function trapWait(onCall: () => void): void {
  replaceAtomic('wait', () => {
    onCall();
    throw new Error('called Atomics.wait in a thread that may not wait');
  });
}

/** Traps `Atomics.waitAsync` in this thread. */
export function trapWaitAsync(onCall: () => void): void {
  replaceAtomic('waitAsync' as keyof Atomics, () => {
    onCall();
    throw new Error('called Atomics.waitAsync in a thread that never waits');
  });
}
