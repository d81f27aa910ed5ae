/**
 * What held code calls while it runs, and how a held call is told from an ordinary value.
 *
 * A held function is a generator function: calling it runs nothing and gives a generator, the held call.
 * Whoever called it runs it with `yield*`; so an operation that gives a step comes out at the engine. Code that
 * cannot `yield*` (a constructor, a callback of a built-in) runs a held call plainly: to its end, or not at all.
 */
import { BUILT_IN_FUNCTIONS } from './built-ins.js';

/** A held call that was not run yet. */
export type HeldCall = Generator<unknown, unknown, unknown>;
type AnyFunction = (...args: unknown[]) => unknown;
type Prototype = { constructor: unknown };

const generatorFunctionPrototype = Object.getPrototypeOf(function* () {}) as Prototype;

/** The class of every held call: `instanceof Held` looks for what all generator objects inherit from. */
export const Held = (() => {
  function Held(): void {}
  Held.prototype = (generatorFunctionPrototype as unknown as { prototype: object }).prototype;
  return Held as unknown as abstract new () => HeldCall;
})();

/** The method by which held code gets at the iterator of a held class; others use Symbol.iterator. */
export const HELD_ITERATOR = Symbol('held iterator');

/** True for what calling a held function gives, and for a step of the engine. */
export function isHeld(value: unknown): value is HeldCall {
  return value instanceof Held;
}

/** True for a function whose calls are held. */
export function isHeldFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function' && Object.getPrototypeOf(value) === generatorFunctionPrototype;
}

/**
 * The value, or the result of the held call that it is.
 *
 * @param what is called, and where: for the error
 *
 * Errors   Error where the held call holds: whoever called it cannot be held.
 */
export function runPlainly(value: unknown, what: string): unknown {
  if (!isHeld(value)) return value;
  const { done, value: result } = value.next();
  if (done === true) return result;
  throw new Error(
    `${what} touches shared memory where it cannot be held: not in a constructor, an accessor, a generator, ` +
      'an async function, the top level of a module or a callback of a built-in; move it into a method or a ' +
      'function that held code calls',
  );
}

/** The function as a built-in can call it: a held one is run plainly. Other values are left as they are. */
export function plainCallback(value: unknown, what: string): unknown {
  if (!isHeldFunction(value)) return value;
  return function (this: unknown, ...args: unknown[]): unknown {
    return runPlainly(value.apply(this, args), what);
  };
}

/** Calls a method that may be a built-in, which cannot call held functions, or one of held code, which can. */
export function callWithCallbacks(
  receiver: unknown,
  name: string,
  what: string,
  ...args: unknown[]
): unknown {
  const method = (receiver as Record<string, unknown>)[name];
  if (typeof method !== 'function') throw new TypeError(`${what}: ${name} is not a function`);
  const passed = BUILT_IN_FUNCTIONS.has(method) ? args.map((arg) => plainCallback(arg, what)) : args;
  return Reflect.apply(method, receiver, passed);
}

type Iterated = { [HELD_ITERATOR]?: () => unknown; [Symbol.iterator]: () => unknown };

/** The iterator of what held code goes through: maybe a held call. */
export function iteratorOf(iterated: Iterated): unknown {
  const method = iterated[HELD_ITERATOR];
  return method === undefined ? iterated[Symbol.iterator]() : method.call(iterated);
}

/** The iterator for whoever cannot be held (a spread, a built-in): each step of it is run plainly. */
export function plainIteratorOf(iterated: Iterated, what: string): unknown {
  const iterator = runPlainly(iteratorOf(iterated), what) as Iterator<unknown>;
  if (!isHeldFunction(iterator.next)) return iterator;
  return {
    next: () => runPlainly(iterator.next(), what),
    [Symbol.iterator](): unknown {
      return this;
    },
  };
}

/** The names under which held code sees all this. */
export const RUNTIME = {
  $G: Held,
  $plain: runPlainly,
  $call: callWithCallbacks,
  $callback: plainCallback,
  $iterator: iteratorOf,
  $plainIterator: plainIteratorOf,
  $iteratorKey: HELD_ITERATOR,
} as const;
