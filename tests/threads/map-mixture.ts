/**
 * MapMixture: one thread's random operations on three maps that all threads share.
 *
 *     records    shared keys: any thread writes them; what is read must certify itself for its key
 *                own keys: this thread alone writes them; what is read must be what a private Map says
 *     cleared    shared keys; now and then any thread clears it
 *     counters   update() adds 1; at the end the sum of all counters is the number of updates
 */
import type { Heap, MapKey, MapValue, SharedMap } from '../../src/index.js';
import type { Random } from './seed.js';
import { certifies, sameValue, valueFor } from './self-certifying.js';

export const RECORDS = 'mixture-records';
export const CLEARED = 'mixture-cleared';
export const COUNTERS = 'mixture-counters';

const SHARED_KEYS = 300;
const OWN_KEYS = 150;
const COUNTER_KEYS = 8;
const MAX_VERSION = 2 ** 18;

export class MapMixture {
  /** update() calls that added 1 to a counter. */
  increments = 0;
  private readonly _random: Random;
  private readonly _worker: number;
  private readonly _model = new Map<string, MapValue>();
  private _records!: SharedMap<MapKey, MapValue>;
  private _cleared!: SharedMap<MapKey, MapValue>;
  private _counters!: SharedMap<string, number>;

  constructor(random: Random, worker: number) {
    this._random = random;
    this._worker = worker;
  }

  /** Goes on with this Heap object. */
  enter(heap: Heap): void {
    this._records = heap.map(RECORDS);
    this._cleared = heap.map(CLEARED);
    this._counters = heap.map(COUNTERS);
  }

  /** One operation. Throws where a map does not hold what it must. */
  step(): void {
    const dice = this._random.below(1000);
    if (dice < 400) this._get();
    else if (dice < 640) this._set();
    else if (dice < 720) this._delete();
    else if (dice < 760) this._getOrInsert();
    else if (dice < 800) this._updateShared();
    else if (dice < 850) this._increment();
    else if (dice < 930) this._own();
    else if (dice < 999) this._useCleared();
    else this._iterate();
  }

  /** Looks at every own key. */
  checkOwn(): void {
    for (let k = 0; k < OWN_KEYS; k++) {
      const key = this._ownKey(k);
      requireSame(key, this._records.get(key), this._model.get(key));
    }
  }

  private _get(): void {
    const k = this._random.below(SHARED_KEYS);
    const value = this._records.get(sharedKey(k));
    if (value !== undefined) requireCertified(k, value);
  }

  private _set(): void {
    const k = this._random.below(SHARED_KEYS);
    this._records.set(sharedKey(k), valueFor(k, this._version()));
  }

  private _delete(): void {
    this._records.delete(sharedKey(this._random.below(SHARED_KEYS)));
  }

  private _getOrInsert(): void {
    const k = this._random.below(SHARED_KEYS);
    const value = valueFor(k, this._version());
    const found = this._random.oneIn(2)
      ? this._records.getOrInsert(sharedKey(k), value)
      : this._records.getOrInsertComputed(sharedKey(k), () => value);
    requireCertified(k, found);
  }

  private _updateShared(): void {
    const k = this._random.below(SHARED_KEYS);
    const version = this._version();
    this._records.update(sharedKey(k), (value) => {
      if (value !== undefined) requireCertified(k, value);
      return version % 4 === 0 ? undefined : valueFor(k, version);
    });
  }

  private _increment(): void {
    this._counters.update(`counter ${this._random.below(COUNTER_KEYS)}`, (count) => (count ?? 0) + 1);
    this.increments++;
  }

  private _own(): void {
    const k = this._random.below(OWN_KEYS);
    const key = this._ownKey(k);
    const value = valueFor(k, this._version());
    switch (this._random.below(5)) {
      case 0:
        this._records.set(key, value);
        this._model.set(key, value);
        return;
      case 1: {
        const was = this._model.delete(key);
        if (this._records.delete(key) !== was) throw new Error(`delete('${key}') does not return ${was}`);
        return;
      }
      case 2: {
        const has = this._model.has(key);
        if (this._records.has(key) !== has) throw new Error(`has('${key}') does not return ${has}`);
        return;
      }
      default:
        requireSame(key, this._records.get(key), this._model.get(key));
    }
  }

  private _useCleared(): void {
    const k = this._random.below(SHARED_KEYS);
    const dice = this._random.below(200);
    if (dice === 0) this._cleared.clear();
    else if (dice < 130) this._cleared.set(sharedKey(k), valueFor(k, this._version()));
    else if (dice < 150) this._cleared.delete(sharedKey(k));
    else {
      const value = this._cleared.get(sharedKey(k));
      if (value !== undefined) requireCertified(k, value);
    }
  }

  /** Walks the whole map: every value certified, every own key once. */
  private _iterate(): void {
    const seen = new Set<string>();
    for (const [key, value] of this._records) {
      if (typeof key !== 'string' || key.startsWith('shared')) {
        requireCertified(numberOf(key), value);
        continue;
      }
      if (!key.startsWith(`own:${this._worker}:`)) continue;
      if (seen.has(key)) throw new Error(`iteration brought '${key}' twice`);
      seen.add(key);
      requireSame(key, value, this._model.get(key));
    }
    if (seen.size !== this._model.size) {
      throw new Error(`iteration brought ${seen.size} of ${this._model.size} own keys`);
    }
  }

  private _ownKey(k: number): string {
    return `own:${this._worker}:${k}`;
  }

  private _version(): number {
    return this._random.below(MAX_VERSION);
  }
}

/** The map's key number `k`: a string, a number or bytes. */
function sharedKey(k: number): MapKey {
  if (k % 3 === 0) return `shared:${k}`;
  return k % 3 === 1 ? k : Uint8Array.of(k >>> 8, k);
}

function numberOf(key: MapKey): number {
  if (typeof key === 'number') return key;
  return typeof key === 'string' ? Number(key.split(':')[1]) : (key[0]! << 8) | key[1]!;
}

function requireCertified(k: number, value: MapValue): void {
  if (certifies(k, value)) return;
  throw new Error(`shared key ${k} has a value that was never written for it: ${show(value)}`);
}

function requireSame(key: string, found: MapValue | undefined, expected: MapValue | undefined): void {
  if (sameValue(found, expected)) return;
  throw new Error(
    `'${key}' has value ${show(found)}; the only thread that writes it wrote ${show(expected)}`,
  );
}

function show(value: MapValue | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200);
}
