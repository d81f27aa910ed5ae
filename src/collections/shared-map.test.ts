import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { heapTest, Stage } from '../../tests/support/stage.js';
import { OutOfMemoryError } from '../heap/heap-errors.js';
import { BUCKET_LOCK_WORDS, MAP } from '../layout/map-record.js';
import { NAME_KIND } from '../layout/name-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import type { Heap } from '../shared-heap.js';
import type { MapKey } from './key-codec.js';
import { MAX_KEY_BYTES } from './key-codec.js';
import type { SharedMap } from './shared-map.js';
import type { MapValue } from './value-codec.js';

type AnyMap = SharedMap<MapKey, MapValue>;
const ROOMY = { tiny: { pages: 4096 } };

function openMap(heap: Heap): AnyMap {
  return heap.map<MapKey, MapValue>('test');
}

function rootOf(heap: Heap): number {
  return (heap as unknown as { find(kind: number, name: string): number }).find(NAME_KIND.map, 'test');
}

const KEYS: readonly MapKey[] = [
  '',
  '\0',
  '\0\0',
  'a',
  'ab',
  'abc',
  'abcd',
  'abcde',
  '__proto__',
  'constructor',
  '1',
  '\xff',
  '\u0100',
  'a\u0100',
  'ключ',
  '\ud800',
  '\udc00\ud800',
  '😀',
  'é',
  'e\u0301',
  ...[48, 49, 50, 63, 5000].flatMap((length) => ['x', 'é', 'ж'].map((unit) => unit.padStart(length, 'x'))),
  'ж'.repeat(5000),
  0,
  1,
  -1,
  0.5,
  -0.5,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 53,
  Number.MAX_VALUE,
  5e-324,
  ...Array.from({ length: 10 }, (_, length) => new Uint8Array(length).fill(0)),
  Uint8Array.of(49),
  Uint8Array.of(0, 0, 0, 1),
  new Uint8Array(3000).fill(7),
];

const VALUES: readonly MapValue[] = [
  0,
  -0,
  1,
  -1,
  0.1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  '',
  'short',
  'twelve chars',
  'a longer string of Latin-1: é, ÿ, \0',
  'кириллица',
  '\ud83d',
  true,
  false,
  null,
  new Uint8Array(0),
  Uint8Array.of(1, 2, 3),
  new Uint8Array(1000).fill(9),
  [],
  {},
  [1, 'two', null, [true]],
  { a: { b: [1.5] }, ключ: '😀', __proto__: null },
];

heapTest('SharedMap.get() returns undefined for a key that was never set', ({ heap }) => {
  const map = openMap(heap);
  for (const key of KEYS) assert.equal(map.get(key), undefined);
});

heapTest(
  'SharedMap.get() tells every kind of key apart',
  ({ heap }) => {
    const map = openMap(heap);
    for (const [i, key] of KEYS.entries()) map.set(key, i);
    assert.equal(map.size, KEYS.length);
    for (const [i, key] of KEYS.entries()) assert.equal(map.get(key), i);
    assert.deepEqual(new Set(map.keys()), new Set(KEYS));
  },
  ROOMY,
);

heapTest(
  'SharedMap.get() returns every kind of value as it was set',
  ({ heap }) => {
    const map = openMap(heap);
    for (const value of VALUES) {
      map.set('key', value);
      const found = map.get('key');
      const expected: unknown =
        typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
          ? JSON.parse(JSON.stringify(value))
          : value;
      assert.deepEqual(found, expected);
      if (typeof value === 'number') assert.ok(Object.is(found, value));
      assert.deepEqual([...map], [['key', expected]]);
    }
  },
  ROOMY,
);

heapTest(
  'SharedMap.get() returns a value of 1 MiB',
  ({ heap }) => {
    const map = openMap(heap);
    const text = 'long '.repeat(2 ** 18).slice(0, 2 ** 20);
    map.set('text', text);
    assert.equal(map.get('text'), text);
    map.set('text', `${text.slice(1)}ж`);
    assert.equal(map.get('text'), `${text.slice(1)}ж`);
    const bytes = new Uint8Array(2 ** 20).map((_, i) => i * 7);
    map.set('bytes', bytes);
    assert.deepEqual(map.get('bytes'), bytes);
  },
  { all: { bytes: 32 * 2 ** 20 }, tiny: { pages: 8192 } },
);

heapTest("SharedMap.get() returns bytes and objects that are the caller's alone", ({ heap }) => {
  const map = openMap(heap);
  const bytes = Uint8Array.of(1, 2);
  map.set('bytes', bytes).set('list', [1]);
  bytes[0] = 9;
  (map.get('bytes') as Uint8Array)[1] = 9;
  (map.get('list') as number[]).push(2);
  assert.deepEqual(map.get('bytes'), Uint8Array.of(1, 2));
  assert.deepEqual(map.get('list'), [1]);
});

heapTest('SharedMap takes -0 as the key 0, and bytes by what they hold', ({ heap }) => {
  const map = openMap(heap);
  map.set(-0, 'zero').set(new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4), 'bytes');
  assert.equal(map.get(0), 'zero');
  assert.ok(
    Object.is(
      [...map.keys()].find((key) => typeof key === 'number'),
      0,
    ),
  );
  assert.equal(map.get(Uint8Array.of(2, 3, 4)), 'bytes');
});

heapTest('SharedMap refuses what no key may be with a TypeError that names what may', ({ heap }) => {
  const map = openMap(heap);
  const refused: unknown[] = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    {},
    [],
    1n,
    Symbol('s'),
  ];
  for (const key of refused) {
    for (const act of ['get', 'has', 'delete'] as const) {
      assert.throws(() => map[act](key as string), {
        name: 'TypeError',
        message: /as a map key; a key is a string, a finite number or a Uint8Array$/,
      });
    }
    assert.throws(() => map.set(key as string, 1), TypeError);
  }
  assert.equal(map.size, 0);
});

heapTest('SharedMap refuses what no value may be with a TypeError that names what may', ({ heap }) => {
  const map = openMap(heap);
  const circular: unknown[] = [];
  circular.push(circular);
  const refused = [
    undefined,
    () => 1,
    Symbol('s'),
    1n,
    new Map(),
    new Date(0),
    new Uint16Array(1),
    new ArrayBuffer(1),
  ];
  for (const value of refused) {
    assert.throws(() => map.set('key', value as MapValue), {
      name: 'TypeError',
      message:
        /^put .* into a map; a value is a number, a string, a boolean, null, a Uint8Array, or an array or plain/,
    });
  }
  assert.throws(() => map.set('key', circular), TypeError);
  assert.throws(() => map.set('key', [1n]), TypeError);
  assert.throws(() => map.getOrInsert('key', undefined as unknown as MapValue), TypeError);
  assert.throws(() => map.update('key', () => new Date(0)), TypeError);
  assert.equal(map.size, 0);
});

heapTest('SharedMap refuses keys and values that are too long with a RangeError', ({ heap }) => {
  const map = openMap(heap);
  for (const key of [
    'k'.repeat(MAX_KEY_BYTES + 1),
    'ж'.repeat(MAX_KEY_BYTES / 2 + 1),
    new Uint8Array(MAX_KEY_BYTES + 1),
  ]) {
    assert.throws(() => map.set(key, 1), {
      name: 'RangeError',
      message: /a key takes at most 1048576 bytes$/,
    });
  }
  const bounded = /key and value together take at most 4194280 bytes/;
  for (const value of [
    'v'.repeat(2 ** 22),
    'ж'.repeat(2 ** 21),
    new Uint8Array(2 ** 22),
    'v'.repeat(2 ** 23),
  ]) {
    assert.throws(() => map.set('key', value), { name: 'RangeError', message: bounded });
  }
  assert.equal(map.size, 0);
});

heapTest('SharedMap.set() replaces a value and returns the map', ({ heap }) => {
  const map = openMap(heap);
  assert.equal(map.set('a', 1), map);
  map.set('a', 'two').set('a', 3);
  assert.equal(map.size, 1);
  assert.equal(map.get('a'), 3);
});

heapTest(
  'SharedMap.set() that finds no memory throws OutOfMemoryError and leaves the map whole',
  ({ heap }) => {
    const map = openMap(heap);
    map.set('kept', 1);
    assert.throws(() => {
      for (let i = 0; ; i++) map.set(`key ${i}`, 'x'.repeat(3000));
    }, OutOfMemoryError);
    assert.equal(map.get('kept'), 1);
    const size = map.size;
    assert.throws(() => map.set('kept', 'x'.repeat(2 ** 20)), OutOfMemoryError);
    assert.equal(map.get('kept'), 1);
    assert.equal(map.size, size);
    map.clear();
    map.set('kept', 2);
    assert.equal(map.get('kept'), 2);
  },
  { all: { pages: 24 } },
);

heapTest(
  'SharedMap.set() gives up a lock that nobody releases, and leaves nothing behind',
  (stage) => {
    const map = openMap(stage.heap);
    map.set('key', 1);
    const lock0 = stage.words.loadPlain(rootOf(stage.heap) + MAP.locks);
    const locks = 1 << stage.words.loadPlain(rootOf(stage.heap) + MAP.firstLevel);
    let refused = 0;
    for (let i = 0; i < locks; i++) {
      whileLocked(stage.words, lock0 + i * BUCKET_LOCK_WORDS, () => {
        for (const act of [() => map.set('key', 2), () => map.delete('key')]) {
          try {
            act();
            map.set('key', 1);
          } catch (error) {
            assert.ok(error instanceof LockTimeoutError);
            assert.match(error.message, /lock map bucket \d+ after (10|1) rounds/);
            assert.equal(map.get('key'), 1);
            refused++;
          }
        }
      });
    }
    assert.equal(refused, 2);
  },
  { all: { spinRounds: 10 } },
);

heapTest('SharedMap.has() and delete() say whether a key is there', ({ heap }) => {
  const map = openMap(heap);
  map.set('a', null);
  assert.equal(map.has('a'), true);
  assert.equal(map.has('b'), false);
  assert.equal(map.delete('b'), false);
  assert.equal(map.delete('a'), true);
  assert.equal(map.delete('a'), false);
  assert.equal(map.has('a'), false);
  assert.equal(map.size, 0);
});

heapTest(
  'SharedMap.clear() empties the map, which can be filled again',
  ({ heap }) => {
    const map = openMap(heap);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 500; i++) map.set(i, i);
      map.clear();
      assert.equal(map.size, 0);
      assert.deepEqual([...map], []);
      assert.equal(map.get(7), undefined);
    }
  },
  ROOMY,
);

heapTest('SharedMap.getOrInsert() keeps the value that is there', ({ heap }) => {
  const map = openMap(heap);
  assert.deepEqual(map.getOrInsert('a', [1]), [1]);
  assert.deepEqual(map.getOrInsert('a', [2]), [1]);
  assert.equal(
    map.getOrInsertComputed('b', (key) => `${String(key)}!`),
    'b!',
  );
  assert.equal(
    map.getOrInsertComputed('b', () => assert.fail('the key is there')),
    'b!',
  );
});

heapTest('SharedMap.getOrInsertComputed() keeps a value that its function has set', ({ heap }) => {
  const map = openMap(heap);
  const found = map.getOrInsertComputed('a', () => {
    map.set('a', 'first');
    return 'second';
  });
  assert.equal(found, 'first');
  assert.equal(map.get('a'), 'first');
  assert.throws(
    () =>
      map.getOrInsertComputed('b', () => {
        throw new Error('no value');
      }),
    /no value/,
  );
  assert.equal(map.has('b'), false);
});

heapTest('SharedMap.update() sets, changes and deletes', ({ heap }) => {
  const map = openMap(heap);
  const add = (value: MapValue | undefined) => ((value as number | undefined) ?? 0) + 1;
  assert.equal(map.update('n', add), 1);
  assert.equal(map.update('n', add), 2);
  assert.equal(map.get('n'), 2);
  assert.equal(
    map.update('n', () => undefined),
    undefined,
  );
  assert.equal(map.has('n'), false);
  assert.equal(
    map.update('n', () => undefined),
    undefined,
  );
  assert.equal(map.size, 0);
});

heapTest('SharedMap.update() runs its function again when another write came first', (stage) => {
  const map = openMap(stage.heap);
  const other = openMap(stage.attach().heap);
  for (const write of [() => other.set('n', 10), () => other.delete('n'), () => map.set('n', 10)]) {
    map.set('n', 1);
    const seen: unknown[] = [];
    map.update('n', (value) => {
      if (seen.push(value) === 1) write();
      return [value ?? null];
    });
    assert.equal(seen.length, 2);
    assert.deepEqual(map.get('n'), [seen[1] ?? null]);
  }
});

heapTest('SharedMap.update() whose function throws changes nothing', ({ heap }) => {
  const map = openMap(heap);
  map.set('n', 1);
  assert.throws(
    () =>
      map.update('n', () => {
        throw new Error('no value');
      }),
    /no value/,
  );
  assert.equal(map.get('n'), 1);
});

heapTest(
  'SharedMap.update() whose function writes the key each time ends in an error',
  ({ heap }) => {
    const map = openMap(heap);
    map.set('n', 1);
    assert.throws(
      () =>
        map.update('n', () => {
          map.set('n', 2);
          return 3;
        }),
      /gave up update\(\) of a key after 1000 attempts/,
    );
    assert.equal(map.get('n'), 2);
  },
  ROOMY,
);

heapTest('SharedMap.set() of a value whose toJSON() uses the map sets the right key', ({ heap }) => {
  const map = openMap(heap);
  const value = {
    toJSON: () => {
      map.set('other', 'other value').get('third');
      return { is: 'json' };
    },
  };
  map.set('key', value);
  assert.deepEqual(map.get('key'), { is: 'json' });
  assert.equal(map.get('other'), 'other value');
  assert.equal(map.size, 2);
});

heapTest('SharedMap is one map in all threads of a heap', (stage) => {
  const map = openMap(stage.heap);
  const other = openMap(stage.attach().heap);
  map.set('a', 1);
  other.set('b', 2).set('a', 3);
  assert.deepEqual(
    new Map(map),
    new Map<MapKey, MapValue>([
      ['a', 3],
      ['b', 2],
    ]),
  );
  other.delete('a');
  assert.equal(map.get('a'), undefined);
  assert.equal(map.size, 1);
});

test('SharedMap names its class', () => {
  const stage = new Stage(CONFIGURATIONS[0]!);
  assert.equal(Object.prototype.toString.call(openMap(stage.heap)), '[object SharedMap]');
});
