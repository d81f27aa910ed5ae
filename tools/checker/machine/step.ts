/**
 * Step: what an operation on shared memory returns instead of its result when its thread is to be held there.
 * Held code runs it with `yield*`, like any held call: it comes out at the engine, and goes on with the result.
 */

const generatorPrototype = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as object;

export class Step<T> implements Iterator<unknown, T> {
  private _held = false;

  [Symbol.iterator](): this {
    return this;
  }

  next(result?: unknown): IteratorResult<unknown, T> {
    this._held = !this._held;
    return this._held ? { done: false, value: this } : { done: true, value: result as T };
  }

  /** Forgets that a thread was held here: the next execution begins. */
  reset(): void {
    this._held = false;
  }
}

// Held code knows a held call by the prototype that all generator objects share.
Object.setPrototypeOf(Step.prototype, generatorPrototype);
