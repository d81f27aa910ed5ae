/**
 * Atomics for held code: the real ones, but for arrays over the buffer of a model (`Stage.buffer`), whose
 * operations go to the model's machine. Code that was written for `Atomics` and an Int32Array is checked as it is.
 *
 *     Atomics.add(new Int32Array(stage.buffer), 3, 1)   ->   machine: add to word 3
 *     array[3], array[3] = 7                            ->   loadPlain, storePlain (by the transformation)
 */
import type { Accesses } from './model-words.js';
import { OPERATION, type Operation } from './operation.js';

const machines = new WeakMap<ArrayBufferLike, Accesses>();

/** From now on operations on arrays over `buffer` go to `accesses`. */
export function registerBuffer(buffer: ArrayBufferLike, accesses: Accesses): void {
  machines.set(buffer, accesses);
}

function accessesOf(array: unknown): Accesses | undefined {
  return ArrayBuffer.isView(array) ? machines.get(array.buffer) : undefined;
}

function wordOf(array: Int32Array, index: number): number {
  if (!(array instanceof Int32Array)) {
    throw new TypeError(
      `used ${(array as object).constructor.name} over the buffer of a model; the checker knows Int32Array alone`,
    );
  }
  if (Number.isInteger(index) && index >= 0 && index < array.length) return array.byteOffset / 4 + index;
  throw new RangeError(`accessed element ${String(index)} of an Int32Array of ${array.length}`);
}

type Operate = (array: Int32Array, index: number, ...operands: number[]) => unknown;

/** The operation `name` of Atomics, on a model where the array is a model's. */
function operation(name: keyof typeof OPERATION & keyof typeof Atomics, number: Operation): Operate {
  const real = Atomics[name] as unknown as Operate;
  return (array, index, a = 0, b = 0) => {
    const accesses = accessesOf(array);
    return accesses === undefined
      ? real(array, index, a, b)
      : accesses.access(number, wordOf(array, index), a, b);
  };
}

const realLoad = operation('load', OPERATION.load);

/** What held code sees as `Atomics`. */
export const modelAtomics = {
  store: operation('store', OPERATION.store),
  exchange: operation('exchange', OPERATION.exchange),
  compareExchange: operation('compareExchange', OPERATION.compareExchange),
  add: operation('add', OPERATION.add),
  and: operation('and', OPERATION.and),
  or: operation('or', OPERATION.or),
  sub: operation('sub', OPERATION.sub),
  xor: operation('xor', OPERATION.xor),
  isLockFree: Atomics.isLockFree,
  /** @param isDiscarded set by the transformation where nobody looks at the result */
  load(array: Int32Array, index: number, isDiscarded = false): unknown {
    const accesses = accessesOf(array);
    if (accesses === undefined || !isDiscarded) return realLoad(array, index);
    return accesses.access(OPERATION.fence, wordOf(array, index), 0, 0);
  },
  wait(array: Int32Array, index: number, value: number, timeout = Number.POSITIVE_INFINITY): unknown {
    const accesses = accessesOf(array);
    if (accesses === undefined) return Atomics.wait(array, index, value, timeout);
    return accesses.access(OPERATION.wait, wordOf(array, index), value, Number.isFinite(timeout) ? 1 : 0);
  },
  notify(array: Int32Array, index: number, count = Number.POSITIVE_INFINITY): unknown {
    const accesses = accessesOf(array);
    if (accesses === undefined) return Atomics.notify(array, index, count);
    return accesses.access(OPERATION.notify, wordOf(array, index), count, 0);
  },
  waitAsync(): never {
    throw new Error(
      'called Atomics.waitAsync in a model: the checker runs synchronous code; use Atomics.wait',
    );
  },
  pause(): unknown {
    // Without an array there is no telling whose it is; a spin is known by what it reads.
    return undefined;
  },
};

/** What `array[index]` is in held code. */
export function plainGet(array: unknown, index: unknown): unknown {
  const accesses = accessesOf(array);
  if (accesses === undefined) return (array as Record<PropertyKey, unknown>)[index as PropertyKey];
  return accesses.access(OPERATION.loadPlain, wordOf(array as Int32Array, index as number), 0, 0);
}

/** What `array[index] = value` is in held code; its value is `value`. */
export function plainSet(array: unknown, index: unknown, value: unknown): unknown {
  const accesses = accessesOf(array);
  if (accesses !== undefined) {
    return accesses.access(
      OPERATION.storePlain,
      wordOf(array as Int32Array, index as number),
      value as number,
      0,
    );
  }
  (array as Record<PropertyKey, unknown>)[index as PropertyKey] = value;
  return value;
}
