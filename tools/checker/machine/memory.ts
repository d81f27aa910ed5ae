/**
 * Memory: the words that the threads of a model share, put back to what they were before each execution.
 *
 *     values     what each word holds          initial   what it holds when an execution starts
 *     versions   how often it has changed      touched   the words to put back
 *
 * The values lie in a real SharedArrayBuffer, so that typed arrays of a model may lie over them.
 */
export class Memory {
  readonly lengthWords: number;
  readonly buffer: SharedArrayBuffer;
  readonly values: Int32Array;
  /** Goes up each time a word changes: a thread that spins is let go on when one it has read does. */
  readonly versions: Int32Array;
  /** How often any word has changed. */
  changes = 0;
  /** The words that have changed since this was last emptied, each as often as it has. */
  readonly changed: number[] = [];
  /** Two hashes of all that differs from the start, for telling states apart. */
  hash0 = 0;
  hash1 = 0;
  private readonly _initial: Int32Array;
  private readonly _isTouched: Uint8Array;
  private readonly _touched: number[] = [];

  constructor(lengthWords: number) {
    this.lengthWords = lengthWords;
    this.buffer = new SharedArrayBuffer(lengthWords * 4);
    this.values = new Int32Array(this.buffer);
    this.versions = new Int32Array(lengthWords);
    this._initial = new Int32Array(lengthWords);
    this._isTouched = new Uint8Array(lengthWords);
  }

  /** What the words hold now is what every execution starts from. */
  keepInitial(): void {
    this._initial.set(this.values);
    this._forgetTouched(() => {});
  }

  /** Puts every word back; `forget` is told each. */
  reset(forget: (word: number) => void): void {
    this._forgetTouched((word) => {
      this.values[word] = this._initial[word]!;
      forget(word);
    });
  }

  /** Notes that a word is used in this execution. Throws for one that is not there. */
  touch(word: number): void {
    if (this._isTouched[word] === 1) return;
    if (!Number.isInteger(word) || word < 0 || word >= this.lengthWords) {
      throw new RangeError(
        `accessed word ${String(word)} of a model's memory; its words are 0..${this.lengthWords - 1}. ` +
          "Give the model a larger lengthWords, or mend the code's address",
      );
    }
    this._isTouched[word] = 1;
    this._touched.push(word);
  }

  /** Writes a word that is touched. */
  write(word: number, value: number): void {
    const old = this.values[word]!;
    const fresh = value | 0;
    if (old === fresh) return;
    this.values[word] = fresh;
    this.versions[word]!++;
    this.changes++;
    this.changed.push(word);
    this.hash0 ^= mix(word, old, 0x9e3779b1) ^ mix(word, fresh, 0x9e3779b1);
    this.hash1 ^= mix(word, old, 0x85ebca6b) ^ mix(word, fresh, 0x85ebca6b);
  }

  private _forgetTouched(forget: (word: number) => void): void {
    for (const word of this._touched) {
      this._isTouched[word] = 0;
      this.versions[word] = 0;
      forget(word);
    }
    this._touched.length = 0;
    this.changed.length = 0;
    this.hash0 = 0;
    this.hash1 = 0;
  }
}

/** 32 bits of two numbers. */
export function mix(a: number, b: number, seed: number): number {
  let hash = Math.imul(a ^ seed, 0xcc9e2d51);
  hash = Math.imul(((hash << 15) | (hash >>> 17)) ^ b, 0x1b873593);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
