/**
 * Words of a model: each operation goes to the machine, which does it, or holds the thread before it.
 *
 * Every operation returns something: a Step where its thread is held, also where Words promises nothing.
 */
import type { AsyncWait, WaitResult, Words } from '../../../src/words/words.js';
import { OPERATION, type Operation } from './operation.js';

/** What does the operations. A thread that is held gets a Step instead of a result, which only held code sees. */
export interface Accesses {
  readonly lengthWords: number;
  access(operation: Operation, word: number, a: number, b: number): number;
  /** One access of many that are done at once, before which no thread is held. */
  accessWithin(operation: Operation, word: number, a: number): number;
}

export class ModelWords implements Words {
  readonly lengthWords: number;
  private readonly _accesses: Accesses;

  constructor(accesses: Accesses) {
    this._accesses = accesses;
    this.lengthWords = accesses.lengthWords;
  }

  /** @param isDiscarded set by the transformation where nobody looks at the result */
  load(index: number, isDiscarded = false): number {
    return this._accesses.access(isDiscarded ? OPERATION.fence : OPERATION.load, index, 0, 0);
  }

  store(index: number, value: number): number {
    return this._accesses.access(OPERATION.store, index, value, 0);
  }

  exchange(index: number, value: number): number {
    return this._accesses.access(OPERATION.exchange, index, value, 0);
  }

  compareExchange(index: number, expected: number, value: number): number {
    return this._accesses.access(OPERATION.compareExchange, index, expected, value);
  }

  add(index: number, value: number): number {
    return this._accesses.access(OPERATION.add, index, value, 0);
  }

  and(index: number, mask: number): number {
    return this._accesses.access(OPERATION.and, index, mask, 0);
  }

  or(index: number, mask: number): number {
    return this._accesses.access(OPERATION.or, index, mask, 0);
  }

  sub(index: number, value: number): number {
    return this._accesses.access(OPERATION.sub, index, value, 0);
  }

  xor(index: number, mask: number): number {
    return this._accesses.access(OPERATION.xor, index, mask, 0);
  }

  wait(index: number, expected: number, timeoutMillis: number): WaitResult {
    const timed = Number.isFinite(timeoutMillis) ? 1 : 0;
    return this._accesses.access(OPERATION.wait, index, expected, timed) as unknown as WaitResult;
  }

  waitAsync(index: number): AsyncWait | undefined {
    throw new Error(
      `called waitAsync() for word ${index} in a model: the checker runs synchronous code; use wait(), or poll`,
    );
  }

  notify(index: number, count: number): number {
    return this._accesses.access(OPERATION.notify, index, count, 0);
  }

  pause(): number {
    return this._accesses.access(OPERATION.pause, 0, 0, 0);
  }

  loadPlain(index: number): number {
    return this._accesses.access(OPERATION.loadPlain, index, 0, 0);
  }

  storePlain(index: number, value: number): number {
    return this._accesses.access(OPERATION.storePlain, index, value, 0);
  }

  dereference(index: number): number {
    return this._accesses.access(OPERATION.dereference, index, 0, 0);
  }

  fillPlain(from: number, to: number, value: number): void {
    for (let index = from; index < to; index++)
      this._accesses.accessWithin(OPERATION.storePlain, index, value);
  }

  readBytesPlain(index: number, target: Uint8Array, byteLength: number): void {
    for (let byte = 0; byte < byteLength; byte++) {
      const word = this._accesses.accessWithin(OPERATION.loadPlain, index + (byte >> 2), 0);
      target[byte] = word >> (8 * (byte & 3));
    }
  }

  writeBytesPlain(index: number, source: Uint8Array, byteLength: number): void {
    for (let byte = 0; byte < byteLength; byte++) {
      const at = index + (byte >> 2);
      const shift = 8 * (byte & 3);
      const others = this._accesses.accessWithin(OPERATION.loadPlain, at, 0) & ~(0xff << shift);
      this._accesses.accessWithin(OPERATION.storePlain, at, others | (source[byte]! << shift));
    }
  }
}
