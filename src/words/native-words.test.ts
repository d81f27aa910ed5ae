import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { engineHost } from './host.js';
import { isSharedBuffer, NativeWords, reserveBuffer, StrictNativeWords } from './native-words.js';
import type { Words } from './words.js';

const MIN = -(2 ** 31);
const MAX = 2 ** 31 - 1;
const int32 = fc.integer({ min: MIN, max: MAX });

const KINDS = [
  ['NativeWords', (buffer: SharedArrayBuffer): Words => new NativeWords(buffer)],
  ['StrictNativeWords', (buffer: SharedArrayBuffer): Words => new StrictNativeWords(buffer)],
] as const;

/** Every way to read word 1 of `words`. */
function readsOf(words: Words): number[] {
  return [words.load(1), words.loadPlain(1), words.dereference(1), words.add(1, 0), words.or(1, 0)];
}

for (const [kind, make] of KINDS) {
  const wordsOf = (bytes: number): Words => make(reserveBuffer(bytes));

  test(`lengthWords counts the words of the buffer, and all are zero at first (${kind})`, () => {
    const words = wordsOf(4096);
    assert.equal(words.lengthWords, 1024);
    for (let i = 0; i < 1024; i++) assert.equal(words.loadPlain(i), 0);
  });

  test(`store(), storePlain() and exchange() write a word that every way of reading sees (${kind})`, () => {
    const words = wordsOf(64);
    words.store(1, -5);
    assert.deepEqual(readsOf(words), Array(5).fill(-5));
    words.storePlain(1, MAX);
    assert.deepEqual(readsOf(words), Array(5).fill(MAX));
    assert.equal(words.exchange(1, MIN), MAX);
    assert.deepEqual(readsOf(words), Array(5).fill(MIN));
    assert.deepEqual([words.loadPlain(0), words.loadPlain(2)], [0, 0]);
  });

  test(`store() and storePlain() keep the low 32 bits as a signed number (${kind})`, () => {
    const words = wordsOf(64);
    words.store(0, 2 ** 31);
    words.storePlain(1, 2 ** 32 + 7);
    assert.deepEqual([words.load(0), words.loadPlain(1)], [MIN, 7]);
  });

  test(`compareExchange() writes only where the word holds what is expected, and returns what it held (${kind})`, () => {
    const words = wordsOf(64);
    words.store(3, 8);
    assert.equal(words.compareExchange(3, 7, 1), 8);
    assert.equal(words.load(3), 8);
    assert.equal(words.compareExchange(3, 8, 1), 8);
    assert.equal(words.load(3), 1);
  });

  test(`add() wraps at 32 bits and returns what the word held (${kind})`, () => {
    const words = wordsOf(64);
    words.store(2, MAX);
    assert.equal(words.add(2, 1), MAX);
    assert.equal(words.load(2), MIN);
    assert.equal(words.add(2, -1), MIN);
    assert.equal(words.load(2), MAX);
  });

  test(`and() and or() return what the word held (${kind})`, () => {
    const words = wordsOf(64);
    words.store(2, 0b1100);
    assert.equal(words.and(2, 0b0110), 0b1100);
    assert.equal(words.or(2, 0b0011), 0b0100);
    assert.equal(words.load(2), 0b0111);
  });

  test(`each read-modify-write agrees with the same step on a number (${kind})`, () => {
    const words = wordsOf(64);
    fc.assert(
      fc.property(int32, int32, (before, value) => {
        const after = (step: (v: number) => number): number => {
          words.store(5, before);
          assert.equal(step(value), before);
          return words.load(5);
        };
        assert.equal(
          after((v) => words.exchange(5, v)),
          value,
        );
        assert.equal(
          after((v) => words.add(5, v)),
          (before + value) | 0,
        );
        assert.equal(
          after((v) => words.and(5, v)),
          before & value,
        );
        assert.equal(
          after((v) => words.or(5, v)),
          before | value,
        );
        assert.equal(
          after((v) => words.compareExchange(5, before, v)),
          value,
        );
        assert.equal(
          after((v) => words.compareExchange(5, before ^ 1, v)),
          before,
        );
      }),
    );
  });

  test(`wait() returns at once where the word holds something else, and after its time where nobody wakes it (${kind})`, () => {
    const words = wordsOf(64);
    assert.equal(words.wait(0, 1, 60_000), 'not-equal');
    assert.equal(words.wait(0, 0, 1), 'timed-out');
  });

  test(`notify() wakes as many sleepers on the word as it is told, and returns how many (${kind})`, async () => {
    const words = wordsOf(64);
    const sleepers = [0, 1, 2].map(() => words.waitAsync(4, 0, Number.POSITIVE_INFINITY)!.value);
    assert.equal(words.notify(5, 10), 0);
    assert.equal(words.notify(4, 2), 2);
    assert.deepEqual(await Promise.all(sleepers.slice(0, 2)), ['ok', 'ok']);
    assert.equal(words.notify(4, 10), 1);
    assert.equal(await sleepers[2], 'ok');
    assert.equal(words.notify(4, 10), 0);
  });

  test(`waitAsync() says at once that the word holds another value, or that there is no time (${kind})`, () => {
    const words = wordsOf(64);
    words.store(4, 7);
    assert.deepEqual({ ...words.waitAsync(4, 6, 100) }, { async: false, value: 'not-equal' });
    assert.deepEqual({ ...words.waitAsync(4, 7, 0) }, { async: false, value: 'timed-out' });
  });

  test(`waitAsync() resolves when its time is over, and is not woken after that (${kind})`, async () => {
    const words = wordsOf(64);
    const endKeepAlive = engineHost.startKeepAlive();
    const slept = words.waitAsync(4, 0, 2)!;
    assert.equal(slept.async, true);
    assert.equal(await slept.value, 'timed-out');
    assert.equal(words.notify(4, 10), 0);
    endKeepAlive();
  });

  test(`waitAsync() through one view of a buffer is woken through another (${kind})`, async () => {
    const buffer = reserveBuffer(64);
    const slept = make(buffer).waitAsync(4, 0, 10_000)!;
    assert.equal(make(buffer).notify(4, 1), 1);
    assert.equal(await slept.value, 'ok');
  });

  test(`pause() returns, whether the engine knows a spin hint or not (${kind})`, () => {
    wordsOf(64).pause();
  });

  test(`fillPlain() writes from the first word to before the last (${kind})`, () => {
    const words = wordsOf(64);
    words.fillPlain(3, 6, -1);
    assert.deepEqual(
      [2, 3, 4, 5, 6].map((i) => words.loadPlain(i)),
      [0, -1, -1, -1, 0],
    );
    words.fillPlain(4, 4, 9);
    assert.equal(words.loadPlain(4), -1);
  });

  test(`writeBytesPlain() and readBytesPlain() copy exactly so many bytes, and leave their neighbours (${kind})`, () => {
    const words = wordsOf(256);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(40),
        fc.integer({ min: 1, max: 20 }),
        (source, cut, index) => {
          const length = Math.min(cut, source.length);
          words.fillPlain(0, words.lengthWords, 0x55555555);
          words.writeBytesPlain(index, source, length);
          const all = new Uint8Array(256);
          words.readBytesPlain(0, all, 256);
          const expected = new Uint8Array(256).fill(0x55);
          expected.set(source.subarray(0, length), index * 4);
          assert.deepEqual(all, expected);
          const target = new Uint8Array(length + 3).fill(0xee);
          words.readBytesPlain(index, target, length);
          assert.deepEqual(target.subarray(0, length), source.subarray(0, length));
          assert.deepEqual([...target.subarray(length)], [0xee, 0xee, 0xee]);
        },
      ),
    );
  });

  test(`two views of one buffer see the same words, as two threads do (${kind})`, () => {
    const buffer = reserveBuffer(64);
    const [one, other] = [make(buffer), make(buffer)];
    one.storePlain(7, 42);
    assert.equal(other.dereference(7), 42);
  });
}

test('StrictNativeWords.dereference() is an atomic load, that of NativeWords is not', () => {
  const loadsOf = (words: NativeWords): number => {
    let loads = 0;
    words.load = () => ++loads;
    words.dereference(0);
    return loads;
  };
  assert.equal(loadsOf(new StrictNativeWords(reserveBuffer(64))), 1);
  assert.equal(loadsOf(new NativeWords(reserveBuffer(64))), 0);
});

test('waitAsync() is undefined where the engine has none', async () => {
  const saved = Object.getOwnPropertyDescriptor(Atomics, 'waitAsync')!;
  Object.defineProperty(Atomics, 'waitAsync', { value: undefined, configurable: true });
  try {
    // Known under another name, so that it is evaluated again.
    const name = './native-words.js?without-waitAsync';
    const module = (await import(name)) as { NativeWords: typeof NativeWords };
    assert.equal(new module.NativeWords(reserveBuffer(64)).waitAsync(1, 0, 0), undefined);
  } finally {
    Object.defineProperty(Atomics, 'waitAsync', saved);
  }
});

test('isSharedBuffer() tells a SharedArrayBuffer from everything else', () => {
  assert.equal(isSharedBuffer(reserveBuffer(8)), true);
  for (const other of [
    new ArrayBuffer(8),
    new Int32Array(reserveBuffer(8)),
    {},
    null,
    undefined,
    8,
    'buffer',
  ]) {
    assert.equal(isSharedBuffer(other), false);
  }
});
