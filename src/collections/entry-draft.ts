/**
 * EntryDraft: an entry of a map (layout/map-record.ts) while it is being made, in private memory, word for word
 * as it will stand in the heap. A key is encoded here to be looked up as well: it is compared word by word with
 * the entries that are there.
 *
 *     word 1 order | 4 keyShape | 5 valueShape | 6 .. key's words, then value's words
 *
 * Who may call: one thread's map, between whose operations it keeps nothing. Where a hook or a shrinker may run
 * between the encoding of a key and the last use of it, the map has another draft in its place meanwhile
 * (KeyCodec.inner), since such a function may use the same map.
 *
 * The words are little-endian, as every engine's host is.
 */
import { ENTRY } from '../layout/map-record.js';
import { MAX_KMALLOC_BYTES } from '../slab/size-classes.js';
import { BYTES_PER_WORD, wordsFor } from '../words/units.js';
import type { Words } from '../words/words.js';

/** An entry is one object of the heap. */
export const MAX_ENTRY_BYTES = MAX_KMALLOC_BYTES;

const ORDER = ENTRY.order;
const KEY_SHAPE = ENTRY.keyShape;
const VALUE_SHAPE = ENTRY.valueShape;
const KEY = ENTRY.key;

const FIRST_WORDS = 1024;
/** Up to here a loop is faster than making a view. */
const LOOP_WORDS = 64;

/** Up to here a loop over the units is faster than calling Buffer. */
export const SHORT_TEXT_UNITS = 48;

/** What packAscii() uses of Node's Buffer. */
interface TextBuffer {
  latin1Write(text: string, start: number, length: number): number;
}

interface BufferClass {
  from?: (buffer: ArrayBuffer) => Partial<TextBuffer>;
  byteLength?: (text: string) => number;
}

export class EntryDraft {
  words = new Int32Array(0);
  bytes = new Uint8Array(0);
  keyWords = 0;
  valueWords = 0;
  private _textBuffer: TextBuffer | undefined;

  /** @param firstWords room to begin with, at least 64 words */
  constructor(firstWords = FIRST_WORDS) {
    this._allocate(firstWords);
  }

  /** Makes sure of `count` words, keeping what is there. */
  reserve(count: number): void {
    if (count <= this.words.length) return;
    let size = FIRST_WORDS;
    while (size < count) size *= 2;
    this._allocate(size);
  }

  /**
   * Packs a long text four units to a word from word `at` on, which has room, by the engine's own copy.
   *
   * @returns how many words it took; -1 where a unit does not fit 7 bits, or the engine has no such copy.
   */
  packAscii(text: string, at: number): number {
    const length = text.length;
    if (this._textBuffer === undefined || bufferClass()?.byteLength?.(text) !== length) return -1;
    const count = wordsFor(length);
    if (count > 0) this.words[at + count - 1] = 0;
    this._textBuffer.latin1Write(text, at * BYTES_PER_WORD, length);
    return count;
  }

  /** Bytes that the entry takes up. */
  entryBytes(): number {
    return (KEY + this.keyWords + this.valueWords) * BYTES_PER_WORD;
  }

  /** Throws RangeError where key and value are too long for one object. */
  requireFits(): void {
    if (this.entryBytes() > MAX_ENTRY_BYTES) refuseLength(this.entryBytes());
  }

  /** Writes everything but `next` to the entry at address `entry`, which nobody else has seen. */
  writeTo(words: Words, entry: number): void {
    const draft = this.words;
    words.storePlain(entry + ORDER, draft[ORDER]!);
    words.storePlain(entry + KEY_SHAPE, draft[KEY_SHAPE]!);
    words.storePlain(entry + VALUE_SHAPE, draft[VALUE_SHAPE]!);
    const count = this.keyWords + this.valueWords;
    if (count <= LOOP_WORDS) {
      for (let i = KEY; i < KEY + count; i++) words.storePlain(entry + i, draft[i]!);
      return;
    }
    const from = KEY * BYTES_PER_WORD;
    const byteLength = count * BYTES_PER_WORD;
    words.writeBytesPlain(entry + KEY, this.bytes.subarray(from, from + byteLength), byteLength);
  }

  private _allocate(size: number): void {
    const buffer = new ArrayBuffer(size * BYTES_PER_WORD);
    const words = new Int32Array(buffer);
    words.set(this.words);
    this.words = words;
    this.bytes = new Uint8Array(buffer);
    const textBuffer = bufferClass()?.from?.(buffer);
    this._textBuffer = typeof textBuffer?.latin1Write === 'function' ? (textBuffer as TextBuffer) : undefined;
  }
}

function bufferClass(): BufferClass | undefined {
  return (globalThis as { Buffer?: BufferClass }).Buffer;
}

/** Throws the RangeError for a key and a value that would make an entry of `bytes` bytes or more. */
export function refuseLength(bytes: number): never {
  throw new RangeError(
    `made a map entry of ${bytes} bytes or more; key and value together take at most ` +
      `${MAX_ENTRY_BYTES - KEY * BYTES_PER_WORD} bytes: split the value over several keys`,
  );
}
