/**
 * Names: how threads find the same map or cache. A list of records that only grows, from the header.
 *
 * I1  A name of one kind has one record.
 * P1  (name-record:P1) a record is published by the store to registryHead; observed by dereferencing it.
 */
import { HEADER } from '../layout/heap-header.js';
import { NAME } from '../layout/name-record.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { ContextError, type ThreadContext } from '../threads/context.js';
import { BYTES_PER_WORD } from '../words/units.js';
import { decodeUtf8, encodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';

/** Most bytes of a name's UTF-8. */
const MAX_NAME_BYTES = 4096;

/** A name, and what it stands for. */
export interface NamedTarget {
  readonly kind: number;
  readonly name: string;
  readonly target: number;
}

export class Registry {
  private readonly _words: Words;
  private readonly _lock: RawSpinLock;

  /** @param lock the lock at HEADER.registryLock */
  constructor(words: Words, lock: RawSpinLock) {
    this._words = words;
    this._lock = lock;
  }

  /** What the name stands for, or 0. */
  find(kind: number, name: string): number {
    return this._find(kind, this._encode(name));
  }

  /**
   * What the name stands for; where it is new, what `make` returns.
   * @param alloc takes memory for the record; whatever it or `make` throws leaves the registry as it was
   * @param make  runs under the registry's lock: gives out what was made before, and takes no lock itself
   */
  findOrMake(
    kind: number,
    name: string,
    alloc: (bytes: number) => number,
    free: (p: number) => void,
    make: () => number,
  ): number {
    const bytes = this._encode(name);
    const found = this._find(kind, bytes);
    if (found !== 0) return found;
    const record = alloc(NAME.name * BYTES_PER_WORD + bytes.length);
    let published = false;
    try {
      const [target, isNew] = this._publish(record, kind, bytes, make);
      published = isNew;
      return target;
    } finally {
      if (!published) free(record);
    }
  }

  /** Every name with what it stands for, newest first. */
  list(): NamedTarget[] {
    const words = this._words;
    const names: NamedTarget[] = [];
    for (let record = this._first(); record !== 0; record = words.loadPlain(record + NAME.next)) {
      const bytes = new Uint8Array(words.loadPlain(record + NAME.nameBytes));
      words.readBytesPlain(record + NAME.name, bytes, bytes.length);
      const kind = words.loadPlain(record + NAME.kind);
      names.push({
        kind,
        name: decodeUtf8(bytes),
        target: words.loadPlain(record + NAME.target),
      });
    }
    return names;
  }

  private _publish(
    record: number,
    kind: number,
    name: Uint8Array,
    make: () => number,
  ): [target: number, isNew: boolean] {
    const words = this._words;
    this._lock.acquire();
    try {
      const other = this._find(kind, name);
      if (other !== 0) return [other, false];
      const target = make();
      words.storePlain(record + NAME.kind, kind);
      words.storePlain(record + NAME.target, target);
      words.storePlain(record + NAME.nameBytes, name.length);
      words.writeBytesPlain(record + NAME.name, name, name.length);
      words.storePlain(record + NAME.next, words.loadPlain(HEADER.registryHead));
      // P1: publishes the record; observed by _find() of every thread.
      words.store(HEADER.registryHead, record);
      return [target, true];
    } finally {
      this._lock.release();
    }
  }

  private _find(kind: number, name: Uint8Array): number {
    const words = this._words;
    for (let record = this._first(); record !== 0; record = words.loadPlain(record + NAME.next)) {
      if (words.loadPlain(record + NAME.kind) === kind && this._isNamed(record, name)) {
        return words.loadPlain(record + NAME.target);
      }
    }
    return 0;
  }

  private _first(): number {
    // P1: observes the record.
    return this._words.dereference(HEADER.registryHead);
  }

  private _isNamed(record: number, name: Uint8Array): boolean {
    if (this._words.loadPlain(record + NAME.nameBytes) !== name.length) return false;
    const bytes = new Uint8Array(name.length);
    this._words.readBytesPlain(record + NAME.name, bytes, name.length);
    for (let i = 0; i < name.length; i++) if (bytes[i] !== name[i]) return false;
    return true;
  }

  private _encode(name: string): Uint8Array {
    const bytes = typeof name === 'string' ? encodeUtf8(name) : undefined;
    if (bytes !== undefined && bytes.length > 0 && bytes.length <= MAX_NAME_BYTES) return bytes;
    throw new TypeError(
      `opened a shared object named ${String(name) || "''"}; a name is a string of 1 to ${MAX_NAME_BYTES} bytes in UTF-8`,
    );
  }
}

/** Throws ContextError where a new name may not be made: the lock of names is spun for. */
export function requireMayName(context: ThreadContext, name: string): void {
  if (context.waitRight() !== 'may-neither') return;
  throw new ContextError(
    `opened '${name}', of which there is nothing yet, ${context.where()}, which may not spin for the lock of names; open ` +
      'it in another thread first: from then on it is found here too',
  );
}
