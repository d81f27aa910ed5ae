/**
 * All records of a file, packed into two shared buffers that every thread reads and none writes.
 *
 * Main parses the file once (only so do errors carry a line, and a CSV row's border is known before its
 * quotes are) and packs each record's key and JSON as UTF-8. A worker then needs no message per record and no
 * copy of the file: it takes its own range of record numbers, decodes them and inserts, all workers at once.
 *
 *   bytes     key 0 | json 0 | key 1 | json 1 | ...
 *   borders   where each of these begins, and at the end the total: 2 * records + 1 numbers
 *
 * The buffers are finished before the first worker starts, so they need no ordering of their own.
 */

/** What a thread needs to open a table: two buffers that a message can carry without copying. */
export interface RecordTableParts {
  readonly bytes: SharedArrayBuffer;
  readonly borders: SharedArrayBuffer;
}

/** The most bytes a table can hold: borders are 32-bit numbers. */
const MAX_TABLE_BYTES = 2 ** 32 - 1;

/** Collects records, then packs them. */
export class RecordTableBuilder {
  #bytes = Buffer.allocUnsafeSlow(1 << 16);
  #used = 0;
  readonly #borders: number[] = [0];

  /** How many records were added. */
  get length(): number {
    return (this.#borders.length - 1) / 2;
  }

  /**
   * Adds one record.
   *
   * Errors  RangeError: the table would pass 4 GiB, the most any heap can hold.
   */
  add(key: string, json: string): void {
    this.#append(key);
    this.#append(json);
  }

  /** Packs what was added. The builder must not be used afterwards. */
  finish(): RecordTableParts {
    const bytes = new SharedArrayBuffer(this.#used);
    new Uint8Array(bytes).set(this.#bytes.subarray(0, this.#used));
    const borders = new SharedArrayBuffer(this.#borders.length * Uint32Array.BYTES_PER_ELEMENT);
    new Uint32Array(borders).set(this.#borders);
    this.#bytes = Buffer.alloc(0);
    return { bytes, borders };
  }

  #append(text: string): void {
    this.#makeRoom(text.length * 3);
    this.#used += this.#bytes.write(text, this.#used, 'utf8');
    this.#borders.push(this.#used);
  }

  #makeRoom(extra: number): void {
    const needed = this.#used + extra;
    if (needed <= this.#bytes.length) return;
    if (needed > MAX_TABLE_BYTES) {
      throw new RangeError(`the records need more than 4 GiB, the most one heap can hold`);
    }
    const larger = Buffer.allocUnsafeSlow(
      Math.min(MAX_TABLE_BYTES, Math.max(needed, this.#bytes.length * 2)),
    );
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}

/** Reads a packed table, in any thread. */
export class RecordTable {
  /** How many records there are. */
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #borders: Uint32Array;

  constructor(parts: RecordTableParts) {
    this.#bytes = Buffer.from(parts.bytes);
    this.#borders = new Uint32Array(parts.borders);
    this.length = (this.#borders.length - 1) / 2;
  }

  /** The key of a record, 0..length-1. */
  key(record: number): string {
    return this.#text(record * 2);
  }

  /** The JSON of a record, 0..length-1. */
  json(record: number): string {
    return this.#text(record * 2 + 1);
  }

  #text(part: number): string {
    return this.#bytes.toString('utf8', this.#borders[part], this.#borders[part + 1]);
  }
}
