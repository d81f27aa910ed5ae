/**
 * What workers take into their variables, told apart by its size, or by its order: so that what is left at the end is held
 * against the calls of its own kind that were cut off by a death.
 *
 * No object in a table has the class of one of these. Entries of maps may.
 */
import { CLASS_BYTES } from '../../src/slab/size-classes.js';

/** Sizes of what is held in variables. */
export const HAND_BYTES = [1792, 5632] as const;
/** Of what a group pays for, with its own 8 bytes. */
export const CHARGED_BYTES = 1400;
const CHARGED_CLASS = 1408;
export const PUBLISHED_BYTES = 896;
export const POOL_BYTES = 2560;

export type HandKind = 'object' | 'charged' | 'published' | 'element' | `block ${number}`;

const KINDS: ReadonlyMap<number, HandKind> = new Map<number, HandKind>([
  ...withNext(HAND_BYTES, 'object'),
  ...withNext([CHARGED_CLASS], 'charged'),
  ...withNext([PUBLISHED_BYTES], 'published'),
  ...withNext([POOL_BYTES], 'element'),
]);

/** kmallocNolock() may serve a request with the next class. */
function withNext(sizes: readonly number[], kind: HandKind): [number, HandKind][] {
  return sizes.flatMap((bytes): [number, HandKind][] => [
    [bytes, kind],
    [CLASS_BYTES[CLASS_BYTES.indexOf(bytes) + 1]!, kind],
  ]);
}

/** Sizes of classes that none of these has. */
export const TABLE_CLASSES: readonly number[] = CLASS_BYTES.filter((bytes) => !KINDS.has(bytes));

/**
 * The kind of what an object may be that only a worker's variables, or words that it was about to change, led to.
 * Undefined for what can have been none.
 */
export function kindOfCache(cache: number): HandKind | undefined {
  // Above the size classes are those of charged objects, and named ones, of which nobody takes objects.
  return cache > CLASS_BYTES.length ? 'charged' : KINDS.get(CLASS_BYTES[cache - 1] ?? 0);
}

export function kindOfBlock(order: number): HandKind {
  return `block ${order}`;
}
