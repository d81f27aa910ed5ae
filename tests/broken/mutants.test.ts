import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mutantsPage } from './mutants-page.js';

test('docs/mutants.md, lists the twins that there are', async () => {
  assert.equal(
    readFileSync('docs/mutants.md', 'utf8'),
    await mutantsPage(),
    'run node dist/tests/broken/write-mutants.js',
  );
});
