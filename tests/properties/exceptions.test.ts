/**
 * Exceptions of the program's own functions, thrown from inside of an operation at each of their calls: what they throw the
 * operation throws, what it would have changed is as before, no lock stays held, and nothing is lost.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, type HeapOptions, type MapValue, type SharedMap } from '../../src/index.js';

type TestMap = SharedMap<number | string, MapValue>;

class Thrown extends Error {}

/** Throws at its n-th call, and at no other. */
class Fuse {
  private _left: number;

  constructor(nth: number) {
    this._left = nth;
  }

  get hasBlown(): boolean {
    return this._left <= 0;
  }

  burn(): void {
    if (--this._left === 0) throw new Thrown('as the test asks for');
  }
}

interface Scene {
  readonly heap: Heap;
  readonly map: TestMap;
  readonly fuse: Fuse;
  readonly held: Address[];
}

/** Each calls the fuse from a function of the program's, several times. */
const CALLS: Readonly<Record<string, (scene: Scene) => void>> = {
  'fn of update()': ({ map, fuse }) => {
    for (const key of [1, 2, 99]) {
      map.update(key, (value) => {
        fuse.burn();
        return value;
      });
    }
  },
  'fn of getOrInsertComputed()': ({ map, fuse }) => {
    for (const key of [1, 99]) {
      map.getOrInsertComputed(key, () => {
        fuse.burn();
        return 'new';
      });
      map.delete(99);
    }
    fuse.burn();
  },
  'fn of forEach()': ({ map, fuse }) => {
    map.forEach(() => {
      fuse.burn();
    });
  },
  'the body of for..of': ({ map, fuse }) => {
    for (const _ of map) fuse.burn();
  },
  'toJSON() of a value': ({ map, fuse }) => {
    const toJSON = () => {
      fuse.burn();
      return { is: 'json' };
    };
    map.set(1, { toJSON } as never);
    map.trySet(2, { list: [{ toJSON }, { toJSON }] } as never);
    map.getOrInsert(1, { toJSON } as never);
  },
  'a getter of a value': ({ map, fuse }) => {
    const value = {
      get x() {
        fuse.burn();
        return 1;
      },
    };
    map.set(1, value);
    map.update(2, () => value);
  },
  'valueOf() and toString() of what is no key': ({ map, fuse }) => {
    const key = {
      valueOf: () => fuse.burn(),
      toString: () => {
        fuse.burn();
        return '1';
      },
    };
    for (const call of [
      () => map.get(key as never),
      () => map.set(key as never, 1),
      () => map.delete(key as never),
    ]) {
      try {
        call();
      } catch (error) {
        if (error instanceof Thrown) throw error;
        assert.ok(error instanceof TypeError, String(error));
      }
    }
    fuse.burn();
  },
  'a getter of options': ({ heap, fuse }) => {
    const options = {
      get timeoutMillis() {
        fuse.burn();
        return 10;
      },
    };
    heap.mutex('m').lockSync(options).release();
    heap.rwLock('r').writeSync(options).release();
    heap.synchronizeRcuSync(options);
  },
  'fn of turn(), rcu.read() and group.run()': ({ heap, fuse }) => {
    heap.turn(() => heap.turn(() => fuse.burn()));
    heap.rcu.read(() => fuse.burn());
    heap.group('g').run(() => fuse.burn());
    heap.idle(() => fuse.burn());
  },
  'a change of a seqlock': ({ heap, fuse }) => {
    const record = heap.seqLock('s', 2);
    for (let n = 0; n < 2; n++) {
      record.write((values) => {
        fuse.burn();
        values[0] = (values[0] ?? 0) + 1;
      });
    }
  },
  'the code under a mutex': ({ heap, fuse }) => {
    const guard = heap.mutex('m').lockSync();
    try {
      fuse.burn();
    } finally {
      guard.release();
    }
  },
  'scan() and count() of a shrinker': ({ heap, fuse, held }) => {
    const end = heap.registerShrinker({
      name: 'throws',
      count: () => {
        fuse.burn();
        return 1;
      },
      scan: () => {
        fuse.burn();
        return 0;
      },
    });
    try {
      for (let n = 0; n < 4000; n++) held.push(heap.kmalloc(4000));
    } finally {
      end();
    }
  },
};

const MOST = 40;
const KINDS: readonly (readonly [string, HeapOptions])[] = [
  ['plain heap', {}],
  ['debug heap', { debug: true }],
  ['validating heap', { validate: true }],
];

function makeScene(options: HeapOptions, nth: number): Scene {
  const heap = Heap.create({ bytes: 2 ** 22, threads: 2, spinRounds: 1000, ...options });
  const map: TestMap = heap.map('of the test');
  for (let key = 0; key < 5; key++) map.set(key, `value ${key}`);
  heap.group('g');
  return { heap, map, fuse: new Fuse(nth), held: [] };
}

/** All goes on: the same bucket, the same locks. */
function requireWorking({ heap, map }: Scene): void {
  for (let key = 0; key < 5; key++) assert.ok(map.get(key) !== undefined);
  assert.deepEqual(
    [...map.keys()].filter((key) => key === 99),
    map.has(99) ? [99] : [],
  );
  for (let key = 0; key < 20; key++) map.set(key, key);
  heap.mutex('m').lockSync({ timeoutMillis: 0 }).release();
  heap.rwLock('r').writeSync({ timeoutMillis: 0 }).release();
  heap.seqLock('s', 2).write([5, 6]);
  assert.deepEqual([...heap.seqLock('s', 2).read()], [5, 6]);
  heap.synchronizeRcuSync({ timeoutMillis: 1000 });
}

/** Lets the fuse blow at its n-th call. Returns whether it came to that. */
function runOnce(call: (scene: Scene) => void, options: HeapOptions, nth: number): boolean {
  const scene = makeScene(options, nth);
  const { heap, fuse, held } = scene;
  try {
    call(scene);
    assert.ok(!fuse.hasBlown, 'what was thrown was swallowed');
  } catch (error) {
    if (!(error instanceof Thrown)) {
      assert.equal((error as Error).name, 'OutOfMemoryError', String(error));
      assert.ok(!fuse.hasBlown, 'what was thrown was swallowed');
    }
  }
  heap.quiesce();
  assert.deepEqual(heap.balance({ held }).problems, []);
  assert.deepEqual(heap.balance({ held }).unreachable, []);
  heap.kfreeBulk(held);
  held.length = 0;
  requireWorking(scene);
  assert.deepEqual(heap.balance().problems, []);
  assert.deepEqual(heap.balance().unreachable, []);
  heap.detach();
  return fuse.hasBlown;
}

for (const [kind, options] of KINDS) {
  for (const [name, call] of Object.entries(CALLS)) {
    test(`an exception of ${name} leaves all as it was (${kind})`, () => {
      let nth = 1;
      while (nth <= MOST && runOnce(call, options, nth)) nth++;
      assert.ok(nth > 1, 'the function was never called');
    });
  }
}
