/**
 * The map workloads: 100,000 entries, number values, string keys asked for in shuffled order.
 *
 *   get        keys from an array that was shuffled before: the very strings that went into the map
 *   get-equal  the same with other string objects that say the same, as keys from a file or a socket would be
 *   get-fresh  each key is put together just before it is looked up, so nobody has hashed it before
 *   set        a new number under an existing key, shuffled order
 *
 * A process measures one map and one workload, so every call here has one target. The values read are added
 * up and compared with the sum that the order predicts: a map that answers wrongly cannot be fast.
 */
import { nanosPerOperation, serveRounds } from '../subject.js';
import { cityParts, type KeyStyle, MAP_ENTRIES, mapKeys, shuffledPositions } from '../workloads.js';

/** A map from string to number that answers at once. */
export interface NumberMap {
  get(key: string): number | undefined;
  set(key: string, value: number): unknown;
}

const WORKLOADS = ['get', 'get-equal', 'get-fresh', 'set'] as const;

export type MapWorkload = (typeof WORKLOADS)[number];

/** What the parent asks this process for. */
export interface MapRequest {
  readonly workload: MapWorkload;
  readonly style: KeyStyle;
}

/** Reads the workload and the style of the keys from the command line. */
export function mapRequest(given: readonly string[] = process.argv.slice(2)): MapRequest {
  const [asked, style] = given;
  const workload = WORKLOADS.find((each) => each === asked);
  if (workload === undefined) {
    throw new Error(`expected one of ${WORKLOADS.join(', ')} as the first argument, got ${asked}`);
  }
  if (style !== 'plain' && style !== 'city')
    throw new Error(`expected plain or city as the second, got ${style}`);
  return { workload, style };
}

/** Keys and values in the order of a workload, endlessly, from wherever the last round stopped. */
export class ShuffledOrder {
  readonly positions: readonly number[] = shuffledPositions(MAP_ENTRIES);
  #next = 0;

  /** Cuts `operations` steps into stretches of `positions` that do not wrap, and walks them. */
  walk(operations: number, stretch: (from: number, to: number) => void): void {
    let left = operations;
    while (left > 0) {
      const to = Math.min(this.#next + left, MAP_ENTRIES);
      stretch(this.#next, to);
      left -= to - this.#next;
      this.#next = to === MAP_ENTRIES ? 0 : to;
    }
  }

  /** The sum of the values of the next `operations` steps, as a 32-bit number. */
  expectedSum(operations: number): number {
    let sum = 0;
    const start = this.#next;
    this.walk(operations, (from, to) => {
      for (let i = from; i < to; i++) sum = (sum + this.positions[i]!) | 0;
    });
    this.#next = start;
    return sum;
  }
}

/** Looks up what the positions `from` to `to` ask for; returns the sum of the values, as a 32-bit number. */
export type Reader = (from: number, to: number) => number;

// The loops below are made once a process and hold their map in a constant, as a module that uses a map does: the
// engine takes a constant for granted, and a parameter not.

/** Reads `keys[from]` to `keys[to - 1]`. */
export function keyReader(given: NumberMap, keys: readonly string[]): Reader {
  const map = given;
  return (from, to) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum = (sum + map.get(keys[i]!)!) | 0;
    return sum;
  };
}

function freshPlainReader(given: NumberMap, positions: readonly number[]): Reader {
  const map = given;
  return (from, to) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum = (sum + map.get(`key:${positions[i]!}`)!) | 0;
    return sum;
  };
}

function freshCityReader(given: NumberMap, regions: readonly string[], cities: readonly string[]): Reader {
  const map = given;
  return (from, to) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum = (sum + map.get(`${regions[i]!},${cities[i]!}`)!) | 0;
    return sum;
  };
}

/** Chooses the loop of a reading workload. */
function readerOf(
  map: NumberMap,
  request: MapRequest,
  { positions }: ShuffledOrder,
  keys: readonly string[],
): Reader {
  if (request.workload !== 'get-fresh') {
    const asked = request.workload === 'get' ? keys : mapKeys(request.style);
    return keyReader(
      map,
      positions.map((position) => asked[position]!),
    );
  }
  if (request.style === 'plain') return freshPlainReader(map, positions);
  const { regions, cities } = cityParts(MAP_ENTRIES);
  return freshCityReader(
    map,
    positions.map((position) => regions[position]!),
    positions.map((position) => cities[position]!),
  );
}

/**
 * Fills the map and serves rounds of the workload.
 *
 * @param map      empty; key i of mapKeys() goes in with the value i.
 * @param fill     puts all entries in, where one by one would be slow; by default `map.set` for each.
 * @param request  what to measure.
 */
export async function serveMap(
  map: NumberMap,
  request: MapRequest = mapRequest(),
  fill: (keys: readonly string[]) => void = (keys) => keys.forEach((key, value) => void map.set(key, value)),
): Promise<void> {
  const keys = mapKeys(request.style);
  fill(keys);
  const order = new ShuffledOrder();
  if (request.workload === 'set') return await serveSets(map, order, keys);
  const read = readerOf(map, request, order, keys);
  await serveRounds((operations) => {
    const expected = order.expectedSum(operations);
    let sum = 0;
    const nanos = nanosPerOperation(operations, () => {
      order.walk(operations, (from, to) => {
        sum = (sum + read(from, to)) | 0;
      });
    });
    if (sum !== expected) throw new Error(`the values read add up to ${sum}, expected ${expected}`);
    return nanos;
  });
}

async function serveSets(given: NumberMap, order: ShuffledOrder, keys: readonly string[]): Promise<void> {
  const map = given;
  const shuffled = order.positions.map((position) => keys[position]!);
  let round = 0;
  const setStretch = (from: number, to: number) => {
    const changed = round;
    for (let i = from; i < to; i++) map.set(shuffled[i]!, i ^ changed);
  };
  await serveRounds((operations) => {
    round++;
    return nanosPerOperation(operations, () => order.walk(operations, setStretch));
  });
}
