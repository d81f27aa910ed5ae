import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkExports } from './exports.js';
import { parseSource } from './source-file.js';

function problems(path: string, text: string): string[] {
  return checkExports([parseSource(path, text)]).map((finding) => `${finding.line} ${finding.problem}`);
}

test('checkExports() allows src/index.ts and no other index', () => {
  assert.deepEqual(problems('src/index.ts', ''), []);
  assert.deepEqual(problems('src/pages/index.ts', ''), ['1 is an index file']);
  assert.deepEqual(problems('tools/cli/index.ts', ''), ['1 is an index file']);
});

test('checkExports() allows named lists, with and without a source', () => {
  assert.deepEqual(problems('src/index.ts', "export { a } from './a.js';\nconst b = 1;\nexport { b };"), []);
});

test('checkExports() reports `export *`, with a name and without', () => {
  assert.deepEqual(problems('src/index.ts', "\nexport * from './a.js';\nexport * as b from './b.js';"), [
    '2 says `export *`',
    '3 says `export *`',
  ]);
});
