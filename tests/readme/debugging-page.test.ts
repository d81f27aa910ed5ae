/** docs/debugging.md: its reports and its recipe, printed by the built package. Addresses may be others. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MemoryCorruptionError } from '../../src/index.js';
import { examplesOf, runExample } from './examples.js';
import { missingFrom } from './printed-lines.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));
const KINDS = ['out-of-bounds', 'double-free', 'write-after-free'];

const page = readFileSync(`${PACKAGE_FOLDER}docs/debugging.md`, 'utf8');
const [reports, recipe, ...others] = examplesOf(page);

/** The folder that an example runs in differs from time to time, and so may an address. */
function linesOf(text: string): string[] {
  return text
    .replace(/file:\/\/\S*\/(\w+\.mjs)/g, '$1')
    .replace(/\baddress \d+/g, 'address n')
    .split('\n');
}

test('docs/debugging.md, has an example of reports and one of fault injection', () => {
  assert.deepEqual(others, []);
  for (const kind of KINDS) assert.ok(reports!.prints.includes(`${MemoryCorruptionError.name} (${kind})`));
  assert.ok(recipe!.files.get('main.mjs')!.includes('failslab'));
});

test('docs/debugging.md, shows the reports that its program prints', async () => {
  const printed = await runExample(reports!, PACKAGE_FOLDER);
  assert.equal(missingFrom(linesOf(printed), linesOf(reports!.prints)), undefined, `it prints\n${printed}`);
});

test('docs/debugging.md, its recipe finds what is half done', async () => {
  assert.equal(await runExample(recipe!, PACKAGE_FOLDER), `${recipe!.prints}\n`);
});
