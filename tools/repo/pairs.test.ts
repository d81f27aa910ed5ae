import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPairs } from './pairs.js';
import { parseSource } from './source-file.js';

/** The findings about some files of src/, as `path:line problem`. */
function problems(files: Record<string, string>): string[] {
  const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
  return checkPairs(sources).map((finding) => `${finding.path}:${finding.line} ${finding.problem}`);
}

/** The findings about one file whose P1 has both its ends at the bottom. */
function siteProblems(text: string): string[] {
  const ends = '\nobserve(); // P1: observes.\n\n\n\n\npublish(); // P1: publishes.';
  return problems({ 'src/slab/barn.ts': text + ends });
}

test('checkPairs() reports every atomic call on words without a comment', () => {
  const methods = ['load', 'store', 'exchange', 'compareExchange', 'add', 'or', 'and'];
  assert.deepEqual(
    siteProblems(methods.map((method) => `words.${method}(0);`).join('\n')),
    methods.map(
      (method, index) => `src/slab/barn.ts:${index + 1} words.${method}() does not say what it pairs with`,
    ),
  );
});

test('checkPairs() knows words by the end of the name, as a variable, member or private member', () => {
  assert.deepEqual(siteProblems('zoneWords.load(0);\nthis.#words.load(0);\nthis.heap.words.load(0);'), [
    'src/slab/barn.ts:1 zoneWords.load() does not say what it pairs with',
    'src/slab/barn.ts:2 this.#words.load() does not say what it pairs with',
    'src/slab/barn.ts:3 this.heap.words.load() does not say what it pairs with',
  ]);
});

test('checkPairs() ignores plain accesses, other receivers and other folders', () => {
  assert.deepEqual(siteProblems('words.loadPlain(0); words.dereference(0); seen.add(0);'), []);
  assert.deepEqual(problems({ 'src/words/words.ts': 'words.load(0);' }), []);
  assert.deepEqual(
    problems({ 'src/slab/barn.test.ts': 'words.load(0);', 'tools/x.ts': 'words.load(0);' }),
    [],
  );
});

test('checkPairs() accepts a pair, "counter only" and "publishes nothing", on the line or above it', () => {
  assert.deepEqual(siteProblems('words.store(0, 1); // P1: publishes the links.'), []);
  assert.deepEqual(siteProblems('// Counter only.\nwords.add(0, 1);'), []);
  assert.deepEqual(siteProblems('// Publishes nothing: a look.\n\nif (words.load(0) !== 0) go();'), []);
});

test('checkPairs() accepts a comment above a call that spans lines', () => {
  assert.deepEqual(siteProblems('// P1: publishes.\nconst old = this.#words\n  .exchange(0, 1);'), []);
});

test('checkPairs() accepts a comment three code lines above and not four', () => {
  const above = (lines: number): string => `// Counter only.\n${'step();\n\n'.repeat(lines)}words.add(0, 1);`;
  assert.deepEqual(siteProblems(above(3)), []);
  assert.deepEqual(siteProblems(above(4)), [
    'src/slab/barn.ts:10 words.add() does not say what it pairs with',
  ]);
});

test('checkPairs() rejects a comment that says something else', () => {
  assert.deepEqual(siteProblems('// The number of sheaves, in P-states.\nwords.load(0);'), [
    'src/slab/barn.ts:2 words.load() does not say what it pairs with',
  ]);
});

test('checkPairs() reports a pair with one end, and does not count heads as ends', () => {
  const barn = '/**\n * Barn.\n *\n * P1  put publishes the links.\n */\nput(); // P1: publishes.';
  assert.deepEqual(problems({ 'src/slab/barn.ts': barn }), [
    'src/slab/barn.ts:1 barn:P1 is mentioned in 1 place outside file heads',
  ]);
  assert.deepEqual(
    problems({ 'src/slab/barn.ts': barn, 'src/slab/take.ts': 'take(); // barn:P1: observes.' }),
    [],
  );
});

test('checkPairs() reports a pair that a head defines and nobody names', () => {
  assert.deepEqual(problems({ 'src/slab/barn.ts': '// P2  put publishes.\n\nput();' }), [
    'src/slab/barn.ts:1 barn:P2 is mentioned in 0 places outside file heads',
  ]);
});

test('checkPairs() reads a short name as the pair in brackets after its definition', () => {
  const files = {
    'src/layout/zone-record.ts': '/**\n * P2  deferred: the block below is published.\n */\nconst a = 1;',
    'src/pages/zone.ts':
      '/**\n * P1  (zone-record:P2) push and drain.\n */\npush(); // P1: publishes.\n\ndrain(); // P1: observes.',
  };
  assert.deepEqual(problems(files), []);
});

test('checkPairs() counts a block of line comments as one place', () => {
  const text = 'const a = 1;\n// P1: publishes the links,\n// which P1 of the other end reads.\nput();';
  assert.deepEqual(problems({ 'src/slab/barn.ts': text }), [
    'src/slab/barn.ts:2 barn:P1 is mentioned in 1 place outside file heads',
  ]);
});

test('checkPairs() reports a pair of a file that does not exist, and knows folders', () => {
  const text = 'a(); // bran:P1\n\nb(); // bran:P1, slab:P7\n\nc(); // slab:P7';
  assert.deepEqual(problems({ 'src/slab/barn.ts': text }), [
    'src/slab/barn.ts:1 bran:P1 names no file or folder of src/',
  ]);
});
