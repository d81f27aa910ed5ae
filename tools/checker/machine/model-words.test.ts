/** ModelWords and modelAtomics do what NativeWords and Atomics do: the same operations on both, side by side. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NativeWords } from '../../../src/words/native-words.js';
import type { Words } from '../../../src/words/words.js';
import { at, modelOf, runOut, started } from '../../../tests/checker/hand-held.js';
import type { Stage } from '../model.js';
import { Machine } from './machine.js';
import { modelAtomics, plainGet, plainSet } from './model-atomics.js';
import type { ModelWords } from './model-words.js';

const LENGTH = 8;
const word = fc.integer({ min: 0, max: LENGTH - 1 });
// Whole numbers that reach past 32 bits, fractions, and what is no number: all are taken modulo 2^32.
const operand = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0x7fffffff, -0x80000000, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY, -0),
);

type Call = readonly [name: string, index: number, a: number, b: number];

const WORD_CALLS = ['load', 'store', 'exchange', 'compareExchange', 'add', 'and', 'or', 'notify'];
const PLAIN_CALLS = ['loadPlain', 'storePlain', 'dereference'];
const ATOMIC_CALLS = ['load', 'exchange', 'compareExchange', 'add', 'sub', 'and', 'or', 'xor', 'notify'];

function calls(names: readonly string[]): fc.Arbitrary<Call[]> {
  return fc.array(fc.tuple(fc.constantFrom(...names), word, operand, operand), {
    minLength: 1,
    maxLength: 20,
  });
}

function call(target: unknown, [name, ...args]: Call): unknown {
  const count = name === 'notify' ? 2 : /^(load|dereference)/.test(name) ? 1 : 3;
  return (target as Record<string, (...args: number[]) => unknown>)[name]!(...args.slice(0, count));
}

/** Runs `body` as the one thread of a model; every word is a step, or none. */
function runAlone(body: (stage: Stage) => Generator<unknown, void, unknown>, visible: 'all' | []): Machine {
  const machine = started(modelOf({ a: body }, { lengthWords: LENGTH }), visible);
  runOut(machine);
  assert.equal(machine.verdict(), undefined);
  return machine;
}

function memoryOf(words: Words): number[] {
  return Array.from({ length: LENGTH }, (_, index) => words.loadPlain(index));
}

function nativeWords(): NativeWords {
  return new NativeWords(new SharedArrayBuffer(LENGTH * 4));
}

for (const visible of ['all', []] as const) {
  const held = visible === 'all' ? 'held before each' : 'not held';
  test(`ModelWords, does what NativeWords does, ${held}`, () => {
    fc.assert(
      fc.property(calls([...WORD_CALLS, ...PLAIN_CALLS]), (program) => {
        const native = nativeWords();
        const expected = program.map((line) => call(native, line));
        const results: unknown[] = [];
        const machine = runAlone(
          function* ({ words }) {
            for (const line of program) results.push(yield* at(call(words, line)));
          },
          visible === 'all' ? 'all' : [],
        );
        // What Words promises nothing of may return something here: a thread has to be told that it is held.
        const promised = (_: unknown, i: number) => !/^store/.test(program[i]![0]);
        assert.deepEqual(results.filter(promised), expected.filter(promised));
        assert.deepEqual(memoryOf(machine.words), memoryOf(native));
      }),
    );
  });

  test(`modelAtomics, does what Atomics does, ${held}`, () => {
    fc.assert(
      fc.property(calls(ATOMIC_CALLS), (program) => {
        const native = new Int32Array(new SharedArrayBuffer(LENGTH * 4));
        const onNative = (line: Call) => {
          const [name, ...args] = line;
          return call({ [name]: (...rest: number[]) => Reflect.get(Atomics, name)(native, ...rest) }, [
            name,
            ...args,
          ]);
        };
        const expected = program.map(onNative);
        const results: unknown[] = [];
        const machine = runAlone(
          function* ({ buffer }) {
            const array = new Int32Array(buffer);
            for (const [name, index, a, b] of program) {
              const operation = Reflect.get(modelAtomics, name) as (...args: unknown[]) => unknown;
              const onArray = { [name]: (...rest: number[]) => operation(array, ...rest) };
              results.push(yield* at(call(onArray, [name, index, a, b])));
            }
          },
          visible === 'all' ? 'all' : [],
        );
        assert.deepEqual(results, expected);
        assert.deepEqual(memoryOf(machine.words), [...native]);
      }),
    );
  });
}

test('ModelWords, does outside of the threads what NativeWords does', () => {
  fc.assert(
    fc.property(calls([...WORD_CALLS, ...PLAIN_CALLS, 'sub', 'xor']), (program) => {
      const { words } = new Machine(modelOf({ *a() {} }, { lengthWords: LENGTH }), {});
      const array = new Int32Array(new SharedArrayBuffer(LENGTH * 4));
      const native = nativeWords();
      for (const line of program) {
        const [name, index, a] = line;
        const onBoth = name !== 'sub' && name !== 'xor';
        const before = onBoth ? memoryOf(native) : memoryOf(words);
        const result = call(words, line);
        if (onBoth && !name.startsWith('store')) assert.equal(result, call(native, line));
        else if (onBoth) call(native, line);
        else {
          array.set(before);
          assert.equal(result, Reflect.get(Atomics, name)(array, index, a));
          native.store(index, array[index]!);
        }
        assert.deepEqual(memoryOf(words), memoryOf(native));
      }
    }),
  );
});

test('ModelWords, fills and copies as NativeWords does', () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 12 });
  const at4 = fc.integer({ min: 0, max: 4 });
  fc.assert(
    fc.property(bytes, at4, at4, at4, operand, (source, to, from, end, value) => {
      const copies = [
        nativeWords(),
        new Machine(modelOf({ *a() {} }, { lengthWords: LENGTH }), {}).words,
      ].map((words: NativeWords | ModelWords) => {
        words.fillPlain(Math.min(from, end), Math.max(from, end), value);
        words.writeBytesPlain(to, source, source.length);
        const target = new Uint8Array(16);
        words.readBytesPlain(from, target, source.length);
        return { target: [...target], memory: memoryOf(words) };
      });
      assert.deepEqual(copies[1], copies[0]);
    }),
  );
});

test('plainGet and plainSet, are elements of other arrays and properties of other objects', () => {
  const array = [1, 2];
  const object: Record<string, unknown> = { x: 1 };
  assert.equal(plainSet(array, 1, 5), 5);
  assert.equal(plainSet(object, 'x', 'y'), 'y');
  assert.deepEqual([array, object, plainGet(array, 1), plainGet(object, 'x')], [[1, 5], { x: 'y' }, 5, 'y']);
});

test('plainSet, gives the value that it was given, before the threads start too', () => {
  const seen: unknown[] = [];
  const set = (stage: Stage) => plainSet(new Int32Array(stage.buffer), 3, 7);
  const machine = started(
    modelOf(
      {
        *a(stage) {
          seen.push(yield* at(set(stage)));
        },
      },
      {
        setup(stage) {
          seen.push(set(stage));
          return stage;
        },
      },
    ),
  );
  runOut(machine);
  assert.deepEqual(seen, [7, 7]);
});

test('modelAtomics, goes to real memory where the array is not of a model', () => {
  const array = new Int32Array(new SharedArrayBuffer(8));
  assert.equal(modelAtomics.add(array, 1, 5), 0);
  assert.equal(modelAtomics.load(array, 1), 5);
  assert.equal(modelAtomics.wait(array, 1, 4), 'not-equal');
  assert.equal(modelAtomics.notify(array, 1), 0);
  assert.equal(array[1], 5);
});

test('modelAtomics, finds the word of an array that begins within the memory', () => {
  const { words, performer } = new Machine(modelOf({ *a() {} }, { lengthWords: LENGTH }), {});
  modelAtomics.store(new Int32Array(performer.memory.buffer, 8, 2), 1, 9);
  assert.equal(words.loadPlain(3), 9);
});

test('modelAtomics, says what is wrong with an array or an index that no model has', () => {
  const { memory } = new Machine(modelOf({ *a() {} }, { lengthWords: LENGTH }), {}).performer;
  const array = new Int32Array(memory.buffer);
  assert.throws(
    () => modelAtomics.load(array, LENGTH),
    /^RangeError: accessed element 8 of an Int32Array of 8/,
  );
  assert.throws(() => plainGet(array, -1), /^RangeError: accessed element -1/);
  const bytes = new Uint8Array(memory.buffer) as unknown as Int32Array;
  assert.throws(() => modelAtomics.load(bytes, 0), /^TypeError: used Uint8Array .* knows Int32Array alone/);
  assert.throws(() => modelAtomics.waitAsync(), /waitAsync.*use Atomics\.wait/);
});

test('waitAsync, throws an Error that says what to use in a model', () => {
  const { words } = new Machine(modelOf({ *a() {} }, { lengthWords: LENGTH }), {});
  assert.throws(() => words.waitAsync(3), /^Error: called waitAsync\(\) for word 3 in a model.*use wait\(\)/);
});

test('ModelWords, says which words there are, held or not', () => {
  for (const visible of ['all', []] as const) {
    const machine = started(
      modelOf(
        {
          *a({ words }) {
            yield* at(words.load(LENGTH));
          },
        },
        { lengthWords: LENGTH },
      ),
      visible === 'all' ? 'all' : [],
    );
    runOut(machine);
    assert.match(machine.verdict()!.message, /^thread a: RangeError: accessed word 8 of .* 0\.\.7/);
  }
});
