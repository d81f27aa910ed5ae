/** `lull check`, run as a program over model files that are written to a folder of their own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./lull.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lull-check-'));
after(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function check(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, 'check', ...args], { timeout: 60_000, cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

function write(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}

/** A model of one thread, over what stands between the braces. */
function alone(members: string): string {
  return `import { model } from 'lull/checker';
export const alone = model({ name: 'one thread', ${members} });
`;
}

/** A lock over raw Atomics; \`take\` is the loop that takes it. */
function atomicsLock(take: string): string {
  return `import assert from 'node:assert/strict';
import { model } from 'lull/checker';

function increment(cells: Int32Array): void {
  ${take}
  cells[1] = cells[1]! + 1;
  Atomics.store(cells, 0, 0);
  Atomics.notify(cells, 0, 1);
}

export const excludes = model({
  name: 'one thread at a time holds the lock',
  setup: ({ buffer }): Int32Array => new Int32Array(buffer),
  threads: { left: increment, right: increment },
  final: (cells) => assert.equal(cells[1], 2),
  nameOf: (index) => ['lock', 'counter'][index] ?? \`word \${index}\`,
});
`;
}

const EXCHANGES = 'while (Atomics.exchange(cells, 0, 1) === 1) Atomics.wait(cells, 0, 1);';
const good = write('lock.model.ts', atomicsLock(EXCHANGES));
const bad = write(
  'late.model.ts',
  atomicsLock('while (Atomics.load(cells, 0) === 1) Atomics.wait(cells, 0, 1); Atomics.store(cells, 0, 1);'),
);

/** Another over Words. */
const words = write(
  'spin.model.ts',
  `import { type Stage, model } from 'lull/checker';
function increment({ words }: Stage): void {
  while (words.exchange(8, 1) === 1) words.pause();
  words.storePlain(9, words.loadPlain(9) + 1);
  words.store(8, 0);
}
export const excludes = model<Stage>({
  name: 'one thread at a time holds the lock',
  setup: (stage) => stage,
  threads: { left: increment, right: increment },
  final: ({ words }) => { if (words.loadPlain(9) !== 2) throw new Error('lost'); },
});
`,
);

function twinFile(name: string, claim: string, find: string, caughtAs: string): string {
  return write(
    name,
    `import { twin } from 'lull/checker';
export const broken = twin({
  name: 'one line is wrong', claim: '${claim}', caughtAs: '${caughtAs}',
  patch: { file: 'lock.model.ts', find: '${find}', replace: '' },
});
`,
  );
}

const caught = twinFile('caught.twin.ts', 'lock/excludes', 'Atomics.notify(cells, 0, 1);', 'deadlock');
const misjudged = twinFile('misjudged.twin.ts', 'lock/excludes', 'Atomics.notify(cells, 0, 1);', 'race');
const harmless = twinFile('harmless.twin.ts', 'lock/excludes', '(cells): Int32Array', 'race');

function seconds(text: string): string {
  return text.replace(/\d+\.\d s/g, '0.0 s');
}

test('lull check, says of each claim that it holds, and ends in code 0', async () => {
  const { code, stdout, stderr } = await check(good, words);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(
    seconds(stdout),
    /^passed {5}lock\/excludes: one thread at a time holds the lock\n {11}2 threads, \d+ executions, \d+ states, 0\.0 s, every schedule\npassed {5}spin\/excludes: /,
  );
  assert.match(stdout, /\n2 of 2 claims hold; [\d,]+ executions, [\d,]+ states, \d+\.\d s\n$/);
});

test('lull check, shows the interleaving that fails and how to see it again, and ends in code 1', async () => {
  const { code, stdout, stderr } = await check(bad);
  assert.deepEqual([code, stderr], [1, '']);
  assert.match(stdout, /^failed {5}late\/excludes/);
  const table = /\n {3}A left +B right\n1 {2}load lock = 0\n2 +load lock = 0\n3 +store lock {2}0 -> 1\n/;
  assert.match(stdout, table);
  assert.match(stdout, /\ndata race on counter: .*\n/);
  const again = /\nagain: lull check (\S+) --replay '(\S+)'\n/.exec(stdout);
  assert.equal(again?.[1], bad);

  const replayed = await check(again[1]!, '--replay', again[2]!);
  assert.deepEqual([replayed.code, replayed.stderr], [1, '']);
  assert.ok(stdout.includes(replayed.stdout.trim()), replayed.stdout);
});

test('lull check --replay, says that nothing fails in a schedule that is well', async () => {
  const { code, stdout } = await check(good, '--replay', 'lock/excludes:A5B5');
  assert.equal(code, 0);
  assert.match(stdout, /\n\nnothing fails in this schedule\n$/);
});

test('lull check --json, prints one object and nothing else', async () => {
  const { code, stdout, stderr } = await check(good, bad, caught, '--json');
  assert.deepEqual([code, stderr], [1, '']);
  const { claims, twins } = JSON.parse(stdout);
  assert.deepEqual(
    claims.map(({ name, threads, bound, result }: Record<string, unknown>) => [name, threads, bound, result]),
    [
      ['lock/excludes', 2, 'every schedule', 'passed'],
      ['late/excludes', 2, 'every schedule', 'failed'],
    ],
  );
  for (const { executions, states, seconds: taken } of claims) {
    assert.ok(executions > 0 && states > 0 && taken >= 0);
  }
  assert.match(claims[1].replay, /^late\/excludes:\w+$/);
  assert.deepEqual([twins[0].name, twins[0].caught, twins[0].as], ['broken/caught/broken', true, 'deadlock']);
  assert.ok(twins[0].steps > 0);
});

test('lull check, says how a twin was caught', async () => {
  const { code, stdout } = await check(good, caught);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /\ncaught {5}broken\/caught\/broken: one line is wrong\n {11}deadlock in \d+ steps, after /,
  );
  assert.match(stdout, /\n1 of 1 claim hold, 1 of 1 twin caught; /);
});

test('lull check, ends in code 1 for a twin that is caught as something else, and shows it', async () => {
  const { code, stdout } = await check(good, misjudged);
  assert.equal(code, 1);
  assert.match(stdout, /\nNOT CAUGHT broken\/misjudged\/broken: .*\n {11}deadlock in /);
  assert.match(stdout, /\ndeadlock: thread \w+ sleeps on lock/);
});

test('lull check, ends in code 1 for a twin in which nothing is found', async () => {
  const still = write('still.model.ts', atomicsLock(`${EXCHANGES} void 'harmless';`));
  const file = write(
    'still.twin.ts',
    `import { twin } from 'lull/checker';
export const unharmed = twin({ name: 'no line is wrong', claim: 'still/excludes', caughtAs: 'race',
  patch: { file: 'still.model.ts', find: "'harmless'", replace: "'harmful'" } });
`,
  );
  const { code, stdout } = await check(still, file);
  assert.equal(code, 1);
  assert.match(stdout, /\nNOT CAUGHT broken\/still\/unharmed: .*\n {11}nothing found in \d+ executions\n/);
});

test('lull check, runs every model and twin of a folder', async () => {
  mkdirSync(join(folder, 'models'), { recursive: true });
  write('models/lock.model.ts', atomicsLock(EXCHANGES));
  write('models/caught.twin.ts', '');
  twinFile('models/caught.twin.ts', 'lock/excludes', 'Atomics.notify(cells, 0, 1);', 'deadlock');
  write('models/other.ts', 'throw new Error("not a model file")');
  const { code, stdout } = await check('models');
  assert.equal(code, 0);
  assert.match(stdout, /\n1 of 1 claim hold, 1 of 1 twin caught; /);
});

test('lull check --only, leaves out what has another name', async () => {
  const { stdout } = await check(good, bad, '--only', 'lock/');
  assert.match(stdout, /\n1 of 1 claim hold; /);
});

test('lull check, samples instead where it is told to', async () => {
  const { stdout } = await check(good, '--random', '20', '--seed', '7');
  assert.match(stdout, / 20 executions, .*, 20 random schedules of seed 7\n/);
  assert.match((await check(bad, '--pct', '2')).stdout, /, 10000 PCT of depth 2 schedules of seed 1\n/);
});

test('lull check, takes the bounds of the command line', async () => {
  const { code, stdout } = await check(good, '--preemptions', '1', '--store-buffers');
  assert.equal(code, 0);
  assert.match(stdout, /, 1 preemption, store buffers\n/);
});

for (const [what, content, message] of [
  [
    'a thread that throws',
    alone("setup: () => 0, threads: { a() { throw new Error('boom'); } }"),
    /thread a: Error: boom \(at a .*thread\.model\.ts/,
  ],
  [
    'a thread that throws no error',
    alone("setup: () => 0, threads: { a() { throw 'boom'; } }"),
    /thread a: threw boom\n/,
  ],
  [
    'a word that is not there, by the line of the model',
    alone('setup: (stage) => stage, threads: { a({ words }) { words.load(100); } }'),
    /accessed word 100 .*0\.\.63.*\(at a .*thread\.model\.ts/,
  ],
] as const) {
  test(`lull check, reports ${what} as a failure`, async () => {
    const { code, stdout, stderr } = await check(write('thread.model.ts', content));
    assert.deepEqual([code, stderr], [1, '']);
    assert.match(stdout, message);
    assert.match(stdout, /--replay 'thread\/alone:'/);
  });
}

const SETUP = "setup() { throw new Error('not today'); }, threads: { a() {} }";
const KILLS = "setup: () => 0, threads: { a() {} }, bounds: { kills: ['zed'] }";
mkdirSync(join(folder, 'empty'));
for (const [what, args, line] of [
  ['a file that is not there', ['gone.model.ts'], /cannot check gone\.model\.ts: there is no such file/],
  ['a folder without models', ['empty'], /cannot check empty\/: it holds no \*\.model\.ts/],
  ['no files and no usual folder', [], /no files given.*tests\/interleavings/],
  [
    'a file with a syntax error',
    [write('syntax.model.ts', 'export const a = ;')],
    /syntax\.model\.ts: Unexpected token \(1:18\)/,
  ],
  [
    'a file that exports no model',
    [write('none.model.ts', 'export const a = 1;')],
    /none\.model\.ts, which exports no model/,
  ],
  [
    'an import that is not there',
    [write('import.model.ts', "import { a } from './gone.js'; export const b = a;")],
    /import\.model\.ts: there is no .*gone\.js/,
  ],
  [
    'a file that throws',
    [write('top.model.ts', "throw new Error('not today');")],
    /cannot load top\.model\.ts: not today/,
  ],
  ['a setup() that throws', [write('setup.model.ts', alone(SETUP))], /cannot run setup\/alone: not today/],
  [
    'kills of a thread that is not there',
    [write('kills.model.ts', alone(KILLS))],
    /cannot run kills\/alone: .*'zed'/,
  ],
  [
    'a twin of no claim',
    [good, twinFile('lost.twin.ts', 'gone/excludes', 'x', 'race')],
    /cannot run broken\/lost\/broken: .*'gone\/excludes'; the claims are lock\/excludes/,
  ],
  ['a patch that does not fit', [good, harmless], /cannot run broken\/harmless\/broken: .*found .* 0 times/],
  ['--only without a match', [good, '--only', 'zed'], /no claim and no twin .* zed in it/],
  ['--preemptions x', [good, '--preemptions', 'x'], /--preemptions.*whole number from 0/],
  ['--random 0', [good, '--random', '0'], /--random.*whole number from 1/],
  ['--pct 0', [good, '--pct', '0'], /--pct.*whole number from 1/],
  ['--seed -1', [good, '--seed', '-1'], /--seed.*whole number from 0/],
  ['--litmus without files', ['--litmus'], /--litmus needs files/],
  ['--weak without --litmus', [good, '--weak'], /--weak is an option of --litmus/],
  ['--only with --litmus', ['a.litmus', '--litmus', '--only', 'a'], /--only is not an option of --litmus/],
  ['a replay of nothing', [good, '--replay', 'zed'], /'zed'.*a replay looks like lock\/excludes:A5B3A9/],
  ['a replay that is no schedule', [good, '--replay', 'lock/excludes:zz'], /read 'zz' as a schedule/],
  ['a replay of another model', [good, '--replay', 'lock/excludes:C5'], /thread C on a model of 2 threads/],
  [
    'a replay that kills nobody',
    [good, '--replay', 'lock/excludes:kC5.'],
    /fault befalls a thread that lock\/excludes/,
  ],
] as const) {
  test(`lull check, ends in one line and code 2 for ${what}`, async () => {
    const { code, stderr } = await check(...args);
    assert.match(stderr, /^lull: [^\n]+\n$/);
    assert.match(stderr, line);
    assert.equal(code, 2);
  });
}
