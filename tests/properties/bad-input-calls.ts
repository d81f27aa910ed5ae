/**
 * BadCalls: calls of a heap with what no caller may pass, drawn at random from everything that is wrong: numbers of
 * every kind, things that are no numbers, addresses of everything but what was handed out, bits that contradict each
 * other, and options outside their ranges.
 *
 * A call is bad by what this file knows of the heap, never by what the heap says of it.
 */
import {
  __GFP_ACCOUNT,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_NOFAIL,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOWAIT,
} from '../../src/pages/gfp.js';
import { Heap } from '../../src/shared-heap.js';
import { FakeHost } from '../support/fake-host.js';
import type { Random } from '../threads/seed.js';
import type { Belongings } from './bad-input-heap.js';

/** One call, and what its error's message must hold. */
export interface BadCall {
  /** For counting: 'kmalloc() of a bad size'. */
  readonly kind: string;
  /** The value as the message shows it. */
  readonly shown: string;
  /** True where the engine itself may refuse the value, in words of its own: symbols, and integers of any size. */
  readonly ofEngine?: boolean;
  run(): unknown;
}

type Draw = () => BadCall;

const LARGEST = 4 * 2 ** 20;
const LONG_KEY = 'ж'.repeat(2 ** 19 + 1);
const LONG_VALUE = 'x'.repeat(LARGEST);
const LONG_NAME = 'n'.repeat(5000);

/** No number, and nothing that may stand for one. */
const NOT_NUMBERS: readonly unknown[] = [
  null,
  '',
  '8',
  'word',
  [],
  [8],
  {},
  true,
  false,
  () => 8,
  new Date(8),
];
/** What no operator of numbers takes. */
const NOT_NUMERIC: readonly unknown[] = [8n, -1n, 2n ** 64n, Symbol('8')];
const FRACTIONS = [0.5, -0.5, 8.25, 1e-9, 4096.5, 2 ** 31 + 0.5];
const NO_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const HUGE = [2 ** 31, 2 ** 32, 2 ** 32 + 8, 2 ** 32 + 4096, 2 ** 53, Number.MAX_VALUE];
const NEGATIVE = [-1, -8, -4096, -(2 ** 31), -(2 ** 32), -(2 ** 53)];

const BAD_SIZES: readonly unknown[] = [
  ...[0, -0, LARGEST + 1, LARGEST + 0.5, -0.5, -8.25],
  ...[...NO_FINITE, ...HUGE, ...NEGATIVE, ...NOT_NUMBERS, undefined],
];
const BAD_ORDERS: readonly unknown[] = [
  ...[11, 12, 31, 32, 33, 1024, ...FRACTIONS, ...NO_FINITE, ...HUGE, ...NEGATIVE, ...NOT_NUMBERS, undefined],
];
const BAD_GFPS: readonly number[] = [
  GFP_NOWAIT | __GFP_NOFAIL,
  __GFP_NOFAIL,
  __GFP_NORETRY,
  GFP_ATOMIC | __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL | __GFP_ZERO,
  GFP_KERNEL | __GFP_NOFAIL | __GFP_NORETRY,
  GFP_KERNEL | __GFP_NOFAIL | __GFP_RETRY_MAYFAIL,
  GFP_KERNEL | __GFP_NORETRY | __GFP_RETRY_MAYFAIL,
  GFP_KERNEL | __GFP_HIGH | __GFP_NOMEMALLOC,
  GFP_ATOMIC | __GFP_NOMEMALLOC,
];
const NO_GFPS: readonly unknown[] = [
  ...[2 ** 30, 2 ** 31, 2 ** 40, -1, -(2 ** 31), 0.5, ...NO_FINITE, ...NOT_NUMBERS],
];
const BAD_NOLOCK_GFPS: readonly unknown[] = [
  ...[GFP_KERNEL, GFP_NOWAIT, GFP_ATOMIC, __GFP_HIGH, __GFP_ZERO | __GFP_DIRECT_RECLAIM],
  ...[GFP_KERNEL | __GFP_ACCOUNT, ...NO_GFPS],
];
const BAD_KEYS: readonly unknown[] = [
  ...[...NO_FINITE, null, undefined, true, [], {}, () => 1, 8n, Symbol('key'), new Date(8)],
  ...[new Uint16Array(1), new ArrayBuffer(8), LONG_KEY],
];
const BAD_VALUES: readonly unknown[] = [
  ...[
    undefined,
    () => 1,
    8n,
    Symbol('value'),
    new Map(),
    new Date(8),
    new Uint16Array(1),
    new Error('value'),
  ],
  LONG_VALUE,
];
const BAD_NAMES: readonly unknown[] = ['', LONG_NAME, null, undefined, 8, true, {}, [], () => 1];

/** Numbers that an address may not be, whatever heap it is of. */
const NO_ADDRESSES: readonly unknown[] = [
  ...[...FRACTIONS, ...NO_FINITE, ...HUGE, ...NEGATIVE, ...NOT_NUMBERS, undefined, 0],
];

function shownAs(value: unknown): string {
  return Object.is(value, -0) ? '0' : String(value);
}

function refused(kind: string, value: unknown, run: () => unknown): BadCall {
  return { kind, shown: shownAs(value), run };
}

/** Things of another heap, whose numbers are any memory of this one. */
const OTHER_HEAP = Heap.create({ pages: 64, threads: 2, maxCaches: 200 }, { host: new FakeHost() });
const FOREIGN = OTHER_HEAP.group('foreign');
const FOREIGN_CACHE = OTHER_HEAP.slabCache('foreign', 64);

export class BadCalls {
  private readonly _random: Random;
  private readonly _heap: Heap;
  private readonly _own: Belongings;
  private readonly _draws: readonly Draw[];

  constructor(random: Random, own: Belongings) {
    this._random = random;
    this._heap = own.heap;
    this._own = own;
    this._draws = [
      () => this._size(),
      () => this._order(),
      () => this._address(),
      () => this._address(),
      () => this._address(),
      () => this._pages(),
      () => this._cacheObject(),
      () => this._head(),
      () => this._callback(),
      () => this._gfp(),
      () => this._nolockGfp(),
      () => this._key(),
      () => this._value(),
      () => this._name(),
      () => this._option(),
      () => this._notNumeric(),
      () => this._noArray(),
      () => this._pool(),
      () => this._poolElement(),
      () => this._group(),
      () => this._shrinker(),
    ];
  }

  next(): BadCall {
    return this._pick(this._draws)();
  }

  private _pick<T>(from: readonly T[]): T {
    return from[this._random.below(from.length)]!;
  }

  private _size(): BadCall {
    const bytes = this._pick(BAD_SIZES) as number;
    const heap = this._heap;
    return this._pick([
      refused('kmalloc() of a bad size', bytes, () => heap.kmalloc(bytes)),
      refused('kmallocNolock() of a bad size', bytes, () => heap.kmallocNolock(bytes)),
    ]);
  }

  private _order(): BadCall {
    const order = this._pick(BAD_ORDERS) as number;
    const heap = this._heap;
    return this._pick([
      refused('allocPages() of a bad order', order, () => heap.allocPages(order)),
      refused('allocPagesNolock() of a bad order', order, () => heap.allocPagesNolock(order)),
    ]);
  }

  /** No address, or one that nobody was handed. */
  private _badAddress(): never {
    const own = this._own;
    return (this._random.oneIn(3) ? this._pick(NO_ADDRESSES) : own.strayAddress(this._random)) as never;
  }

  private _address(): BadCall {
    const heap = this._heap;
    const p = this._badAddress();
    return this._pick([
      refused('kfree() of a bad address', p, () => heap.kfree(p)),
      refused('kfreeNolock() of a bad address', p, () => heap.kfreeNolock(p)),
      refused('kfreeBulk() of a bad address', p, () => heap.kfreeBulk([p])),
      refused('kfreeBulkNolock() of a bad address', p, () => heap.kfreeBulkNolock([p])),
      refused('kfreeRcu() of a bad address', p, () => heap.kfreeRcu(p)),
      refused('kfreeRcu() with a head, of a bad address', p, () => heap.kfreeRcu(p, 2)),
      refused('kfreeRcuBulk() of a bad address', p, () => heap.kfreeRcuBulk([p])),
    ]);
  }

  /** freePages() of what is an address, but not the start of a block of pages. */
  private _pages(): BadCall {
    const heap = this._heap;
    const own = this._own;
    const p = (this._random.oneIn(2) ? this._badAddress() : this._pick(own.objects)) as never;
    return this._pick([
      refused('freePages() of a bad address', p, () => heap.freePages(p)),
      refused('freePagesNolock() of a bad address', p, () => heap.freePagesNolock(p)),
    ]);
  }

  private _cacheObject(): BadCall {
    const { objects, blocks, cache } = this._own;
    const p = (
      this._random.oneIn(2) ? this._badAddress() : this._pick([this._pick(objects), this._pick(blocks)])
    ) as never;
    return refused('free() of a slab cache of a bad address', p, () => cache.free(p));
  }

  /** kfreeRcu() of an object, with a head that does not lie in it. */
  private _head(): BadCall {
    const heap = this._heap;
    const p = this._pick(this._own.objects);
    const head = this._pick([
      ...FRACTIONS,
      ...NO_FINITE,
      ...HUGE,
      ...NEGATIVE,
      ...NOT_NUMBERS,
      4096,
    ]) as number;
    return refused('kfreeRcu() with a bad head', head, () => heap.kfreeRcu(p, head));
  }

  /** Callbacks: of what is no place for a head, of what is no id, of no function. */
  private _callback(): BadCall {
    const { rcu } = this._heap;
    const { callback, objects } = this._own;
    const head = this._pick(NO_ADDRESSES) as number;
    const id = this._pick([...NO_ADDRESSES, 0, 4095, callback + 1]) as number;
    const fn = this._pick([...NO_FINITE, ...NOT_NUMBERS.filter((value) => typeof value !== 'function')]);
    const shown = "registered the RCU callback 'fresh' with ";
    return this._pick([
      refused('rcu.call() with a bad head', head, () => rcu.call(head, callback)),
      refused('rcu.call() of a bad id', id, () => rcu.call(this._pick(objects), id)),
      { kind: 'rcu.register() of no function', shown, run: () => rcu.register('fresh', fn as () => void) },
    ]);
  }

  private _gfp(): BadCall {
    const heap = this._heap;
    const contradicts = this._random.oneIn(2);
    const gfp = (contradicts ? this._pick(BAD_GFPS) : this._pick(NO_GFPS)) as number;
    const shown = contradicts ? '__GFP_' : shownAs(gfp);
    const of = contradicts ? 'gfp that contradicts itself' : 'bad gfp';
    return this._pick([
      { kind: `kmalloc() with ${of}`, shown, run: () => heap.kmalloc(8, gfp) },
      { kind: `allocPages() with ${of}`, shown, run: () => heap.allocPages(0, gfp) },
      { kind: `alloc() of a slab cache with ${of}`, shown, run: () => this._own.cache.alloc(gfp) },
    ]);
  }

  private _nolockGfp(): BadCall {
    const heap = this._heap;
    const gfp = this._pick(BAD_NOLOCK_GFPS) as number;
    // Bits are shown by their names.
    const shown = Number.isInteger(gfp) ? 'gfp ' : shownAs(gfp);
    return this._pick([
      { kind: 'kmallocNolock() with bad gfp', shown, run: () => heap.kmallocNolock(8, gfp) },
      { kind: 'allocPagesNolock() with bad gfp', shown, run: () => heap.allocPagesNolock(0, gfp) },
    ]);
  }

  private _notNumeric(): BadCall {
    const { heap, cache } = this._own;
    const bad = this._pick(NOT_NUMERIC) as never;
    const kind = 'what is no number at all';
    const shown = typeof bad === 'bigint' ? 'BigInt' : 'ymbol';
    const run = this._pick<() => unknown>([
      ...[() => heap.kmalloc(bad), () => heap.kmallocNolock(bad), () => heap.allocPages(bad)],
      ...[() => heap.kfree(bad), () => heap.kfreeNolock(bad), () => heap.kfreeBulk([bad])],
      ...[() => heap.kfreeRcu(bad), () => heap.freePages(bad), () => heap.freePagesNolock(bad)],
      ...[() => cache.free(bad), () => heap.allocPagesNolock(bad), () => heap.slabCache('fresh', bad)],
    ]);
    return { kind, shown, ofEngine: true, run };
  }

  private _noArray(): BadCall {
    const heap = this._heap;
    const bad = this._pick([undefined, null, 8, true, 'word', {}, { length: -1 }, () => 1]) as never;
    const shown = typeof bad === 'object' ? 'an object' : String(bad);
    return this._pick([
      { kind: 'kfreeBulk() of no array', shown, run: () => heap.kfreeBulk(bad) },
      { kind: 'kfreeBulkNolock() of no array', shown, run: () => heap.kfreeBulkNolock(bad) },
    ]);
  }

  private _pool(): BadCall {
    const heap = this._heap;
    const name = this._pick(BAD_NAMES) as string;
    const minimum = this._pick([...BAD_SIZES, 65_537, 1.5]) as number;
    const bytes = this._pick(BAD_SIZES.filter((size) => size !== undefined)) as number;
    const order = this._pick(BAD_ORDERS.filter((size) => size !== undefined)) as number;
    const cache = this._pick([...NOT_NUMBERS, 8, heap, FOREIGN_CACHE]) as never;
    return this._pick([
      refused('mempool() of a bad name', name, () => heap.mempool(name, 2, { bytes: 64 })),
      refused('mempool() of a bad minimum', minimum, () => heap.mempool('fresh', minimum, { bytes: 64 })),
      refused('mempool() of bad bytes', bytes, () => heap.mempool('fresh', 2, { bytes })),
      refused('mempool() of a bad order', order, () => heap.mempool('fresh', 2, { order })),
      refused('mempool() of a bad cache', cache, () => heap.mempool('fresh', 2, { cache })),
      refused('mempool() of nothing', 0, () => heap.mempool('fresh', 2, {} as never)),
      refused('mempool() of two things', 2, () => heap.mempool('fresh', 2, { bytes: 8, order: 0 } as never)),
      refused('mempool() of another minimum', 3, () => heap.mempool('pool', 3, { bytes: 64 })),
      refused('mempool() of other bytes', 128, () => heap.mempool('pool', 2, { bytes: 128 })),
    ]);
  }

  private _poolElement(): BadCall {
    const { pool, objects } = this._own;
    // The first is smaller than the pool's elements; a larger one would do.
    const p = (this._random.oneIn(2) ? this._badAddress() : objects[0]!) as never;
    return this._pick([
      refused('free() of a mempool of a bad address', p, () => pool.free(p)),
      refused('freeNolock() of a mempool of a bad address', p, () => pool.freeNolock(p)),
      {
        kind: 'alloc() of a mempool, zeroed',
        shown: '__GFP_ZERO',
        run: () => pool.alloc(GFP_KERNEL | __GFP_ZERO),
      },
    ]);
  }

  private _group(): BadCall {
    const heap = this._heap;
    const name = this._pick(BAD_NAMES) as string;
    const maxBytes = this._pick([-1, -0.5, Number.NaN, Number.NEGATIVE_INFINITY, ...NOT_NUMBERS]) as number;
    const parent = this._pick([null, 8, '', 'group', true, {}]) as never;
    const group = this._pick([null, 8, '', 'group', true, {}, FOREIGN]) as never;
    return this._pick([
      refused('group() of a bad name', name, () => heap.group(name)),
      refused('group() of a bad limit', maxBytes, () => heap.group('fresh', { maxBytes })),
      refused('group() of a bad parent', parent, () => heap.group('fresh', { parent })),
      refused('group() of a foreign parent', 'fresh', () => heap.group('fresh', { parent: FOREIGN })),
      refused('map() of a bad group', group, () => heap.map('fresh', { group })),
      refused('map() of a bad group, which is there', group, () => heap.map('map', { group })),
      this._ofGroup(),
    ]);
  }

  private _ofGroup(): BadCall {
    const { group } = this._own;
    const bytes = this._pick(BAD_SIZES) as number;
    const order = this._pick(BAD_ORDERS) as number;
    const gfp = this._pick(BAD_GFPS);
    return this._pick([
      refused('kmalloc() of a group, of a bad size', bytes, () => group.kmalloc(bytes)),
      refused('kmallocNolock() of a group, of a bad size', bytes, () => group.kmallocNolock(bytes)),
      refused('allocPages() of a group, of a bad order', order, () => group.allocPages(order)),
      { kind: 'kmalloc() of a group with bad gfp', shown: '__GFP_', run: () => group.kmalloc(8, gfp) },
    ]);
  }

  private _shrinker(): BadCall {
    const heap = this._heap;
    const count = () => 0;
    const scan = () => 0;
    const bad = this._pick([
      ...[undefined, null, 8, 'shrinker', {}, { name: 'n' }, { name: 'n', count }, { name: 'n', scan }],
      ...[
        { count, scan },
        { name: '', count, scan },
        { name: 8, count, scan },
        { name: 'n', count: 8, scan },
      ],
    ]) as never;
    return { kind: 'registerShrinker() of none', shown: 'shrinker', run: () => heap.registerShrinker(bad) };
  }

  private _key(): BadCall {
    const { map } = this._own;
    const bad = this._pick(BAD_KEYS);
    const key = bad as string;
    const shown = keyShown(bad);
    return this._pick([
      { kind: 'get() of a bad key', shown, run: () => map.get(key) },
      { kind: 'has() of a bad key', shown, run: () => map.has(key) },
      { kind: 'set() of a bad key', shown, run: () => map.set(key, 1) },
      { kind: 'trySet() of a bad key', shown, run: () => map.trySet(key, 1) },
      { kind: 'delete() of a bad key', shown, run: () => map.delete(key) },
      { kind: 'tryDelete() of a bad key', shown, run: () => map.tryDelete(key) },
      { kind: 'update() of a bad key', shown, run: () => map.update(key, () => 1) },
      { kind: 'getOrInsert() of a bad key', shown, run: () => map.getOrInsert(key, 1) },
    ]);
  }

  private _value(): BadCall {
    const { map } = this._own;
    const bad = this._pick(BAD_VALUES);
    const value = bad as string;
    // The entry that it would make is a few bytes longer.
    const shown = bad === LONG_VALUE ? `of ${String(LARGEST).slice(0, 5)}` : kindShown(bad);
    const set = { kind: 'set() of a bad value', shown, run: () => map.set('key', value) };
    // update() takes a key out for undefined.
    if (bad === undefined) return set;
    return this._pick([
      set,
      { kind: 'trySet() of a bad value', shown, run: () => map.trySet('key', value) },
      { kind: 'getOrInsert() of a bad value', shown, run: () => map.getOrInsert('no key', value) },
      { kind: 'update() to a bad value', shown, run: () => map.update('key', () => value) },
    ]);
  }

  private _name(): BadCall {
    const heap = this._heap;
    const bad = this._pick(BAD_NAMES);
    const name = bad as string;
    const shown = String(bad);
    return this._pick([
      { kind: 'map() of a bad name', shown, run: () => heap.map(name) },
      { kind: 'mutex() of a bad name', shown, run: () => heap.mutex(name) },
      { kind: 'rwLock() of a bad name', shown, run: () => heap.rwLock(name) },
      { kind: 'condVar() of a bad name', shown, run: () => heap.condVar(name) },
      { kind: 'semaphore() of a bad name', shown, run: () => heap.semaphore(name, 1) },
      { kind: 'seqLock() of a bad name', shown, run: () => heap.seqLock(name, 1) },
      { kind: 'slabCache() of a bad name', shown, run: () => heap.slabCache(name, 64) },
      { kind: 'rcu.register() of a bad name', shown, run: () => heap.rcu.register(name, () => {}) },
    ]);
  }

  private _option(): BadCall {
    const heap = this._heap;
    const bytes = this._pick([...BAD_SIZES, 8193, 8.5]) as number;
    const permits = this._pick([...BAD_SIZES, 1025, 1.5]) as number;
    const words = this._pick([...BAD_SIZES, 65, 1.5]) as number;
    return this._pick([
      refused('slabCache() of a bad size', bytes, () => heap.slabCache('fresh', bytes)),
      refused('slabCache() of another size', 128, () => heap.slabCache('cache', 128)),
      refused('semaphore() of bad permits', permits, () => heap.semaphore('fresh', permits)),
      refused('semaphore() of other permits', 3, () => heap.semaphore('semaphore', 3)),
      refused('seqLock() of bad words', words, () => heap.seqLock('fresh', words)),
      refused('seqLock() of other words', 3, () => heap.seqLock('seqLock', 3)),
    ]);
  }
}

function keyShown(key: unknown): string {
  if (key === LONG_KEY) return `${LONG_KEY.length * 2}`;
  return typeof key === 'number' ? String(key) : kindShown(key);
}

/** Values of other kinds are named by their kind: to show them would run code of theirs. */
function kindShown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : typeof value;
}
