/**
 * Words: one shared buffer seen as 32-bit words. Everything above this folder reaches shared memory through
 * this interface and through nothing else, which is what lets a model stand in for the hardware in tests.
 *
 *     word index   0        1        2                      lengthWords - 1
 *                 +--------+--------+--------+-- ... --+---------------------+
 *                 | int32  | int32  | int32  |         |        int32        |
 *                 +--------+--------+--------+-- ... --+---------------------+
 *
 * An address is a word index: byte offset / 4. 0 is never an address, so a zeroed word means "none".
 *
 * Two kinds of access, and JavaScript has no third:
 *   load store exchange compareExchange add and or    sequentially consistent, a builtin call (8 to 18 ns)
 *   loadPlain storePlain                              unordered, an instruction (under 2 ns); one aligned
 *                                                     word never tears
 * `dereference` is the read side of publishing: the reader's address dependency orders what it reads next.
 * docs/memory-model.md says what that rests on.
 *
 * Who may call: any thread. `wait` only where the host lets a thread wait; `waitAsync` everywhere, where the engine
 * has it. A pending `waitAsync` does not keep the process alive: `Host.startKeepAlive` does.
 */

/** Result of `Words.wait`, in the words of `Atomics.wait`. */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out';

/** Result of `Words.waitAsync`: known at once, or later. */
export type AsyncWait =
  | { readonly async: false; readonly value: Exclude<WaitResult, 'ok'> }
  | { readonly async: true; readonly value: Promise<Exclude<WaitResult, 'not-equal'>> };

export interface Words {
  /** How many words the buffer holds. */
  readonly lengthWords: number;

  /** Reads a word, sequentially consistent. */
  load(index: number): number;
  /** Writes a word, sequentially consistent. */
  store(index: number, value: number): void;
  /** Writes a word and returns what it held. */
  exchange(index: number, value: number): number;
  /** Writes `value` where the word holds `expected`; returns what it held. */
  compareExchange(index: number, expected: number, value: number): number;
  /** Adds to a word, wrapping; returns what it held. */
  add(index: number, value: number): number;
  /** Clears the bits that `mask` lacks; returns what the word held. */
  and(index: number, mask: number): number;
  /** Sets the bits of `mask`; returns what the word held. */
  or(index: number, mask: number): number;
  /** Sleeps while the word holds `expected`, for at most `timeoutMillis`. Throws where the host forbids it. */
  wait(index: number, expected: number, timeoutMillis: number): WaitResult;
  /**
   * Waits as `wait` does, while the thread goes on. `notify` wakes both kinds of sleepers, oldest first. There is no
   * way to call it off but `notify` and its time. Undefined where the engine has no `Atomics.waitAsync`.
   */
  waitAsync(index: number, expected: number, timeoutMillis: number): AsyncWait | undefined;
  /** Wakes up to `count` sleepers on the word; returns how many. */
  notify(index: number, count: number): number;
  /** Tells the processor that this thread is spinning. */
  pause(): void;

  /** Reads a word, unordered. */
  loadPlain(index: number): number;
  /** Writes a word, unordered. */
  storePlain(index: number, value: number): void;
  /** Reads an address that another thread publishes with `store`; what it points to is then readable. */
  dereference(index: number): number;
  /** Sets words `from` to `to` (exclusive) to `value`, unordered. */
  fillPlain(from: number, to: number, value: number): void;
  /** Copies `byteLength` bytes that start at word `index` into `target`, unordered. */
  readBytesPlain(index: number, target: Uint8Array, byteLength: number): void;
  /** Copies the first `byteLength` bytes of `source` to the words from `index` on, unordered. */
  writeBytesPlain(index: number, source: Uint8Array, byteLength: number): void;
}
