/**
 * The examples of docs/stat.md: its program prints what the page says, and so does each command, with the columns where
 * they are on the page; how many pages a heap has where is not held to the number.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readStatistics } from '../../src/inspect/statistics.js';
import { makeStillHeap } from '../support/still-heap.js';
import { examplesOf, runExample } from './examples.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAM = join(PACKAGE_FOLDER, 'dist/bin/lull.js');

const page = readFileSync(join(PACKAGE_FOLDER, 'docs/stat.md'), 'utf8');
const examples = examplesOf(page);
const commands = [...page.matchAll(/```sh\nnpx lull (.*)\n```\n\n```text\n([\s\S]*?)```/g)];
const folder = mkdtempSync(join(tmpdir(), 'stat-page-'));
after(() => rmSync(folder, { recursive: true }));

test('docs/stat.md, has a program and a command that is run with it', () => {
  assert.equal(examples.length, 1);
  assert.ok(commands.length > 0);
});

test('docs/stat.md, its program prints what the page says', async () => {
  assert.equal(await runExample(examples[0]!, PACKAGE_FOLDER), `${examples[0]!.prints}\n`);
});

/** Numbers may be others, as long as they stand in the same columns. */
function columnsOf(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/ *\d+/g, (number) => '_'.repeat(number.length)));
}

for (const [, command, printed] of commands) {
  test(`docs/stat.md, lull ${command} prints what the page says`, async () => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(PACKAGE_FOLDER, join(folder, 'node_modules', 'lull'), 'junction');
    for (const [name, text] of examples[0]!.files) writeFileSync(join(folder, name), text);
    const args = [PROGRAM, ...command!.split(' ')];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    assert.equal(stderr, '');
    const own = `${examples[0]!.prints}\n`;
    assert.ok(stdout.startsWith(own));
    assert.deepEqual(columnsOf(stdout.slice(own.length)), columnsOf(printed!));
  });
}

test('docs/stat.md, says of every name of vmstat whose it is', () => {
  const { words } = makeStillHeap({ pages: 64, threads: 1 });
  const rows = [...page.matchAll(/^\| ([\w, ]+) \| (?:the kernel's|Lull's) \|/gm)];
  const explained = new Set(rows.flatMap(([, names]) => names!.split(', ')));
  const { vmstat, zoneinfo } = readStatistics(words);
  const { zone, ...zoneNames } = zoneinfo.zones[0]!;
  const { thread, ...pagesetNames } = zoneinfo.pagesets[0]!;
  assert.deepEqual([zone, thread], [0, 'main']);
  for (const name of Object.keys({ ...vmstat, ...zoneNames, ...pagesetNames })) {
    assert.ok(explained.has(name), `${name} is in no table`);
  }
});
