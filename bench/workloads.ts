/**
 * The inputs that every subject of a comparison sees: sizes, keys, and the order in which keys are asked for.
 *
 * All come from one seeded generator, so two processes, or two runs a year apart, measure the same sequence.
 * Programs in C read the sizes from a file that the parent writes from allocationSizes().
 */

/** Objects allocated before the first of them is freed. */
export const ALLOC_BATCH_OBJECTS = 100;

/** Sizes in the table: 64 batches, then it starts again. */
export const ALLOC_SIZE_COUNT = 64 * ALLOC_BATCH_OBJECTS;

/** Smallest and largest request of the allocation workload, in bytes, both included. */
export const ALLOC_SMALLEST_BYTES = 48;
export const ALLOC_LARGEST_BYTES = 96;

/** Sizes in the table of objects of up to a page, and the smallest and largest of them as powers of two. */
const OBJECT_SIZE_COUNT = 1024;
const OBJECT_SMALLEST_LOG2 = 3;
const OBJECT_LARGEST_LOG2 = 12;

/** Objects handed to deferred freeing between two quiescent states, and the bytes of each. */
export const DEFER_BATCH_OBJECTS = 10_000;
export const DEFER_OBJECT_BYTES = 64;
/** Places of the table in which their addresses are published, a power of two. */
export const DEFER_PUBLISHED = 1024;

/** Entries of every map. */
export const MAP_ENTRIES = 100_000;

/** Which keys a map holds: `plain` is 'key:12345', `city` is 'NO,Vestland,Bergen', 24 characters or so. */
export type KeyStyle = 'plain' | 'city';

/**
 * A small generator of 32-bit numbers (a multiply-with-carry step on a Weyl sequence).
 *
 * @param seed  any integer; the same seed gives the same sequence.
 * @returns     a function that returns the next number, 0 to 2^32 - 1.
 */
export function seededNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** The sizes of the allocation workload, in bytes, in the order in which they are asked for. */
export function allocationSizes(): Int32Array {
  const next = seededNumbers(1);
  const spread = ALLOC_LARGEST_BYTES - ALLOC_SMALLEST_BYTES + 1;
  return Int32Array.from({ length: ALLOC_SIZE_COUNT }, () => ALLOC_SMALLEST_BYTES + (next() % spread));
}

/** Sizes of objects of 8 bytes to a page: every doubling as often as any other, all sizes within it alike. */
export function objectSizes(): Int32Array {
  const next = seededNumbers(4);
  const doublings = OBJECT_LARGEST_LOG2 - OBJECT_SMALLEST_LOG2;
  return Int32Array.from({ length: OBJECT_SIZE_COUNT }, () => {
    const smallest = 1 << (OBJECT_SMALLEST_LOG2 + (next() % doublings));
    return smallest + (next() % (smallest + 1));
  });
}

/** The positions 0 to `count` - 1, shuffled. */
export function shuffledPositions(count: number, seed = 2): number[] {
  const next = seededNumbers(seed);
  const positions = Array.from({ length: count }, (_, position) => position);
  for (let last = count - 1; last > 0; last--) {
    const chosen = next() % (last + 1);
    const held = positions[last]!;
    positions[last] = positions[chosen]!;
    positions[chosen] = held;
  }
  return positions;
}

const SYLLABLES = [
  'ber',
  'gen',
  'sta',
  'van',
  'lon',
  'mar',
  'tin',
  'os',
  'ka',
  'ville',
  'burg',
  'ham',
  'do',
  'ri',
];
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

function place(next: () => number, syllables: number): string {
  let name = '';
  for (let i = 0; i < syllables; i++) name += SYLLABLES[next() % SYLLABLES.length]!;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** The two parts that cityKey() joins with a comma: country with region, and city. */
export interface CityParts {
  readonly regions: readonly string[];
  readonly cities: readonly string[];
}

/** Parts of `count` different city keys, 18 to 34 characters when joined. */
export function cityParts(count: number): CityParts {
  const next = seededNumbers(3);
  const seen = new Set<string>();
  const regions: string[] = [];
  const cities: string[] = [];
  while (regions.length < count) {
    const country = LETTERS.charAt(next() % 26) + LETTERS.charAt(next() % 26);
    const region = `${country},${place(next, 3)}`;
    const city = place(next, 4);
    if (seen.has(`${region},${city}`)) continue;
    seen.add(`${region},${city}`);
    regions.push(region);
    cities.push(city);
  }
  return { regions, cities };
}

/**
 * The keys of a map, at position i the key whose value is i.
 *
 * @param style  plain or city.
 * @param count  number of keys, all different.
 * @returns      flat strings that have not been hashed yet.
 */
export function mapKeys(style: KeyStyle, count = MAP_ENTRIES): string[] {
  if (style === 'plain') return Array.from({ length: count }, (_, position) => `key:${position}`);
  const { regions, cities } = cityParts(count);
  return regions.map((region, position) =>
    Buffer.from(`${region},${cities[position]}`, 'latin1').toString('latin1'),
  );
}
