/** Bytes of one value in a heap's words: to fill, and to find the first that is another. Byte exact at both ends. */
import type { Words } from '../words/words.js';

/** `value` in all four bytes of a word. */
function wordOf(value: number): number {
  return Math.imul(value, 0x01010101);
}

/** The bytes of word `index` that lie in `from` to `to`, as a mask. */
function maskOf(index: number, from: number, to: number): number {
  let mask = 0;
  for (let byte = 0; byte < 4; byte++) {
    const at = index * 4 + byte;
    if (at >= from && at < to) mask |= 0xff << (byte * 8);
  }
  return mask;
}

/** Sets bytes `from` to `to` (exclusive) to `value`. */
export function fillBytes(words: Words, from: number, to: number, value: number): void {
  if (from >= to) return;
  const first = Math.ceil(from / 4);
  const end = Math.floor(to / 4);
  if (first < end) words.fillPlain(first, end, wordOf(value));
  if (from % 4 !== 0) fillPart(words, Math.floor(from / 4), from, to, value);
  if (to % 4 !== 0 && end >= first) fillPart(words, end, from, to, value);
}

function fillPart(words: Words, index: number, from: number, to: number, value: number): void {
  const mask = maskOf(index, from, to);
  words.storePlain(index, (words.loadPlain(index) & ~mask) | (wordOf(value) & mask));
}

/** The first byte in `from` to `to` (exclusive) that is not `value`; -1 where all are. */
export function findOtherByte(words: Words, from: number, to: number, value: number): number {
  const wanted = wordOf(value);
  for (let index = Math.floor(from / 4); index * 4 < to; index++) {
    let different = words.loadPlain(index) ^ wanted;
    if (different === 0) continue;
    if (index * 4 < from || index * 4 + 4 > to) different &= maskOf(index, from, to);
    for (let byte = 0; byte < 4; byte++) {
      if ((different & (0xff << (byte * 8))) !== 0) return index * 4 + byte;
    }
  }
  return -1;
}

/** Up to `count` bytes from byte `from` on, as hexadecimal numbers. */
export function hexBytes(words: Words, from: number, count: number): string {
  const found: string[] = [];
  for (let at = from; at < from + count; at++) {
    const byte = (words.loadPlain(Math.floor(at / 4)) >>> ((at % 4) * 8)) & 0xff;
    found.push(byte.toString(16).padStart(2, '0'));
  }
  return found.join(' ');
}
