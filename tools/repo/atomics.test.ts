import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAtomics } from './atomics.js';
import { parseSource } from './source-file.js';

function problems(text: string, path = 'src/slab/barn.ts'): string[] {
  return checkAtomics([parseSource(path, text)]).map((finding) => `${finding.line} ${finding.problem}`);
}

test('checkAtomics() reports Atomics, also by way of globalThis', () => {
  assert.deepEqual(
    problems('Atomics.load(a, 0);\nglobalThis.Atomics.load(a, 0);\nconst { load } = Atomics;'),
    ['1 says `Atomics`', '2 says `Atomics`', '3 says `Atomics`'],
  );
});

test('checkAtomics() names the replacement', () => {
  const [finding] = checkAtomics([parseSource('src/slab/barn.ts', 'Atomics.load(a, 0)')]);
  assert.match(finding?.remedy ?? '', /words\.load\(\).*src\/words\/native-words\.ts/);
  const [clock] = checkAtomics([parseSource('src/slab/barn.ts', 'Date.now()')]);
  assert.match(clock?.remedy ?? '', /src\/words\/host\.ts.*host\.nowMillis\(\)/);
});

test('checkAtomics() ignores comments, strings, member names and types', () => {
  const text = [
    '// Atomics.load, Date.now(), setTimeout',
    "const text = 'Math.random() and Atomics';",
    'type Engine = { crypto: number; setTimeout(task: () => void): void };',
    'const engine: Engine = { crypto: 1, setTimeout() {} };',
    'engine.setTimeout(task); host.queueMicrotask(task);',
    'function take(buffer: SharedArrayBuffer): boolean { return value instanceof Date; }',
  ].join('\n');
  assert.deepEqual(problems(text), []);
});

test('checkAtomics() reports clocks, timers, microtasks and random numbers', () => {
  const text = [
    'Date.now()',
    'new Date()',
    'performance.now()',
    'Math.random()',
    'setTimeout(f, 1)',
    'queueMicrotask(f)',
    'crypto.randomUUID()',
    'globalThis.setTimeout(f)',
    'const bag = { queueMicrotask };',
  ].join(';\n');
  assert.deepEqual(problems(text), [
    '1 asks `Date` for the time',
    '2 asks `Date` for the time',
    '3 says `performance`',
    '4 says `Math.random`',
    '5 says `setTimeout`',
    '6 says `queueMicrotask`',
    '7 says `crypto`',
    '8 says `setTimeout`',
    '9 says `queueMicrotask`',
  ]);
});

test('checkAtomics() reports TextEncoder and TextDecoder, which an audio worklet lacks', () => {
  assert.deepEqual(problems('new TextDecoder().decode(a);\nconst encoder = new TextEncoder();'), [
    '1 says `TextDecoder`',
    '2 says `TextEncoder`',
  ]);
  const [finding] = checkAtomics([parseSource('src/heap/registry.ts', 'new TextDecoder()')]);
  assert.match(finding?.remedy ?? '', /decodeUtf8\(\) of src\/words\/utf8\.ts/);
});

test('checkAtomics() allows other members of Math', () => {
  assert.deepEqual(problems('Math.clz32(a)'), []);
});

test('checkAtomics() reports a new SharedArrayBuffer and views over buffers', () => {
  const text = [
    'new SharedArrayBuffer(8)',
    'new Int32Array(buffer)',
    'new Uint8Array(words.buffer)',
    'new Float64Array(x, 8, 1)',
    'new DataView(sharedBytes)',
    'new Int32Array(new SharedArrayBuffer(8))',
  ].join(';\n');
  assert.deepEqual(problems(text), [
    '1 makes a SharedArrayBuffer',
    '2 lays a Int32Array over a buffer that may be shared',
    '3 lays a Uint8Array over a buffer that may be shared',
    '4 lays a Float64Array over a buffer that may be shared',
    '5 lays a DataView over a buffer that may be shared',
    '6 lays a Int32Array over a buffer that may be shared',
    '6 makes a SharedArrayBuffer',
  ]);
});

test('checkAtomics() allows private memory: arrays of a length, and views over what the file made', () => {
  const text = [
    'const counts = new Int32Array(64); const copy = new Uint8Array(NAME_WORDS * 4);',
    'const floats = new Float64Array(1); const halves = new Int32Array(floats.buffer);',
    'const scratch = new ArrayBuffer(8); const view = new DataView(scratch);',
    'class Scratch { readonly #floats = new Float64Array(1); readonly #ints = new Int32Array(this.#floats.buffer); }',
  ].join('\n');
  assert.deepEqual(problems(text), []);
});

test('checkAtomics() lets native-words.ts and host.ts say what is theirs, and no more', () => {
  const shared = 'Atomics.load(new Int32Array(new SharedArrayBuffer(8)), 0)';
  assert.deepEqual(problems(shared, 'src/words/native-words.ts'), []);
  assert.deepEqual(problems('performance.now()', 'src/words/host.ts'), []);
  assert.deepEqual(problems('performance.now()', 'src/words/native-words.ts'), ['1 says `performance`']);
  assert.deepEqual(problems('Atomics.load(a, 0)', 'src/words/host.ts'), ['1 says `Atomics`']);
});

test('checkAtomics() looks at src/ without its tests', () => {
  for (const path of ['src/slab/barn.test.ts', 'tools/cli/run.ts', 'tests/x.ts', 'bench/run.ts']) {
    assert.deepEqual(problems('Atomics.load(a, 0); Date.now()', path), []);
  }
});
