/**
 * What is stored under a key, made so that any reader can tell whether it belongs there and is whole.
 *
 *   checksum (8 hex) ':' version (10 digits) ':' the record's JSON     8f3a01c2:0000000017:{"name":"Vila", ...}
 *
 * The checksum covers the key and everything behind it. So a value that stands under another key, a value half
 * overwritten by the next owner of its memory, and a mixture of two versions all fail, and verify() needs
 * nothing but the key and the value: no lock, no second copy to compare with. A string was chosen over JSON
 * data because checking it is one pass over the characters, without parsing and without making an object.
 *
 * The version has a fixed width, so a replacement is as long as what it replaces: memory in use stays level during
 * a run, and a count of pages that keeps growing means something.
 *
 * The hash is FNV-1a over UTF-16 units with a final mix. It guards against faults of memory, which are not
 * malicious: 1 wrong value in 2^32 would pass.
 */

const CHECKSUM_DIGITS = 8;
const VERSION_DIGITS = 10;
const SEPARATOR = ':';
const SEPARATOR_CODE = 0x3a;

/**
 * Makes a value that certifies itself.
 *
 * @param key      the key it will stand under.
 * @param version  a whole number; each replacement has one that no other value of the run has.
 * @param json     the record's JSON.
 */
export function sealValue(key: string, version: number, json: string): string {
  const body = String(version).padStart(VERSION_DIGITS, '0') + SEPARATOR + json;
  const sum = checksum(key, body, 0).toString(16).padStart(CHECKSUM_DIGITS, '0');
  return sum + SEPARATOR + body;
}

/**
 * Says whether a value is whole and belongs to a key.
 *
 * @param value  what the map gave; undefined (no entry) is never right.
 */
export function verifyValue(key: string, value: unknown): boolean {
  if (typeof value !== 'string' || value.charCodeAt(CHECKSUM_DIGITS) !== SEPARATOR_CODE) return false;
  return readHex(value) === checksum(key, value, CHECKSUM_DIGITS + 1);
}

function checksum(key: string, body: string, from: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  // Without the key's length in it, a character could move from the key's end to the body's start unnoticed.
  hash = Math.imul(hash ^ key.length, 0x01000193);
  for (let i = from; i < body.length; i++) hash = Math.imul(hash ^ body.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The checksum written at the start of a value, or -1 if these are no hex digits. */
function readHex(value: string): number {
  let number = 0;
  for (let i = 0; i < CHECKSUM_DIGITS; i++) {
    const code = value.charCodeAt(i);
    const digit = code < 0x3a ? code - 0x30 : code - 0x57;
    if (digit < 0 || digit > 15 || (digit > 9 && code < 0x61)) return -1;
    number = number * 16 + digit;
  }
  return number;
}
