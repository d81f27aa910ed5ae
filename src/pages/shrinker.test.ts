import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT } from '../layout/thread-slot.js';
import { NativeWords } from '../words/native-words.js';
import { DEF_PRIORITY, type Shrinker, ShrinkerList } from './shrinker.js';

function listOf(...shrinkers: Shrinker[]) {
  const words = new NativeWords(new SharedArrayBuffer(4096));
  const list = new ShrinkerList(words, 0);
  const removers = shrinkers.map((shrinker) => list.register(shrinker));
  return { words, list, removers };
}

/** Holds `amount`, and gives what it is asked for. */
class Stock implements Shrinker {
  readonly name: string;
  amount: number;
  readonly asked: number[] = [];

  constructor(amount: number, name = 'stock') {
    this.amount = amount;
    this.name = name;
  }

  count(): number {
    return this.amount;
  }

  scan(n: number): number {
    this.asked.push(n);
    this.amount -= n;
    return n;
  }
}

test('ShrinkerList.shrink(), asks each for its count >> priority', () => {
  const large = new Stock(10_000);
  const small = new Stock(7);
  const { list } = listOf(large, small);
  assert.equal(list.shrink(DEF_PRIORITY), 2);
  assert.equal(list.shrink(2), 2499 + 1);
  assert.equal(list.shrink(0), 7499 + 6);
  assert.deepEqual(
    [large.asked, small.asked],
    [
      [2, 2499, 7499],
      [1, 6],
    ],
  );
  assert.equal(list.shrink(0), 0);
});

test('ShrinkerList.firstPriority(), leaves out the passes in which nobody has a share', () => {
  assert.equal(listOf().list.firstPriority(), 0);
  assert.equal(listOf(new Stock(0)).list.firstPriority(), 0);
  assert.equal(listOf(new Stock(1)).list.firstPriority(), 0);
  assert.equal(listOf(new Stock(3), new Stock(9)).list.firstPriority(), 3);
  assert.equal(listOf(new Stock(1e9)).list.firstPriority(), DEF_PRIORITY);
});

test('ShrinkerList.shrink(), counts what was asked for and what was given', () => {
  const { list, words } = listOf({ name: 'mean', count: () => 8, scan: () => 3 });
  list.shrink(1);
  assert.deepEqual([words.loadPlain(SLOT.scanned), words.loadPlain(SLOT.reclaimed)], [4, 3]);
});

test('ShrinkerList.register(), returns what takes that one off, and no other', () => {
  const stock = new Stock(8);
  const { list, removers } = listOf(stock, stock);
  assert.equal(list.shrink(2), 2 + 1);
  removers[0]!();
  removers[0]!();
  assert.equal(list.shrink(0), 5);
  assert.deepEqual(stock.asked, [2, 1, 5]);
  removers[1]!();
  stock.amount = 8;
  assert.equal(list.shrink(0), 0);
});

test('ShrinkerList.shrink(), asks all of them also where one takes itself off', () => {
  const last = new Stock(2);
  const { list, removers } = listOf({ name: 'once', count: () => 1, scan: () => removers[0]!() ?? 1 }, last);
  assert.equal(list.shrink(0), 3);
  last.amount = 4;
  assert.equal(list.shrink(0), 4);
});

test('ShrinkerList.isScanning(), is true inside of count() and scan(), and false after one has thrown', () => {
  const seen: boolean[] = [];
  const look = () => {
    seen.push(list.isScanning());
    return 1;
  };
  const { list } = listOf({ name: 'look', count: look, scan: look });
  assert.equal(list.isScanning(), false);
  list.shrink(0);
  assert.deepEqual(seen, [true, true]);
  list.register({
    name: 'broken',
    count: () => 1,
    scan: () => {
      throw new Error('broken');
    },
  });
  assert.throws(() => list.shrink(0), /^Error: broken$/);
  assert.equal(list.isScanning(), false);
});

test('ShrinkerList, refuses what is no shrinker, and amounts that are none', () => {
  const { list } = listOf();
  for (const wrong of [undefined, null, 1, {}, { name: '', count: () => 0, scan: () => 0 }, { name: 'x' }]) {
    assert.throws(() => list.register(wrong as unknown as Shrinker), {
      name: 'TypeError',
      message:
        /a shrinker has a name that is a string and not empty, and the functions count\(\) and scan\(n\)/,
    });
  }
  for (const amount of [Number.NaN, -1, Number.POSITIVE_INFINITY, '3', undefined]) {
    const remove = list.register({ name: 'odd', count: () => amount as number, scan: () => 0 });
    assert.throws(() => list.shrink(0), {
      name: 'TypeError',
      message: /shrinker odd returned .* from count\(\)/,
    });
    remove();
  }
  list.register({ name: 'odd', count: () => 1, scan: () => Number.NaN });
  assert.throws(() => list.shrink(0), {
    message: /shrinker odd returned NaN from scan\(\); it is a number, 0 to/,
  });
});
