/**
 * FaultAttr: decides which allocations of one thread fail although memory is there: its settings have the names and
 * the meaning of the kernel's fault attributes. Pure: no word of the heap, numbers from its own seeded generator.
 *
 *     nth set?        the nth from now fails, and (times - 1) after it; then nth reads 0
 *     else            size below the rest of space? space shrinks, none fails
 *                     -> every interval-th call -> with probability percent -> at most `times`
 *
 * Follows lib/fault-inject.c (should_fail_ex).
 */

export interface FaultSettings {
  /** Percent of the calls that fail, 0 to 100. 100 where `interval` or `times` is given, else 0. */
  readonly probability?: number;
  /** Only every n-th call may fail. 1 unless given. */
  readonly interval?: number;
  /** How many fail at most; -1 for no limit. -1 unless given, with `nth` 1. */
  readonly times?: number;
  /** So much is allocated before the first fails: bytes of objects, pages. */
  readonly space?: number;
  /** The n-th call from now fails. 0: does not apply. */
  readonly nth?: number;
  /** Where the generator starts, a 32-bit integer. */
  readonly seed?: number;
  /** Only requests of this size count: bytes of objects, orders of pages. */
  readonly least?: number;
  readonly most?: number;
  /** Only this slab cache: its name, or the bytes of a size class. Of failslab alone. */
  readonly cache?: string | number;
  /** Calls of the nolock kind do not count. */
  readonly ignoreNolock?: boolean;
}

/** Id of a slab cache by its name, or of a size class by its bytes; 0 where there is none. */
export type CacheFinder = (cache: string | number) => number;

const LARGEST = 2 ** 32;
const DEFAULT_SEED = 1;

const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  probability: [0, 100],
  interval: [1, 2 ** 31 - 1],
  times: [-1, 2 ** 31 - 1],
  space: [0, LARGEST],
  nth: [0, 2 ** 31 - 1],
  seed: [-(2 ** 31), 2 ** 32 - 1],
  least: [0, LARGEST],
  most: [0, LARGEST],
};

/** Throws RangeError or TypeError for settings that mean nothing. `point` is named in the message. */
export function requireFaultSettings(settings: FaultSettings, point: string): void {
  if (typeof settings !== 'object' || settings === null) {
    throw new TypeError(
      `set ${point} to ${String(settings)}; it takes an object of settings, {} for no faults`,
    );
  }
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    // Who set the point up knows which caches there are.
    if (name === 'cache') continue;
    if (name === 'ignoreNolock') {
      if (typeof value === 'boolean') continue;
      throw new TypeError(`set ${point}.ignoreNolock to ${String(value)}; it is true or false`);
    }
    const range = RANGES[name];
    if (range === undefined) {
      const known = [...Object.keys(RANGES), 'cache', 'ignoreNolock'].join(', ');
      throw new TypeError(`set ${point}.${name}, which it does not have; it has ${known}`);
    }
    if (Number.isInteger(value) && value >= range[0] && value <= range[1]) continue;
    throw new RangeError(
      `set ${point}.${name} to ${String(value)}; it is an integer in ${range[0]}..${range[1]}`,
    );
  }
  const { least = 0, most = LARGEST } = settings;
  if (least > most) {
    throw new RangeError(`set ${point}.least to ${least} and most to ${most}; least is at most most`);
  }
}

export class FaultAttr {
  /** How many calls failed since the start. */
  injected = 0;
  private readonly _point: string;
  private readonly _findCache: CacheFinder | undefined;
  private _settings: FaultSettings = {};
  private _cache = 0;
  private _random = DEFAULT_SEED;
  private _nth = 0;
  private _times = 0;
  private _space = 0;
  private _count = 0;

  /** @param point its name, for messages; @param findCache of failslab */
  constructor(point: string, findCache?: CacheFinder) {
    this._point = point;
    this._findCache = findCache;
  }

  /** What was set last. */
  get settings(): FaultSettings {
    return this._settings;
  }

  /** Calls until one fails, as nth was set; 0 once it has failed, or where nth does not apply. */
  get nth(): number {
    return this._nth;
  }

  /** From here on calls fail as the settings say; {} for none. RangeError or TypeError for what means nothing. */
  set(settings: FaultSettings): void {
    requireFaultSettings(settings, this._point);
    this._cache = this._requireCache(settings.cache);
    this._settings = settings;
    this._random = (settings.seed ?? DEFAULT_SEED) | 0;
    this._nth = settings.nth ?? 0;
    this._times = settings.times ?? (this._nth > 0 ? 1 : -1);
    this._space = settings.space ?? 0;
    this._count = 0;
  }

  /**
   * Whether this call is to fail.
   *
   * @param size   in the point's unit; @param weight what it takes of `space`
   * @param cache  id of the slab cache, 0 for none
   */
  shouldFail(size: number, isNolock: boolean, weight = size, cache = 0): boolean {
    const settings = this._settings;
    if (isNolock && settings.ignoreNolock === true) return false;
    if (size < (settings.least ?? 0) || size > (settings.most ?? LARGEST)) return false;
    if (this._cache !== 0 && this._cache !== cache) return false;
    if (this._times === 0) return false;
    const fails = settings.nth !== undefined && settings.nth > 0 ? this._isNth() : this._isPicked(weight);
    if (!fails) return false;
    if (this._times > 0) this._times--;
    this.injected++;
    return true;
  }

  private _requireCache(cache: string | number | undefined): number {
    if (cache === undefined) return 0;
    const id = this._findCache?.(cache) ?? 0;
    if (id !== 0) return id;
    throw new RangeError(
      `set ${this._point}.cache to ${String(cache)}; it is the name of a slab cache that is made, or the bytes of a ` +
        'size class, and only failslab has it',
    );
  }

  private _isNth(): boolean {
    if (this._nth > 0) this._nth--;
    return this._nth === 0;
  }

  private _isPicked(weight: number): boolean {
    const { interval, times } = this._settings;
    const probability =
      this._settings.probability ?? (interval !== undefined || times !== undefined ? 100 : 0);
    if (probability === 0) return false;
    if (this._space > 0) {
      this._space = Math.max(0, this._space - weight);
      return false;
    }
    this._count++;
    if (interval !== undefined && this._count % interval !== 0) return false;
    return this._nextRandom() % 100 < probability;
  }

  /** Mulberry32. */
  private _nextRandom(): number {
    this._random = (this._random + 0x6d2b79f5) | 0;
    let t = Math.imul(this._random ^ (this._random >>> 15), 1 | this._random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
}
