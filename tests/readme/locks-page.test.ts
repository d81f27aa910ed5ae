/** The examples of docs/locks.md, run against the built package: each prints what the page says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf, runExample } from './examples.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

const examples = examplesOf(readFileSync(`${PACKAGE_FOLDER}docs/locks.md`, 'utf8'));

test('docs/locks.md, has an example of a worker that dies, one of a condition, and others', () => {
  const workers = examples.map(({ files }) => files.get('worker.mjs') ?? '');
  assert.ok(workers.some((text) => text.includes('mutex')));
  assert.ok(workers.some((text) => text.includes('condVar')));
  assert.ok(examples.length > 3);
});

for (const example of examples) {
  test(`docs/locks.md line ${example.line}, prints what the page says`, async () => {
    assert.equal(await runExample(example, PACKAGE_FOLDER), `${example.prints}\n`);
  });
}
