/**
 * Hash of a key: HalfSipHash-1-3 of the key's bytes, keyed by two random words of the heap. Who can choose keys
 * but cannot see the heap's memory cannot choose them to collide; it is made for hash tables, and for no more
 * than that.
 *
 *     blocks:  whole words of the key, then the rest of it (0 to 3 bytes) with the length in the top byte;
 *              one round for each, three rounds to finish
 *
 * All 32 bits are used: the top ones choose the bucket, all of them the place in it. Packing a string and
 * hashing it is one loop, since the processor does the one while it waits for the other.
 *
 * Follows lib/siphash.c (hsiphash of a 32-bit machine).
 */
import { ENTRY, ORDER_FLIP } from '../layout/map-record.js';

const ORDER = ENTRY.order;
const FLIP = ORDER_FLIP;
const LAST_ROUNDS = 3;
const INIT_2 = 0x6c796765;
const INIT_3 = 0x74656462;

export class KeyHasher {
  private readonly _seed0: number;
  private readonly _seed1: number;
  private readonly _mask: number;

  /**
   * @param mask bits of the hash that are kept: all of them, but in tests that want collisions
   */
  constructor(seed0: number, seed1: number, mask = -1) {
    this._seed0 = seed0;
    this._seed1 = seed1;
    this._mask = mask;
  }

  /**
   * Packs `text` four units to a word, from word `at` of `draft`, which has room for it, and writes the order to
   * its place in the draft.
   *
   * @returns how many words it took; -1 when a unit does not fit 8 bits, and then what it wrote is worthless.
   */
  packLatin1(text: string, draft: Int32Array, at: number): number {
    let v0 = this._seed0;
    let v1 = this._seed1;
    let v2 = INIT_2 ^ v0;
    let v3 = INIT_3 ^ v1;
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
      const block = a | (b << 8) | (c << 16) | (d << 24);
      draft[word++] = block;
      v3 ^= block;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= block;
    }
    let block = length << 24;
    if (whole !== length) {
      let rest = 0;
      for (let i = whole, shift = 0; i < length; i++, shift += 8) {
        const unit = text.charCodeAt(i);
        seen |= unit;
        rest |= unit << shift;
      }
      draft[word++] = rest;
      block |= rest;
    }
    draft[ORDER] = (finish(v0, v1, v2, v3, block) & this._mask) ^ FLIP;
    return seen > 0xff ? -1 : word - at;
  }

  /** Writes the order of the `length` bytes from word `at` of `draft` on; the rest of the last word is 0. */
  hashBytes(draft: Int32Array, at: number, length: number): void {
    let v0 = this._seed0;
    let v1 = this._seed1;
    let v2 = INIT_2 ^ v0;
    let v3 = INIT_3 ^ v1;
    const whole = at + (length >>> 2);
    for (let word = at; word < whole; word++) {
      const block = draft[word]!;
      v3 ^= block;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= block;
    }
    const rest = (length & 3) === 0 ? 0 : draft[whole]!;
    draft[ORDER] = (finish(v0, v1, v2, v3, (length << 24) | rest) & this._mask) ^ FLIP;
  }
}

/** The last block and the rounds after it. */
function finish(v0: number, v1: number, v2: number, v3: number, block: number): number {
  for (let round = 0; round <= LAST_ROUNDS; round++) {
    v3 ^= block;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= block;
    if (round === 0) v2 ^= 0xff;
    block = 0;
  }
  return v1 ^ v3;
}
