/**
 * Values: numbers, strings, booleans, null, bytes and JSON, to words of an EntryDraft and back.
 *
 *     kind                words                      length in the shape
 *     int32               the number                 0
 *     float64             the number's two halves    0
 *     latin1, utf16       as keys                    units
 *     true, false, null   none                       0
 *     bytes               four bytes each            bytes
 *     json*               the text, as latin1 or utf16
 *
 * Arrays, objects and bytes come back as fresh private copies: changing one changes nothing in the map.
 */
import { ENTRY, SHAPE_KIND_MASK, SHAPE_LENGTH_SHIFT, VALUE_KIND } from '../layout/map-record.js';
import { wordsFor } from '../words/units.js';
import type { Words } from '../words/words.js';
import { type EntryDraft, MAX_ENTRY_BYTES, refuseLength, SHORT_TEXT_UNITS } from './entry-draft.js';
import { joinFloat, splitFloat } from './float-words.js';
import { nameOfKind } from './key-codec.js';
import { packLatin1, packUtf16, type StringReader } from './string-codec.js';

/** What a value may be: `object` stands for arrays and plain objects that JSON can say, and for Uint8Array. */
export type MapValue = string | number | boolean | null | object;

// Local copies: the engine folds a module's own constants into the code, imported ones it loads.
const VALUE_SHAPE = ENTRY.valueShape;
const KEY = ENTRY.key;
const LENGTH_SHIFT = SHAPE_LENGTH_SHIFT;
const INT32 = VALUE_KIND.int32;

export class ValueCodec {
  private readonly _words: Words;
  private readonly _strings: StringReader;

  constructor(words: Words, strings: StringReader) {
    this._words = words;
    this._strings = strings;
  }

  /**
   * Writes a value to a draft, behind the key that is there.
   *
   * @param json what jsonOf(value) returned
   *
   * Errors   TypeError for what no value may be; RangeError where key and value do not fit one entry.
   */
  encode(draft: EntryDraft, value: MapValue, json: string | undefined): void {
    if (typeof value === 'number') encodeNumber(draft, value);
    else if (typeof value === 'string') encodeText(draft, value, VALUE_KIND.latin1, VALUE_KIND.utf16);
    else if (json !== undefined) encodeText(draft, json, VALUE_KIND.jsonLatin1, VALUE_KIND.jsonUtf16);
    else if (value === null) finish(draft, VALUE_KIND.null, 0);
    else if (typeof value === 'boolean') finish(draft, value ? VALUE_KIND.true : VALUE_KIND.false, 0);
    else encodeBytes(draft, value as Uint8Array);
    draft.requireFits();
  }

  /** The value of an entry whose key takes `keyWords` words. */
  read(entry: number, keyWords: number): MapValue {
    const shape = this._words.loadPlain(entry + VALUE_SHAPE);
    if (shape === INT32) return this._words.loadPlain(entry + KEY + keyWords);
    return this._readOther(shape, entry + KEY + keyWords);
  }

  private _readOther(shape: number, at: number): MapValue {
    const length = shape >>> LENGTH_SHIFT;
    switch (shape & SHAPE_KIND_MASK) {
      case VALUE_KIND.float64:
        return joinFloat(this._words.loadPlain(at), this._words.loadPlain(at + 1));
      case VALUE_KIND.latin1:
        return this._strings.readLatin1(at, length);
      case VALUE_KIND.utf16:
        return this._strings.readUtf16(at, length);
      case VALUE_KIND.true:
        return true;
      case VALUE_KIND.false:
        return false;
      case VALUE_KIND.null:
        return null;
      case VALUE_KIND.jsonLatin1:
        return JSON.parse(this._strings.readLatin1(at, length));
      case VALUE_KIND.jsonUtf16:
        return JSON.parse(this._strings.readUtf16(at, length));
      default: {
        const bytes = new Uint8Array(length);
        this._words.readBytesPlain(at, bytes, length);
        return bytes;
      }
    }
  }
}

function encodeNumber(draft: EntryDraft, value: number): void {
  const at = KEY + draft.keyWords;
  draft.reserve(at + 2);
  const whole = value | 0;
  // -0 is not 0 here: a value comes back as it went in.
  if (Object.is(whole, value)) {
    draft.words[at] = whole;
    finish(draft, INT32, 1);
    return;
  }
  splitFloat(value, draft.words, at);
  finish(draft, VALUE_KIND.float64, 2);
}

function encodeText(draft: EntryDraft, text: string, latin1: number, utf16: number): void {
  const { length } = text;
  if (length > MAX_ENTRY_BYTES) refuseLength(length);
  const at = KEY + draft.keyWords;
  draft.reserve(at + wordsFor(length));
  let narrow = length > SHORT_TEXT_UNITS ? draft.packAscii(text, at) : -1;
  if (narrow < 0) narrow = packLatin1(text, draft.words, at);
  if (narrow >= 0) {
    finish(draft, latin1 | (length << LENGTH_SHIFT), narrow);
    return;
  }
  draft.reserve(at + wordsFor(length * 2));
  finish(draft, utf16 | (length << LENGTH_SHIFT), packUtf16(text, draft.words, at));
}

function encodeBytes(draft: EntryDraft, value: Uint8Array): void {
  const { length } = value;
  if (length > MAX_ENTRY_BYTES) refuseLength(length);
  const at = KEY + draft.keyWords;
  const count = wordsFor(length);
  draft.reserve(at + count);
  if (count > 0) draft.words[at + count - 1] = 0;
  draft.bytes.set(value, at * 4);
  finish(draft, VALUE_KIND.bytes | (length << LENGTH_SHIFT), count);
}

function finish(draft: EntryDraft, shape: number, count: number): void {
  draft.words[VALUE_SHAPE] = shape;
  draft.valueWords = count;
}

/**
 * Checks a value, and turns arrays and plain objects into text; undefined for all other values. May run code of
 * the caller's (toJSON, getters), so it comes before anything is encoded.
 *
 * Errors   TypeError for what no value may be, from JSON.stringify for what JSON cannot say.
 */
export function jsonOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (value === null || value instanceof Uint8Array) return undefined;
  const text = isPlain(value) ? JSON.stringify(value) : undefined;
  if (text !== undefined) return text;
  throw new TypeError(
    `put ${nameOfKind(value)} into a map; a value is a number, a string, a boolean, null, a Uint8Array, or an ` +
      'array or plain object that JSON can say',
  );
}

/** An array, or an object whose prototype is null or the Object.prototype of some realm. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
