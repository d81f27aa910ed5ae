/**
 * docs/any-context.md: each example prints what the page says, and the numbers of its table of steps are those of the
 * code. How many pages a full heap has where is not held to the number.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Heap } from '../../src/index.js';
import { nolockStepBound } from '../../src/pages/nolock-steps.js';
import { nolockObjectStepBound } from '../../src/slab/nolock-object-steps.js';
import { examplesOf, runExample } from './examples.js';
import { withoutNumbers } from './printed-lines.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));
const MEBIBYTE = 2 ** 20;
const SIZES = [64, 256, 1024];

const page = readFileSync(`${PACKAGE_FOLDER}docs/any-context.md`, 'utf8');
const examples = examplesOf(page);

test('docs/any-context.md, has an example of calls that only try, a shrinker, an error and a mempool', () => {
  const programs = examples.map(({ files }) => files.get('main.mjs')!);
  for (const call of ['kmallocNolock', 'trySet', 'registerShrinker', 'mempool']) {
    assert.ok(
      programs.some((program) => program.includes(call)),
      `no example of ${call}`,
    );
  }
});

for (const example of examples) {
  test(`docs/any-context.md line ${example.line}, prints what the page says`, async () => {
    const printed = await runExample(example, PACKAGE_FOLDER);
    const isReport = example.prints.includes('asked for: ');
    const comparable = isReport ? withoutNumbers : (text: string) => text;
    assert.equal(comparable(printed), comparable(`${example.prints}\n`));
  });
}

/** The first numbers of the row of a table that begins with this cell. */
function rowOf(cell: string): number[] {
  const row = page.split('\n').find((line) => line.startsWith(`| ${cell} |`));
  assert.ok(row !== undefined, `no row ${cell}`);
  return row
    .split('|')
    .slice(2, 2 + SIZES.length)
    .map((text) => Number(text.replaceAll(',', '')));
}

test('docs/any-context.md, has the steps of each call as the code works them out', () => {
  const geometries = SIZES.map((size) => Heap.create({ bytes: size * MEBIBYTE, debug: false }).geometry);
  const pages = geometries.map(nolockStepBound);
  const objects = geometries.map(nolockObjectStepBound);
  const rows: Record<string, number[]> = {
    allocPagesNolock: pages.map(({ alloc }) => alloc),
    freePagesNolock: pages.map(({ free }) => free),
    kmallocNolock: objects.map(({ alloc }) => alloc),
    kfreeNolock: objects.map(({ free }) => free),
    kfreeRcu: objects.map(({ freeRcu }) => freeRcu),
  };
  for (const [call, steps] of Object.entries(rows)) assert.deepEqual(rowOf(`\`heap.${call}()\``), steps);
});
