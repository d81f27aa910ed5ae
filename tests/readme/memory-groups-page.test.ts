/** The examples of docs/memory-groups.md, run against the built package: each prints what the page says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf, runExample } from './examples.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

const examples = examplesOf(readFileSync(`${PACKAGE_FOLDER}docs/memory-groups.md`, 'utf8'));

test('docs/memory-groups.md, has an example of a limit, and one of groups in groups', () => {
  const programs = examples.map(({ files }) => files.get('main.mjs')!);
  assert.ok(programs.some((program) => program.includes('GroupLimitError')));
  assert.ok(programs.some((program) => program.includes('parent:')));
});

for (const example of examples) {
  test(`docs/memory-groups.md line ${example.line}, prints what the page says`, async () => {
    assert.equal(await runExample(example, PACKAGE_FOLDER), `${example.prints}\n`);
  });
}
