/**
 * Values that certify themselves: from a key and a version follows a value, and whoever reads one can tell
 * whether it is a value of that key, whoever wrote it. There is one for each kind that a map stores.
 */
import type { MapValue } from '../../src/index.js';
import { mix } from './seed.js';

const KINDS = 6;
const CHECK_MASK = 0xfff;
const MAX_VERSION = 2 ** 18;

/** The value of `version` for `key`. */
export function valueFor(key: number, version: number): MapValue {
  const n = version % MAX_VERSION;
  switch (n % KINDS) {
    case 0:
      return (n << 12) | (mix(key, n) & CHECK_MASK);
    case 1:
      // Never whole, so that it is not taken for an integer of another version.
      return n + ((mix(key, n) & CHECK_MASK) | 1) / (CHECK_MASK + 1);
    case 2:
      return `${key}:${n}:${mix(key, n)}`;
    case 3:
      return `${key}:${n}:${mix(key, n)}:ключ ${'ж'.repeat(n % 50)}`;
    case 4:
      return bytesFor(key, n);
    default:
      return { key, n, check: mix(key, n), list: [null, true, 'x'.repeat(n % 20)] };
  }
}

/** True when `value` is one that valueFor() gives for `key`. */
export function certifies(key: number, value: MapValue | undefined): boolean {
  const n = versionOf(value);
  return n >= 0 && n < MAX_VERSION && sameValue(valueFor(key, n), value);
}

/** True when the two are the same value of a map. */
export function sameValue(a: MapValue | undefined, b: MapValue | undefined): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  }
  return typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b);
}

function bytesFor(key: number, n: number): Uint8Array {
  const bytes = new Uint8Array(4 + (n % 60));
  new DataView(bytes.buffer).setInt32(0, n);
  for (let i = 4; i < bytes.length; i++) bytes[i] = mix(key ^ n, i);
  return bytes;
}

/** The version that a value says it is of; -1 for what is none. */
function versionOf(value: MapValue | undefined): number {
  if (typeof value === 'number') return Number.isInteger(value) ? value >>> 12 : Math.floor(value);
  if (typeof value === 'string') return Number(value.split(':')[1] ?? -1);
  if (value instanceof Uint8Array) return value.length < 4 ? -1 : viewOf(value).getInt32(0);
  if (typeof value !== 'object' || value === null) return -1;
  return 'n' in value && typeof value.n === 'number' ? value.n : -1;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
