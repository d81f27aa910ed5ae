import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCycles } from './cycles.js';
import { parseSource } from './source-file.js';

/** Makes a file for each entry, in src/, with one import a line. */
function problems(files: Record<string, readonly string[]>): string[] {
  const sources = Object.entries(files).map(([name, imports]) =>
    parseSource(`src/${name}.ts`, imports.map((other) => `import './${other}.js';`).join('\n')),
  );
  return checkCycles(sources).map((finding) => `${finding.path}:${finding.line} ${finding.problem}`);
}

test('checkCycles() allows two ways to one file', () => {
  assert.deepEqual(problems({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }), []);
});

test('checkCycles() reports two files that import each other once, at the import', () => {
  assert.deepEqual(problems({ a: ['c', 'b'], b: ['a'], c: [] }), [
    'src/a.ts:2 imports itself: src/a.ts -> src/b.ts -> src/a.ts',
  ]);
});

test('checkCycles() reports a file that imports itself', () => {
  assert.deepEqual(problems({ a: ['a'] }), ['src/a.ts:1 imports itself: src/a.ts -> src/a.ts']);
});

test('checkCycles() reports a knot of several cycles once, by its shortest', () => {
  assert.deepEqual(problems({ a: ['b'], b: ['c'], c: ['a', 'b'], d: ['a'] }), [
    'src/a.ts:1 imports itself: src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts',
  ]);
});

test('checkCycles() reports two knots apart', () => {
  assert.deepEqual(problems({ a: ['b'], b: ['a'], c: ['d', 'a'], d: ['c'] }), [
    'src/a.ts:1 imports itself: src/a.ts -> src/b.ts -> src/a.ts',
    'src/c.ts:1 imports itself: src/c.ts -> src/d.ts -> src/c.ts',
  ]);
});

test('checkCycles() counts imports of types', () => {
  const files = [
    parseSource('src/a.ts', "import type { B } from './b.js';"),
    parseSource('src/b.ts', "import type { A } from './a.js';"),
  ];
  assert.equal(checkCycles(files).length, 1);
});
