/** The example of docs/death.md, run against the built package: it prints what the page says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf, runExample } from './examples.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

const examples = examplesOf(readFileSync(`${PACKAGE_FOLDER}docs/death.md`, 'utf8'));

test('docs/death.md, has an example', () => {
  assert.equal(examples.length, 1);
});

for (const example of examples) {
  test(`docs/death.md line ${example.line}, prints what the page says`, async () => {
    assert.equal(await runExample(example, PACKAGE_FOLDER), `${example.prints}\n`);
  });
}
