/**
 * Keys: a string, a finite number or a Uint8Array, to words of an EntryDraft and back.
 *
 *     kind      words                            length in the shape
 *     latin1    four units each                  units
 *     utf16     two units each                   units
 *     int32     the number                       0
 *     float64   the number's two halves          0
 *     bytes     four bytes each                  bytes
 *
 * I1  Equal keys have equal shapes and equal words: a whole number in 32 bits is always int32, -0 is 0, a string
 *     is utf16 only where it has to be, and the rest of a last word is 0.
 */
import { ENTRY, KEY_KIND, SHAPE_KIND_MASK, SHAPE_LENGTH_SHIFT } from '../layout/map-record.js';
import { BYTES_PER_WORD, wordsFor } from '../words/units.js';
import type { Words } from '../words/words.js';
import { EntryDraft, SHORT_TEXT_UNITS } from './entry-draft.js';
import { joinFloat, splitFloat } from './float-words.js';
import type { KeyHasher } from './map-hash.js';
import { packUtf16, type StringReader } from './string-codec.js';

/** What a key may be. Numbers are finite; bytes are compared by what they hold. */
export type MapKey = string | number | Uint8Array;

/** The longest key: 1 MiB. */
export const MAX_KEY_BYTES = 2 ** 20;

// Local copies: the engine folds a module's own constants into the code, imported ones it loads.
const KEY_SHAPE = ENTRY.keyShape;
const KEY = ENTRY.key;
const LENGTH_SHIFT = SHAPE_LENGTH_SHIFT;
const LONG_UNITS = SHORT_TEXT_UNITS;
/** Room to begin with of a draft that is seldom needed. */
const INNER_WORDS = 64;
const LATIN1 = KEY_KIND.latin1;
const UTF16 = KEY_KIND.utf16;
const INT32 = KEY_KIND.int32;
const FLOAT64 = KEY_KIND.float64;
const BYTES = KEY_KIND.bytes;

export class KeyCodec {
  /** What encode() writes to. */
  readonly draft: EntryDraft;
  private readonly _words: Words;
  private readonly _strings: StringReader;
  private readonly _hasher: KeyHasher;
  private _inner: KeyCodec | undefined;

  constructor(words: Words, draft: EntryDraft, strings: StringReader, hasher: KeyHasher) {
    this.draft = draft;
    this._words = words;
    this._strings = strings;
    this._hasher = hasher;
  }

  /** The same with another draft: for operations of the same map that run inside one that still needs this draft. */
  inner(): KeyCodec {
    this._inner ??= new KeyCodec(this._words, new EntryDraft(INNER_WORDS), this._strings, this._hasher);
    return this._inner;
  }

  /**
   * Writes the key and its order to the draft.
   *
   * Errors   TypeError for what no key may be; RangeError for a key longer than MAX_KEY_BYTES.
   */
  encode(key: MapKey): void {
    if (typeof key === 'string') this._encodeString(key);
    else if (typeof key === 'number') this._encodeNumber(key);
    else this._encodeBytes(key);
  }

  /** The key of an entry. */
  read(entry: number): MapKey {
    const shape = this._words.loadPlain(entry + KEY_SHAPE);
    const at = entry + KEY;
    const length = shape >>> LENGTH_SHIFT;
    switch (shape & SHAPE_KIND_MASK) {
      case LATIN1:
        return this._strings.readLatin1(at, length);
      case UTF16:
        return this._strings.readUtf16(at, length);
      case INT32:
        return this._words.loadPlain(at);
      case FLOAT64:
        return joinFloat(this._words.loadPlain(at), this._words.loadPlain(at + 1));
      default: {
        const bytes = new Uint8Array(length);
        this._words.readBytesPlain(at, bytes, length);
        return bytes;
      }
    }
  }

  private _encodeString(text: string): void {
    const draft = this.draft;
    const length = text.length;
    if (length > LONG_UNITS && this._encodeLong(text)) return;
    const words = draft.words;
    const count = this._hasher.packLatin1(text, words, KEY);
    if (count < 0) {
      this._encodeWide(text);
      return;
    }
    words[KEY_SHAPE] = LATIN1 | (length << LENGTH_SHIFT);
    draft.keyWords = count;
  }

  /** Makes room for a long key, and encodes it if it is all ASCII. */
  private _encodeLong(text: string): boolean {
    const { length } = text;
    if (length > this.draft.words.length) this._makeRoom(length);
    if (this.draft.packAscii(text, KEY) < 0) return false;
    this._finish(LATIN1 | (length << LENGTH_SHIFT), length);
    return true;
  }

  private _encodeWide(text: string): void {
    const draft = this.draft;
    const byteLength = text.length * 2;
    if (byteLength > MAX_KEY_BYTES) refuseKeyLength(byteLength);
    draft.reserve(KEY + wordsFor(byteLength));
    packUtf16(text, draft.words, KEY);
    this._finish(UTF16 | (text.length << LENGTH_SHIFT), byteLength);
  }

  private _encodeNumber(value: number): void {
    const words = this.draft.words;
    const whole = value | 0;
    if (whole === value) {
      words[KEY] = whole;
      this._finish(INT32, BYTES_PER_WORD);
      return;
    }
    if (!Number.isFinite(value)) refuseKey(value);
    splitFloat(value, words, KEY);
    this._finish(FLOAT64, 2 * BYTES_PER_WORD);
  }

  private _encodeBytes(key: Uint8Array): void {
    if (!(key instanceof Uint8Array)) refuseKey(key);
    const { length } = key;
    const draft = this.draft;
    if (length > draft.words.length) this._makeRoom(length);
    const count = wordsFor(length);
    if (count > 0) draft.words[KEY + count - 1] = 0;
    draft.bytes.set(key, KEY * BYTES_PER_WORD);
    this._finish(BYTES | (length << LENGTH_SHIFT), length);
  }

  private _finish(shape: number, byteLength: number): void {
    const draft = this.draft;
    draft.words[KEY_SHAPE] = shape;
    draft.keyWords = wordsFor(byteLength);
    this._hasher.hashBytes(draft.words, KEY, byteLength);
  }

  /** Room for `length` bytes, and for the entry's first words beside them. */
  private _makeRoom(length: number): void {
    if (length > MAX_KEY_BYTES) refuseKeyLength(length);
    this.draft.reserve(KEY + wordsFor(length));
  }
}

/** Words that a key of this shape takes. */
export function keyWordsOf(shape: number): number {
  const length = shape >>> LENGTH_SHIFT;
  switch (shape & SHAPE_KIND_MASK) {
    case INT32:
      return 1;
    case FLOAT64:
      return 2;
    case UTF16:
      return wordsFor(length * 2);
    default:
      return wordsFor(length);
  }
}

function refuseKeyLength(bytes: number): never {
  throw new RangeError(
    `used a map key of ${bytes} bytes or more; a key takes at most ${MAX_KEY_BYTES} bytes`,
  );
}

function refuseKey(key: unknown): never {
  const what = typeof key === 'number' ? String(key) : nameOfKind(key);
  throw new TypeError(`used ${what} as a map key; a key is a string, a finite number or a Uint8Array`);
}

/** What to call a value in a message, without running any code of its own. */
export function nameOfKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object of another kind' : `a ${typeof value}`;
}
