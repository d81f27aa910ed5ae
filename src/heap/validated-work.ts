/**
 * OwnWork: Lull's own work is done whole, whatever a report makes somebody throw in the middle of it.
 *
 *     kmalloc --> whole( slab list --> thread pages, taken --> zone: reported, onReport throws )
 *                                            held back --^
 *             <-- the pages' lock is free, the object given back, then it is thrown
 *
 * An allocation that throws has given back what it took. Something that frees has freed it: it cannot be undone.
 *
 * The user's own locks, and those of maps and names, are taken where nothing is half done: there it is thrown at once,
 * and the lock is not taken.
 *
 * Who may call: the parts of a validating heap. turn(fn) runs a user's function or Lull's own; only from the
 * allocator's locks taken in there, outside of every other part, can it be told which.
 */
import type { LockClass } from '../locks/lock-class.js';
import { SLAB_LIST_LOCK } from '../locks/lull-classes.js';

/** From here on the classes are the allocator's. */
const FIRST_RANK = SLAB_LIST_LOCK.rank;

export class OwnWork {
  private _depth = 0;
  private _scopes = 0;
  private _held: { readonly error: unknown } | undefined;

  /** Runs `tell`; what it throws is thrown now, or when the work is done. */
  tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      if (this._depth === 0) throw error;
      this._held ??= { error };
    }
  }

  /** Runs work that must not end half done. `undo` takes its result back where something is thrown for it. */
  whole<T>(work: () => T, undo?: (result: T) => void): T {
    let result: T;
    this._depth++;
    try {
      result = work();
      if (this._depth === 1 && this._held !== undefined) undo?.(result);
    } finally {
      this._depth--;
    }
    this._throwHeld();
    return result;
  }

  /** Runs a scope of turn(fn). */
  scope<T>(run: () => T): T {
    const depth = this._depth;
    let result: T;
    this._scopes++;
    try {
      result = run();
    } finally {
      this._scopes--;
      this._depth = depth;
    }
    this._throwHeld();
    return result;
  }

  /** Runs a function of the user's that Lull's own work calls: what it does is no part of that work. */
  outside<T>(run: () => T): T {
    const [depth, scopes, held] = [this._depth, this._scopes, this._held];
    this._depth = 0;
    this._scopes = 0;
    this._held = undefined;
    try {
      return run();
    } finally {
      this._depth = depth;
      this._scopes = scopes;
      this._held = held;
    }
  }

  /** A lock is about to be taken. One of the allocator's outside of its parts: the scope is Lull's own. */
  noteLock({ rank }: LockClass): void {
    if (rank >= FIRST_RANK && this._depth === 0 && this._scopes > 0) this._depth = 1;
  }

  begin(): void {
    this._depth++;
  }

  /** Ends what begin() began. */
  end(): void {
    this._depth--;
    this._throwHeld();
  }

  private _throwHeld(): void {
    if (this._depth > 0 || this._held === undefined) return;
    const { error } = this._held;
    this._held = undefined;
    throw error;
  }
}
