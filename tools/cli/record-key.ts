/**
 * Which field of a record is its key, and what happens when a record lacks it.
 *
 * Several fields joined make one key (`country,admin1,name`): a city's name alone is far from unique. A single
 * field must hold a text that is not empty or a number; of several, at least one must.
 *
 * Two faults look alike and are told apart, because the remedy differs: no record has the field (a typing
 * error in --key), or one record lacks it (a fault in the file, named by its line).
 */
import { UsageError } from './failures.js';
import type { JsonRecord, RecordPlace } from './record-sink.js';
import { faultAt } from './text-place.js';

/** Stands between the parts of a key made of several fields. */
const KEY_JOINER = '/';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Takes the key out of each record of one file, in order. */
export class KeyRule {
  /** The fields in use; undefined until the first record when the caller named none. */
  #fields: readonly string[] | undefined;
  readonly #file: string;
  #firstMissing: { readonly line: number; readonly what: string } | undefined;
  #firstFields: readonly string[] = [];
  #records = 0;
  #found = 0;

  /**
   * @param fields  names of the key's fields; undefined takes the first field of the first record.
   * @param file    how to call the file in errors.
   */
  constructor(fields: readonly string[] | undefined, file: string) {
    this.#fields = fields;
    this.#file = file;
  }

  /** The fields the key is made of, for the report. */
  get fields(): readonly string[] {
    return this.#fields ?? [];
  }

  /**
   * Takes the key of the next record.
   *
   * @returns  the key, or undefined when no record so far had one; finish() then refuses the file.
   *
   * Errors    UsageError naming the line of the first record that lacks the key, once another has it; or of a
   *           record whose key is neither text nor number, or cannot be written as UTF-8.
   */
  take(record: JsonRecord, place: RecordPlace): string | undefined {
    if (this.#records++ === 0) this.#firstFields = Object.keys(record);
    this.#fields ??= this.#firstFields.slice(0, 1);
    const key = this.#join(record, place);
    if (key === undefined) {
      this.#firstMissing ??= { line: place.line, what: this.#missing(record) };
    } else {
      this.#found++;
      if (LONE_SURROGATE.test(key)) throw this.#fault(place.line, 'the key holds half a surrogate pair');
    }
    if (this.#firstMissing && this.#found > 0)
      throw this.#fault(this.#firstMissing.line, this.#firstMissing.what);
    return key;
  }

  /**
   * Ends the file.
   *
   * Errors  UsageError: there was no record, or no record had the key.
   */
  finish(): void {
    if (this.#records === 0) throw new UsageError(`${this.#file}: holds no records`);
    if (this.#found > 0) return;
    const fields =
      this.#firstFields.length === 0 ? 'no fields' : `the fields ${this.#firstFields.join(', ')}`;
    throw new UsageError(`--key ${this.fields.join(',')}: no record has it; the first record has ${fields}`);
  }

  #join(record: JsonRecord, place: RecordPlace): string | undefined {
    let key = '';
    let filled = false;
    for (const [index, field] of this.fields.entries()) {
      const part = Object.hasOwn(record, field) ? record[field] : undefined;
      if (part === undefined || part === null) return undefined;
      if (typeof part !== 'string' && typeof part !== 'number') {
        throw this.#fault(place.line, `the key field '${field}' is neither text nor a number`);
      }
      filled ||= part !== '';
      key += index === 0 ? part : KEY_JOINER + part;
    }
    return filled ? key : undefined;
  }

  #missing(record: JsonRecord): string {
    const absent = this.fields.find((field) => !Object.hasOwn(record, field) || record[field] === null);
    return absent === undefined
      ? `the key ${this.fields.join(',')} is empty`
      : `the record has no field '${absent}'`;
  }

  #fault(line: number, what: string): UsageError {
    return faultAt(this.#file, { line }, what);
  }
}
