/**
 * UTF-8 of names and notes, in every context: an audio worklet has neither TextEncoder nor TextDecoder.
 *
 * The same in every thread, so that two threads agree on a name's bytes: lone surrogates become U+FFFD, as
 * TextEncoder makes them. What is no UTF-8 is decoded to U+FFFD and never throws: a damaged heap can be looked at.
 *
 * Follows the WHATWG Encoding Standard; a byte order mark stays, where TextDecoder takes it away.
 */

const REPLACEMENT = 0xfffd;

/** Characters joined at once: a call takes only so many arguments. */
const CHARACTERS_AT_ONCE = 1024;

/** The bytes of a text. */
export function encodeUtf8(text: string): Uint8Array {
  // No unit of UTF-16 takes more than three bytes.
  const bytes = new Uint8Array(text.length * 3);
  return bytes.slice(0, encodeUtf8Into(text, bytes));
}

/** Writes as many whole characters as there is room for; returns the number of bytes written. */
export function encodeUtf8Into(text: string, bytes: Uint8Array): number {
  let at = 0;
  for (let i = 0; i < text.length; ) {
    const point = text.codePointAt(i)!;
    const length = lengthOf(point);
    if (at + length > bytes.length) return at;
    writePoint(isSurrogate(point) ? REPLACEMENT : point, length, bytes, at);
    at += length;
    i += point > 0xffff ? 2 : 1;
  }
  return at;
}

/** The text of bytes; U+FFFD for each stretch that is no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = '';
  let points: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = wellFormedLength(bytes, at);
    const isWhole = length > 0;
    points.push(isWhole ? readPoint(bytes, at, length) : REPLACEMENT);
    at += isWhole ? length : -length;
    if (points.length < CHARACTERS_AT_ONCE && at < bytes.length) continue;
    text += String.fromCodePoint(...points);
    points = [];
  }
  return text;
}

function lengthOf(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff;
}

function writePoint(point: number, length: number, bytes: Uint8Array, at: number): void {
  if (length === 1) {
    bytes[at] = point;
    return;
  }
  let rest = point;
  for (let i = length - 1; i > 0; i--) {
    bytes[at + i] = 0x80 | (rest & 0x3f);
    rest >>= 6;
  }
  // As many ones in front as the character has bytes.
  bytes[at] = ((0xf00 >> length) & 0xff) | rest;
}

/** Bytes of the character at `at`; where there is none, minus the number of bytes that one U+FFFD stands for. */
function wellFormedLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i];
    if (next === undefined || next < leastNext(lead, i) || next > mostNext(lead, i)) return -i;
  }
  return length;
}

/** The least that byte `i` of a character may be: the first after the lead rules out overlong forms. */
function leastNext(lead: number, i: number): number {
  if (i > 1) return 0x80;
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

/** The most that byte `i` of a character may be: the first after the lead rules out surrogates, and what is past U+10FFFF. */
function mostNext(lead: number, i: number): number {
  if (i > 1) return 0xbf;
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}

function readPoint(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at]!;
  let point = bytes[at]! & (0x7f >> length);
  for (let i = 1; i < length; i++) point = (point << 6) | (bytes[at + i]! & 0x3f);
  return point;
}
