/** The examples of README.md, run against the built package: each prints what the page says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf, runExample } from './examples.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

const PAGE = `
\`\`\`js
not.run();
\`\`\`
\`\`\`js
// main.mjs
import { Worker } from 'node:worker_threads';
import { Heap } from 'lull';
import './second.mjs';
const heap = Heap.create({ bytes: 2 ** 22 });
console.log(typeof heap.handle);
\`\`\`
and
\`\`\`js
// second.mjs
console.log('second');
\`\`\`
\`\`\`text
second
object
\`\`\`
\`\`\`text
of no example
\`\`\`
`;

test('examplesOf() finds the files of an example and what it prints', () => {
  const [example, ...others] = examplesOf(PAGE);
  assert.equal(others.length, 0);
  assert.equal(example!.line, 5);
  assert.deepEqual([...example!.files.keys()], ['main.mjs', 'second.mjs']);
  assert.equal(example!.prints, 'second\nobject');
});

test('examplesOf() refuses an example without main.mjs, without its text, and with two files of one name', () => {
  const block = (name: string) => `\`\`\`js\n// ${name}\n\`\`\`\n`;
  const text = '```text\n1\n```\n';
  assert.throws(() => examplesOf(block('other.mjs') + text), /line 1: an example without main\.mjs/);
  assert.throws(() => examplesOf(block('main.mjs')), /line 1: an example without the text that it prints/);
  assert.throws(() => examplesOf(block('main.mjs') + block('main.mjs') + text), /line 4: a second main\.mjs/);
});

test('runExample() returns what the example prints, and throws where it complains or fails', async () => {
  const [example] = examplesOf(PAGE);
  assert.equal(await runExample(example!, PACKAGE_FOLDER), 'second\nobject\n');
  const ofCode = (code: string) => ({ line: 1, files: new Map([['main.mjs', code]]), prints: '' });
  await assert.rejects(runExample(ofCode("console.error('oh')"), PACKAGE_FOLDER), /line 1 complains: oh/);
  await assert.rejects(runExample(ofCode('process.exit(3)'), PACKAGE_FOLDER), { code: 3 });
});

const examples = examplesOf(readFileSync(`${PACKAGE_FOLDER}README.md`, 'utf8'));

test('README.md has an example that can be run', () => assert.ok(examples.length > 0));

for (const example of examples) {
  test(`README.md line ${example.line}: the example prints what the page says`, async () => {
    assert.equal(await runExample(example, PACKAGE_FOLDER), `${example.prints}\n`);
  });
}
