import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./lull.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lull-cli-'));
after(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program; `watch` sees the child, to signal it. */
async function lull(
  args: readonly string[],
  watch: (child: ChildProcess) => void = () => {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  watch(child);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function recordLines(records: number): string {
  return Array.from(
    { length: records },
    (_, n) => `{"id":"k${n % (records - 50)}","n":${n},"text":"café ${n}"}`,
  ).join('\n');
}

/** Expects exit code 2, nothing on stdout, and one line on stderr. */
function assertUsage({ code, stdout, stderr }: Outcome, line: RegExp): void {
  assert.equal(stdout, '');
  assert.match(stderr, /^[^\n]+\n$/);
  assert.match(stderr, line);
  assert.equal(code, 2);
}

for (const [args, line] of [
  [['--nope'], /^lull: unknown option '--nope'/],
  [['--thread', '2'], /^lull: unknown option '--thread' \(Did you mean --threads\?\)/],
  [['--threads', '0'], /--threads.*whole number from 1 to 254/],
  [['--writes', '2'], /--writes.*number from 0 to 1/],
  [['--heap', '12xyz'], /--heap.*such as 64M/],
  [['--seconds', 'x'], /--seconds.*above 0/],
  [['extra'], /too many arguments/],
] as const) {
  test(`lull run ${args.join(' ')} ends in one line and code 2`, async () => {
    assertUsage(await lull(['run', ...args]), line);
  });
}

for (const [name, content, line] of [
  ['bad.json', '[{"id":1},\n{"id":,}]', /bad\.json: line 2, column 7: expected a value, found ','/],
  ['bad.jsonl', '{"id":1}\n{"id":2\n', /bad\.jsonl: line 2, column 8: expected ',' or '}'/],
  [
    'bad.csv',
    'id,n\n1,2\n3,"4\n',
    /bad\.csv: line 3, column 3: field 'n': the quote that begins here is never closed/,
  ],
  ['short.csv', 'id,n\n1,2\n3\n', /short\.csv: line 3: wrong number of fields: 1 where the header has 2/],
  ['empty.json', '', /empty\.json: the file is empty/],
  ['empty.jsonl', '', /empty\.jsonl: the file is empty/],
  ['empty.csv', '', /empty\.csv: the file is empty/],
  ['none.json', '[]', /none\.json: holds no records/],
] as const) {
  test(`lull run --data ${name} ends in one line and code 2`, async () => {
    assertUsage(await lull(['run', '--json', '--data', write(name, content)]), line);
  });
}

test('lull run with a file that does not exist ends in one line and code 2', async () => {
  assertUsage(await lull(['run', '--data', join(folder, 'gone.json')]), /gone\.json: no such file/);
});

test('lull run with a key that no record has ends in one line and code 2', async () => {
  const file = write('keys.jsonl', '{"id":1}\n{"id":2}\n{"name":"x"}\n');
  assertUsage(await lull(['run', '--data', file, '--key', 'code']), /--key code: no record has it/);
});

test('lull run with a key that one record lacks names its line', async () => {
  const file = write('keys.jsonl', '{"id":1}\n{"id":2}\n{"name":"x"}\n');
  assertUsage(
    await lull(['run', '--data', file, '--key', 'id']),
    /keys\.jsonl: line 3: the record has no field 'id'/,
  );
});

test('lull run with a heap too small for any heap ends in one line and code 2', async () => {
  const file = write('one.jsonl', '{"id":1}\n');
  for (const heap of ['1000', '64K', '200K']) {
    assertUsage(
      await lull(['run', '--data', file, '--heap', heap]),
      /--heap \d+ (B|KiB): too small for a heap/,
    );
  }
});

test('lull --help names every command, and lull --version the version', async () => {
  const help = await lull(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^ {2}run /m);
  const version = await lull(['--version']);
  assert.deepEqual([version.code, version.stderr], [0, '']);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

test('lull without a command shows its help and ends in code 2', async () => {
  const { code, stdout, stderr } = await lull([]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /Usage: lull/);
});

test('lull with an unknown command ends in one line and code 2', async () => {
  assertUsage(await lull(['jog']), /unknown command 'jog'/);
});

test('lull run --json prints one object with every figure, and nothing else', async () => {
  const file = write('good.jsonl', recordLines(2000));
  const args = ['run', '--data', file, '--key', 'id', '--seconds', '1', '--threads', '2', '--json'];
  const { code, stdout, stderr } = await lull(args);
  assert.equal(stderr, '');
  assert.match(stdout, /^[^\n]+\n$/);
  const result = JSON.parse(stdout);
  assert.deepEqual(result.problems, []);
  assert.equal(code, 0);
  assert.deepEqual(
    [result.records, result.distinctKeys, result.repeatedKeys, result.entries, result.threads],
    [2000, 1950, 50, 1950, 2],
  );
  assert.deepEqual(
    [result.badReads, result.pagesLeaked, result.objectsLeaked, result.objectsWaiting],
    [0, 0, 0, 0],
  );
  for (const figure of [
    'readsPerSecond',
    'writesPerSecond',
    'gracePeriods',
    'readP50Nanos',
    'writeP99Nanos',
  ]) {
    assert.ok(result[figure] > 0, `${figure} is ${result[figure]}`);
  }
  assert.ok(result.freedThroughSheaf + result.freedThroughList >= result.writes);
});

test('lull run into a pipe prints plain lines and ends in PASS', async () => {
  const file = write(
    'good.csv',
    `id,text\n${Array.from({ length: 300 }, (_, n) => `${n},"a ""${n}"""`).join('\n')}\n`,
  );
  const { code, stdout, stderr } = await lull(['run', '--data', file, '--seconds', '0.3', '--threads', '3']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(!stdout.includes('\x1b'));
  assert.match(stdout, /loaded 300 records/);
  assert.match(stdout, /\nPASS\n$/);
});

test('lull run ends early on an interrupt, and still audits', async () => {
  const file = write('long.jsonl', recordLines(2000));
  const args = ['run', '--data', file, '--seconds', '50', '--threads', '2'];
  const { code, stdout } = await lull(args, (child) => {
    child.stdout?.once('data', () => setTimeout(() => child.kill('SIGINT'), 1500));
  });
  assert.equal(code, 0);
  assert.match(stdout, /of 2,000; the run was interrupted\n/);
  assert.match(stdout, /\nPASS\n$/);
});

test('lull run with a heap too small for the records says how far it got, and ends in code 1', async () => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `{"id":${n},"text":"${'x'.repeat(400)}"}`).join(
    '\n',
  );
  const file = write('large.jsonl', lines);
  const { code, stdout, stderr } = await lull([
    'run',
    '--data',
    file,
    '--heap',
    '4M',
    '--json',
    '--threads',
    '2',
  ]);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^lull: the heap of 4 MiB \(--heap\) is full after [\d,]+ of 20,000 records; .*--heap 8M\n$/,
  );
});
