import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLayers } from './layers.js';
import { parseSource } from './source-file.js';

/** What the rule says about one file with one line, shortened to `line problem`. */
function problems(path: string, text: string): string[] {
  return checkLayers([parseSource(path, text)]).map((finding) => `${finding.line} ${finding.problem}`);
}

test('checkLayers() allows an import from a lower number', () => {
  assert.deepEqual(problems('src/slab/barn.ts', "import { Zone } from '../pages/zone.js';"), []);
});

test('checkLayers() allows an import from the own folder', () => {
  assert.deepEqual(problems('src/slab/barn.ts', "import { Sheaf } from './sheaf.js';"), []);
});

test('checkLayers() reports an import from a higher number, with both numbers', () => {
  assert.deepEqual(problems('src/rcu/call.ts', "\nimport { Zone } from '../pages/zone.js';"), [
    '2 rcu/ (layer 4) imports pages/ (layer 5)',
  ]);
});

test('checkLayers() reports an upward import that is only of a type', () => {
  assert.deepEqual(problems('src/heap/heap.ts', "import type { Map } from '../collections/map.js';"), [
    '1 heap/ (layer 7) imports collections/ (layer 8)',
  ]);
});

test('checkLayers() reports an import from a folder on the same number', () => {
  assert.deepEqual(problems('src/rcu/call.ts', "import { Group } from '../groups/group.js';"), [
    '1 rcu/ (layer 4) imports groups/ (layer 4)',
  ]);
});

test('checkLayers() sees dynamic imports, re-exports and import types', () => {
  const text = [
    "export { a } from '../heap/a.js';",
    "const b = import('../heap/b.js');",
    "type C = import('../heap/c.js').C;",
  ].join('\n');
  assert.deepEqual(problems('src/words/x.ts', text), [
    '1 words/ (layer 0) imports heap/ (layer 7)',
    '2 words/ (layer 0) imports heap/ (layer 7)',
    '3 words/ (layer 0) imports heap/ (layer 7)',
  ]);
});

test('checkLayers() ignores imports in comments and strings', () => {
  assert.deepEqual(problems('src/words/x.ts', '// import "node:fs"\nconst a = "import \'node:fs\'";'), []);
});

test('checkLayers() reports a package, a built-in module and a file outside src/', () => {
  const text = ["import fc from 'fast-check';", "import 'node:fs';", "import '../../tools/cli/run.js';"].join(
    '\n',
  );
  assert.deepEqual(problems('src/heap/heap.ts', text), [
    "1 imports 'fast-check'",
    "2 imports 'node:fs'",
    '3 imports tools/cli/run.ts',
  ]);
});

test('checkLayers() lets a unit test in src/ import all of src/, tests/ and the test modules', () => {
  const text = ['../heap/heap.js', '../../tests/model.js', 'node:test', 'node:assert/strict', 'fast-check']
    .map((specifier) => `import '${specifier}';`)
    .join('\n');
  assert.deepEqual(problems('src/words/words.test.ts', text), []);
});

test('checkLayers() reports a unit test in src/ that imports tools/ or another built-in module', () => {
  const text = "import '../../tools/checker/check.js';\nimport 'node:fs';";
  assert.deepEqual(problems('src/words/words.test.ts', text), [
    "1 a unit test in src/ imports '../../tools/checker/check.js'",
    "2 a unit test in src/ imports 'node:fs'",
  ]);
});

test('checkLayers() lets files directly in src/ import every folder and each other, and nobody the index', () => {
  assert.deepEqual(problems('src/heap-with-map.ts', "import './collections/map.js';"), []);
  assert.deepEqual(problems('src/index.ts', "import './heap-with-map.js';"), []);
  assert.deepEqual(problems('src/heap-with-map.ts', "import './index.js';"), ['1 imports src/index.ts']);
  assert.deepEqual(problems('src/slab/barn.ts', "import '../heap-with-map.js';"), [
    '1 slab/ (layer 6) imports src/ (layer 9)',
  ]);
});

test('checkLayers() lets only heap/ import the validator', () => {
  assert.deepEqual(problems('src/heap/heap.ts', "import '../lockdep/report.js';"), []);
  assert.deepEqual(problems('src/pages/zone.ts', "import '../lockdep/report.js';"), [
    '1 pages/ imports lockdep/',
  ]);
});

test('checkLayers() reports a folder without a number', () => {
  assert.deepEqual(problems('src/extras/x.ts', ''), ['1 src/extras/ has no layer number']);
});

test('checkLayers() reports whoever imports a test file, wherever it lies', () => {
  assert.deepEqual(problems('tests/x.ts', "import '../src/words/words.test.js';"), [
    '1 imports the test file src/words/words.test.ts, which would run its tests',
  ]);
});

test('checkLayers() leaves tools/, tests/ and bench/ free', () => {
  assert.deepEqual(problems('tools/cli/run.ts', "import 'commander';\nimport '../../src/index.js';"), []);
});
