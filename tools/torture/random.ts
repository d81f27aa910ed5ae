/** Random numbers of a torture run: the same for the same seed and stream (xorshift32). */

/** Mixes two words into one, so that close numbers give far ones. */
export function mix(a: number, b: number): number {
  let x = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  x ^= x >>> 15;
  x = Math.imul(x, 0x2c1b3c6d);
  x ^= x >>> 12;
  return x;
}

export class Random {
  private _state: number;

  /** @param stream tells the threads of one run apart */
  constructor(seed: number, stream: number) {
    this._state = mix(seed, stream) || 1;
  }

  /** The next number, 0 to 2^32 - 1. */
  next(): number {
    let x = this._state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this._state = x;
    return x >>> 0;
  }

  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** True once in `often` times. */
  oneIn(often: number): boolean {
    return this.below(often) === 0;
  }

  /** One of several. */
  of<T>(choice: readonly T[]): T {
    return choice[this.below(choice.length)]!;
  }
}
