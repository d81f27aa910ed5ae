/**
 * The functions that this thread runs as callbacks, by id. Shared memory holds ids only, for a function of one thread
 * means nothing in another.
 *
 *     id   FIRST_CALLBACK_ID + n     n-th name that was registered in the heap, the same in every thread
 */

import { FIRST_CALLBACK_ID } from '../layout/thread-slot.js';
import type { Address } from '../words/units.js';

/**
 * Called with the address of the RcuHead that was queued: two words, which are the callback's from now on. Runs between
 * turns, to its end: what it returns is left alone, and a promise is reported.
 */
export type CallbackFunction = (head: Address) => unknown;

interface Registered {
  readonly name: string;
  readonly fn: CallbackFunction;
}

export class CallbackFunctions {
  private readonly _registered: (Registered | undefined)[] = [];

  /** Sets what runs for `id` here. */
  set(id: number, name: string, fn: CallbackFunction): void {
    this._registered[id - FIRST_CALLBACK_ID] = { name, fn };
  }

  has(id: number): boolean {
    return this._registered[id - FIRST_CALLBACK_ID] !== undefined;
  }

  /** The function of an id; undefined where this thread has none. */
  find(id: number): Registered | undefined {
    return this._registered[id - FIRST_CALLBACK_ID];
  }

  /** Throws unless this thread has a function for `id`: RangeError for what can be none's, TypeError for another's. */
  require(id: number): void {
    if (typeof id !== 'number' || this._registered[id - FIRST_CALLBACK_ID] === undefined) refuse(id);
  }
}

function refuse(id: number): never {
  if (Number.isInteger(id) && id >= FIRST_CALLBACK_ID) {
    throw new TypeError(
      `called rcu.call() with callback ${id}, for which this thread has no function; pass what rcu.register(name, fn) ` +
        'returned in this thread: a name has the same id in every thread',
    );
  }
  throw new RangeError(
    `called rcu.call() with ${String(id)} for a callback; it is what rcu.register() returned, ${FIRST_CALLBACK_ID} or more`,
  );
}
