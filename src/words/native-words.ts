/**
 * NativeWords: Words over a real SharedArrayBuffer. The only file that says `Atomics`.
 *
 * The buffer has a fixed length: views over growable buffers are many times slower. It costs no memory until
 * it is touched, so a heap reserves all it may ever use.
 */
import type { AsyncWait, WaitResult, Words } from './words.js';

const BYTES_PER_WORD = 4;

/** Makes a zeroed shared buffer; it takes up address space, and memory only where it is touched. */
export function reserveBuffer(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes);
}

/** True for a SharedArrayBuffer of this or another realm. */
export function isSharedBuffer(value: unknown): value is SharedArrayBuffer {
  return Object.prototype.toString.call(value) === '[object SharedArrayBuffer]';
}

/** What some engines have, and the ES2023 types do not. */
interface LaterAtomics {
  pause?: () => void;
  waitAsync?: (view: Int32Array, index: number, expected: number, timeoutMillis: number) => AsyncWait;
}

const { pause: spinHint = () => {}, waitAsync } = Atomics as unknown as LaterAtomics;

export class NativeWords implements Words {
  readonly lengthWords: number;
  private readonly _int32: Int32Array;
  private readonly _bytes: Uint8Array;

  /** @param buffer whole pages of shared memory, as `reserveBuffer` makes it or a shared WebAssembly memory's buffer. */
  constructor(buffer: SharedArrayBuffer) {
    this._int32 = new Int32Array(buffer);
    this._bytes = new Uint8Array(buffer);
    this.lengthWords = this._int32.length;
  }

  load(index: number): number {
    return Atomics.load(this._int32, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this._int32, index, value);
  }

  exchange(index: number, value: number): number {
    return Atomics.exchange(this._int32, index, value);
  }

  compareExchange(index: number, expected: number, value: number): number {
    return Atomics.compareExchange(this._int32, index, expected, value);
  }

  add(index: number, value: number): number {
    return Atomics.add(this._int32, index, value);
  }

  and(index: number, mask: number): number {
    return Atomics.and(this._int32, index, mask);
  }

  or(index: number, mask: number): number {
    return Atomics.or(this._int32, index, mask);
  }

  wait(index: number, expected: number, timeoutMillis: number): WaitResult {
    return Atomics.wait(this._int32, index, expected, timeoutMillis);
  }

  waitAsync(index: number, expected: number, timeoutMillis: number): AsyncWait | undefined {
    return waitAsync?.(this._int32, index, expected, timeoutMillis);
  }

  notify(index: number, count: number): number {
    return Atomics.notify(this._int32, index, count);
  }

  pause(): void {
    spinHint();
  }

  loadPlain(index: number): number {
    return this._int32[index]!;
  }

  storePlain(index: number, value: number): void {
    this._int32[index] = value;
  }

  dereference(index: number): number {
    return this._int32[index]!;
  }

  fillPlain(from: number, to: number, value: number): void {
    this._int32.fill(value, from, to);
  }

  readBytesPlain(index: number, target: Uint8Array, byteLength: number): void {
    const start = index * BYTES_PER_WORD;
    target.set(this._bytes.subarray(start, start + byteLength));
  }

  writeBytesPlain(index: number, source: Uint8Array, byteLength: number): void {
    this._bytes.set(
      byteLength === source.length ? source : source.subarray(0, byteLength),
      index * BYTES_PER_WORD,
    );
  }
}

/** NativeWords whose `dereference` is an atomic load: publishing then rests on ECMAScript alone. */
export class StrictNativeWords extends NativeWords {
  override dereference(index: number): number {
    return this.load(index);
  }
}
