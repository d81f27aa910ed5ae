/**
 * The reports of docs/validator.md. The page's first block of JavaScript begins every example; each block that is
 * followed by a block of text is run, and prints that report. In the text, a line of dots stands for any lines.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { missingFrom } from './printed-lines.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));
const KINDS = ['deadlock', 'inversion', 'wait-context', 'unlock', 'turn'];

const folder = mkdtempSync(join(tmpdir(), 'validator-page-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(PACKAGE_FOLDER, join(folder, 'node_modules', 'lull'), 'junction');

const page = readFileSync(`${PACKAGE_FOLDER}docs/validator.md`, 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: text, index }) => ({
  line: page.slice(0, index).split('\n').length,
  language,
  text: text!,
}));
const beginning = blocks[0]!.text;
const examples = blocks.slice(1).flatMap(({ line, language, text }, at) => {
  const shown = blocks[at + 2];
  if (language !== 'js' || shown?.language !== 'text') return [];
  return [{ line, code: text, lines: linesOf(shown.text) }];
});

/** Addresses and times differ from run to run, and so may the folder. */
function linesOf(text: string): string[] {
  const same = text
    .replaceAll(`${pathToFileURL(folder)}/`, '')
    .replace(/\b(lock|address) \d{2,}/g, '$1 n')
    .replace(/dereference\(\d+\)/g, 'dereference(n)')
    .replace(/lasted \d+ ms/g, 'lasted n ms');
  return same.split('\n').filter((line) => line.trim() !== '');
}

/** What a program prints to standard error. Throws where it fails, or prints anything else. */
function reportsOf(code: string, name: string): Promise<string> {
  writeFileSync(join(folder, name), code);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [name], { cwd: folder, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error !== null || stdout !== '') reject(error ?? new Error(`it prints: ${stdout}`));
      else resolve(stderr);
    });
  });
}

test('docs/validator.md, shows a report of every kind that users meet', async () => {
  const code = examples.map((example) => `await (async () => {\n${example.code}})();\n`).join('');
  const told =
    'Heap.create({ validate: { onReport: ({ kind }) => console.error(kind), longestTurnMillis: 20 } })';
  const kinds = await reportsOf(beginning.replace(/Heap\.create\(.*?\)/, told) + code, 'main.mjs');
  for (const kind of KINDS) assert.ok(kinds.split('\n').includes(kind), `no report of kind ${kind}`);
});

for (const { line, code, lines } of examples) {
  test(`docs/validator.md line ${line}, prints the report that the page shows`, async () => {
    const printed = await reportsOf(beginning + code, 'main.mjs');
    assert.equal(missingFrom(linesOf(printed), lines), undefined, `it prints\n${printed}`);
  });
}
