/**
 * Strings as words: four Latin-1 units to a word where all units are below 256, else two UTF-16 units, the
 * first in the low bits and the rest of the last word 0. So equal strings always have equal words, and a string
 * with half a surrogate pair comes back as it was.
 *
 * Who may call: StringReader, inside a turn; it copies to private memory before it makes a string, because
 * engines read shared memory twice, or refuse it.
 */
import { wordsFor } from '../words/units.js';
import type { Words } from '../words/words.js';

/**
 * Packs `text` four units to a word, from word `at` of `into`, which has room for it.
 *
 * @returns how many words it took; -1 when a unit does not fit 8 bits, and then what it wrote is worthless.
 */
export function packLatin1(text: string, into: Int32Array, at: number): number {
  const length = text.length;
  const whole = length & ~3;
  let seen = 0;
  let word = at;
  for (let i = 0; i < whole; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    seen |= a | b | c | d;
    into[word++] = a | (b << 8) | (c << 16) | (d << 24);
  }
  if (whole !== length) {
    let last = 0;
    for (let i = whole, shift = 0; i < length; i++, shift += 8) {
      const unit = text.charCodeAt(i);
      seen |= unit;
      last |= unit << shift;
    }
    into[word++] = last;
  }
  return seen > 0xff ? -1 : word - at;
}

/** Packs `text` two units to a word, from word `at` of `into`, which has room; returns how many words it took. */
export function packUtf16(text: string, into: Int32Array, at: number): number {
  const length = text.length;
  let word = at;
  for (let i = 1; i < length; i += 2) into[word++] = text.charCodeAt(i - 1) | (text.charCodeAt(i) << 16);
  if ((length & 1) === 1) into[word++] = text.charCodeAt(length - 1);
  return word - at;
}

/** Methods of Node's Buffer that decode a stretch without a view of its own. */
interface Slices {
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
}

type BufferClass = { from?: (buffer: ArrayBuffer) => Partial<Slices> };

const FIRST_SCRATCH_BYTES = 4096;
/** Up to here it is faster to join units than to call Buffer's decoder. */
const SHORT_UNITS = 12;
/** Arguments of one call: engines limit them. */
const CHUNK_UNITS = 4096;
/** Up to here a loop is faster than making a view. */
const LOOP_WORDS = 64;

export class StringReader {
  private readonly _words: Words;
  private _scratch = new Int32Array(0);
  private _bytes = new Uint8Array(0);
  private _units = new Uint16Array(0);
  private _slices: Slices | undefined;

  constructor(words: Words) {
    this._words = words;
  }

  /** The string of `length` Latin-1 units that starts at word `at`. */
  readLatin1(at: number, length: number): string {
    if (length <= SHORT_UNITS) return this._joinLatin1(at, length);
    this._copy(at, length);
    return this._slices === undefined ? fromUnits(this._bytes, length) : this._slices.latin1Slice(0, length);
  }

  /** The string of `length` UTF-16 units that starts at word `at`. */
  readUtf16(at: number, length: number): string {
    this._copy(at, length * 2);
    return this._slices === undefined
      ? fromUnits(this._units, length)
      : this._slices.ucs2Slice(0, length * 2);
  }

  private _joinLatin1(at: number, length: number): string {
    let text = '';
    const whole = at + (length >>> 2);
    for (let i = at; i < whole; i++) {
      const word = this._words.loadPlain(i);
      text += String.fromCharCode(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
    }
    if ((length & 3) === 0) return text;
    const rest = this._words.loadPlain(whole);
    for (let shift = 0; shift < (length & 3) * 8; shift += 8) {
      text += String.fromCharCode((rest >>> shift) & 0xff);
    }
    return text;
  }

  private _copy(at: number, byteLength: number): void {
    if (byteLength > this._bytes.length) this._grow(byteLength);
    const count = wordsFor(byteLength);
    if (count > LOOP_WORDS) {
      this._words.readBytesPlain(at, this._bytes, byteLength);
      return;
    }
    const scratch = this._scratch;
    for (let i = 0; i < count; i++) scratch[i] = this._words.loadPlain(at + i);
  }

  private _grow(byteLength: number): void {
    let size = Math.max(FIRST_SCRATCH_BYTES, this._bytes.length);
    while (size < byteLength) size *= 2;
    const buffer = new ArrayBuffer(size);
    this._scratch = new Int32Array(buffer);
    this._bytes = new Uint8Array(buffer);
    this._units = new Uint16Array(buffer);
    const slices = (globalThis as { Buffer?: BufferClass }).Buffer?.from?.(buffer);
    const canSlice = typeof slices?.latin1Slice === 'function' && typeof slices.ucs2Slice === 'function';
    this._slices = canSlice ? (slices as Slices) : undefined;
  }
}

function fromUnits(units: Uint8Array | Uint16Array, length: number): string {
  let text = '';
  for (let i = 0; i < length; i += CHUNK_UNITS) {
    text += String.fromCharCode(...units.subarray(i, Math.min(i + CHUNK_UNITS, length)));
  }
  return text;
}
