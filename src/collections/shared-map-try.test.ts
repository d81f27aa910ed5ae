import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf, Stage } from '../../tests/support/stage.js';
import { BUCKET_LOCK_WORDS, MAP } from '../layout/map-record.js';
import { NAME_KIND } from '../layout/name-record.js';
import { Heap } from '../shared-heap.js';
import type { SharedMap } from './shared-map.js';

const ROOMY = { tiny: { pages: 4096 } };
const WAITING_WRITES: readonly [string, (map: SharedMap<number, number>) => unknown][] = [
  ['set()', (map) => map.set(1, 1)],
  ['delete()', (map) => map.delete(1)],
  ['clear()', (map) => map.clear()],
  ['update()', (map) => map.update(1, () => 1)],
  ['getOrInsert()', (map) => map.getOrInsert(2, 1)],
  ['getOrInsert()', (map) => map.getOrInsertComputed(2, () => 1)],
];

function rootOf(heap: Heap): number {
  heap.map('test');
  return (heap as unknown as { find(kind: number, name: string): number }).find(NAME_KIND.map, 'test');
}

/** Runs `fn` while a stranger has every bucket lock of the map 'test'. */
function whileBucketsLocked<T>({ heap, words }: Stage, fn: () => T): T {
  const root = rootOf(heap);
  const locks = words.loadPlain(root + MAP.locks);
  let run = fn;
  for (let i = 0; i < 1 << words.loadPlain(root + MAP.firstLevel); i++) {
    const inner = run;
    run = () => whileLocked(words, locks + i * BUCKET_LOCK_WORDS, inner);
  }
  return run();
}

heapTest(
  'SharedMap.trySet, tryDelete change a map as set() and delete() do',
  ({ heap }) => {
    const map = heap.map<string | number, string | number | object>('test');
    for (let i = 0; i < 300; i++) assert.equal(map.trySet(i, i * 2), true);
    assert.equal(map.trySet('text', 'a value'), true);
    assert.equal(map.trySet('json', { a: [1] }), true);
    assert.equal(map.trySet(7, 'seven'), true);
    assert.equal(map.size, 302);
    assert.equal(map.get(7), 'seven');
    assert.equal(map.get(299), 598);
    assert.deepEqual(map.get('json'), { a: [1] });
    for (let i = 0; i < 300; i += 2) assert.equal(map.tryDelete(i), true);
    assert.equal(map.tryDelete('never there'), true, 'what is not there is gone');
    assert.equal(map.size, 152);
    assert.deepEqual([map.has(8), map.get(9)], [false, 18]);
  },
  ROOMY,
);

heapTest('SharedMap.trySet, tryDelete return false where the lock is taken, and change nothing', (stage) => {
  const map = stage.heap.map<number, number>('test').set(1, 1);
  whileBucketsLocked(stage, () => {
    assert.equal(map.trySet(1, 2), false);
    assert.equal(map.trySet(2, 2), false);
    assert.equal(map.tryDelete(1), false);
    assert.equal(map.tryDelete(2), false);
  });
  assert.deepEqual([...map], [[1, 1]]);
  assert.equal(map.trySet(1, 2), true);
});

heapTest('SharedMap.trySet, returns false where there is no memory, and changes nothing', (stage) => {
  const map = stage.heap.map<number, number>('test').set(1, 1);
  for (let p = stage.heap.allocPagesNolock(0); p !== 0; p = stage.heap.allocPagesNolock(0)) stage.hold(p);
  let made = 2;
  while (map.trySet(made, made)) made++;
  assert.equal(map.size, made - 1);
  assert.equal(map.has(made), false);
  assert.equal(map.get(made - 1), made - 1);
});

heapTest('SharedMap.trySet, refuses what set() refuses', ({ heap }) => {
  const map = heap.map<never, never>('test');
  assert.throws(() => map.trySet({} as never, 1 as never), TypeError);
  assert.throws(() => map.trySet(1 as never, (() => 1) as never), TypeError);
  assert.throws(() => map.tryDelete(Number.NaN as never), TypeError);
  assert.equal(map.size, 0);
});

heapTest(
  'SharedMap.trySet, doubles the table, whose buckets are found before and after they are linked',
  (stage) => {
    const map = stage.heap.map<number, number>('test');
    const level = () => stage.words.loadPlain(rootOf(stage.heap) + MAP.level);
    const first = level();
    for (let i = 0; i < 500; i++) assert.ok(map.trySet(i, i));
    assert.ok(level() > first, `level ${level()}`);
    for (let i = 0; i < 500; i++) assert.equal(map.get(i), i);
    assert.equal(new Set(map.keys()).size, 500);
    for (let i = 0; i < 500; i++) map.set(i, -i);
    for (let i = 0; i < 500; i++) assert.equal(map.get(i), -i);
  },
  ROOMY,
);

heapTest('SharedMap, names trySet() where a write may not spin, and reads all the same', ({ heap }) => {
  const map = heap.map<number, number>('test').set(1, 1);
  const { context } = partsOf(heap);
  context.enterAtomic('a hook');
  for (const [name, write] of WAITING_WRITES) {
    assert.throws(
      () => write(map),
      (error: Error) =>
        error.name === 'ContextError' && error.message.startsWith(`called ${name} of a map in a hook`),
      name,
    );
  }
  assert.throws(() => map.set(1, 2), /trySet\(\) or tryDelete\(\)/);
  assert.equal(map.getOrInsert(1, 5), 1);
  assert.deepEqual([map.get(1), map.has(2), map.size], [1, false, 1]);
  assert.deepEqual([map.trySet(2, 2), map.tryDelete(1)], [true, true]);
  context.exitAtomic('a hook');
  assert.deepEqual(
    [...map.set(3, 3)].sort(([a], [b]) => a - b),
    [
      [2, 2],
      [3, 3],
    ],
  );
});

test('SharedMap.trySet, works in an audio worklet, where set() is refused', () => {
  const stage = new Stage(CONFIGURATIONS[0]!);
  stage.heap.map('test');
  const host = new FakeHost('may-neither');
  const worklet = Heap.attach(stage.heap.handle, { name: 'worklet' }, { host });
  const map = worklet.map<number, number>('test');
  assert.throws(() => map.set(1, 1), /called set\(\) of a map in an audio worklet/);
  for (let i = 0; i < 5000; i++) assert.ok(map.trySet(i & 63, i));
  for (let i = 0; i < 64; i++) assert.ok(map.tryDelete(i));
  host.runMicrotasks();
  worklet.detach();
  stage.endTurns();
  stage.balance();
});

for (const configuration of CONFIGURATIONS) {
  test(`SharedMap, is used by what runs inside its own allocation, and mixes nothing up (${configuration.label})`, () => {
    let run = (): void => {};
    const pageFault = {
      shouldFail() {
        const once = run;
        run = () => {};
        once();
        return false;
      },
    };
    const stage = new Stage(configuration, ROOMY, pageFault);
    const map = stage.heap.map<string, string>('test').set('inside', 'kept');
    let entered = 0;
    const inside = (): void => {
      entered++;
      assert.equal(map.get('inside'), 'kept');
      assert.equal(map.has('not there'), false);
      map.tryDelete('another key, longer than the first');
    };
    for (let i = 0; i < 400; i++) {
      run = inside;
      map.set(`key ${i}`, `value ${i}`);
      map.trySet(`tried ${i}`, `with value ${i}`);
    }
    run = () => {};
    assert.ok(entered > 0, 'no allocation asked for a page');
    for (let i = 0; i < 400; i++) {
      assert.equal(map.get(`key ${i}`), `value ${i}`);
      assert.equal(map.get(`tried ${i}`), `with value ${i}`);
    }
    assert.equal(map.size, 801);
    stage.endTurns();
    stage.balance();
  });
}

test('SharedMap.trySet, tryDelete allocate no JavaScript object for numbers', () => {
  // The stacks that a debug heap keeps are JavaScript objects.
  const heap = Heap.create({ bytes: 8 * 2 ** 20, debug: false });
  const map = heap.map<number, number>('test');
  const round = (): void => {
    for (let i = 0; i < 20_000; i++) {
      map.trySet(i & 255, i);
      if ((i & 3) === 3) map.tryDelete(i & 255);
    }
  };
  for (let i = 0; i < 20; i++) round();
  const grown: number[] = [];
  for (let i = 0; i < 21; i++) {
    const before = process.memoryUsage().heapUsed;
    round();
    grown.push(process.memoryUsage().heapUsed - before);
  }
  heap.detach();
  // One object a call would be 25,000 times 16 bytes and more. What is left is the measuring.
  const median = grown.sort((a, b) => a - b)[10]!;
  assert.ok(median < 25_000, `25,000 calls made ${median} bytes of JavaScript objects`);
});
