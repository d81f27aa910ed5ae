import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./lull.js', import.meta.url));
const INDEX = new URL('../../src/index.js', import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), 'lull-stat-'));
after(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `lull stat`; `watch` sees the child, to signal it. */
async function lullStat(
  args: readonly string[],
  watch: (child: ChildProcess) => void = () => {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, 'stat', ...args], { timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  watch(child);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

/** A program that has Heap; returns its path. */
function program(name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(file, `import { Heap } from '${INDEX}';\n${code}`);
  return file;
}

const ONE = program(
  'one.mjs',
  `const heap = Heap.create({ pages: 64, threads: 2 });
  heap.kmalloc(100);
  console.log('args', ...process.argv.slice(2));`,
);

test('lull stat, prints one file of the one heap, behind what the program prints', async () => {
  const { code, stdout, stderr } = await lullStat(['vmstat', ONE]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^args\nnr_free_pages \d+\nnr_pcp_pages \d+\n/);
});

test('lull stat, prints all files under their names unless some are named', async () => {
  const { stdout } = await lullStat([ONE]);
  assert.deepEqual(
    [...stdout.matchAll(/^==> (.*) <==$/gm)].map(([, file]) => file),
    ['buddyinfo', 'zoneinfo', 'slabinfo', 'vmstat', 'allocinfo'],
  );
  const { stdout: two } = await lullStat(['allocinfo', 'buddyinfo', ONE]);
  assert.match(two, /^args\n==> allocinfo <==\n[^=]*==> buddyinfo <==\nNode 0, zone {8}0 [ \d]+\n$/);
});

test('lull stat, leaves what stands behind the program to the program', async () => {
  const { code, stdout, stderr } = await lullStat(['--json', 'vmstat', ONE, '--json', 'buddyinfo', '-x']);
  assert.deepEqual([code, stderr], [0, '']);
  const [printed, json, end] = stdout.split('\n');
  assert.deepEqual([printed, end], ['args --json buddyinfo -x', '']);
  const { heap, vmstat, buddyinfo } = JSON.parse(json!);
  assert.deepEqual([heap, buddyinfo], [1, undefined]);
  assert.ok(vmstat.pgalloc > 0);
});

test('lull stat, takes its options before and behind the names', async () => {
  const { stdout } = await lullStat(['vmstat', '--json', ONE]);
  assert.ok(JSON.parse(stdout.split('\n')[1]!).vmstat);
});

test('lull stat, shows what the program holds at its end, before its heaps give back what they kept', async () => {
  const file = program(
    'kept.mjs',
    `const heap = Heap.create(); for (let i = 0; i < 100; i++) heap.kmalloc(64);`,
  );
  const { stdout } = await lullStat(['--json', 'allocinfo', 'zoneinfo', file]);
  const { allocinfo, zoneinfo } = JSON.parse(stdout);
  assert.deepEqual(
    allocinfo.find(({ tag }: { tag: string }) => tag === 'slab:kmalloc-64'),
    { size: 6400, calls: 100, tag: 'slab:kmalloc-64' },
  );
  assert.equal(zoneinfo.pagesets.length, 1, 'the thread has left before');
});

test('lull stat, prints each of several heaps, and how many the program has let go of', async () => {
  const file = program(
    'many.mjs',
    `const kept = [Heap.create({ pages: 64, threads: 1 }), Heap.create({ pages: 99, threads: 1 })];
    (() => {
      const third = Heap.create({ pages: 64, threads: 1 });
      third.detach();
      if (process.argv[2] === undefined) kept.push(third);
    })();
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (process.argv[2]) gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
    kept.length;`,
  );
  const { stdout } = await lullStat(['buddyinfo', file]);
  assert.deepEqual(
    [...stdout.matchAll(/^heap .*/gm)].map(([line]) => line.replace(/, .*/, '')),
    ['heap 1 of 3', 'heap 2 of 3', 'heap 3 of 3'],
  );
  const child = spawn(process.execPath, ['--expose-gc', PROGRAM, 'stat', 'buddyinfo', file, 'gc']);
  let collected = '';
  child.stdout.on('data', (chunk) => (collected += chunk));
  await new Promise((resolve) => child.on('close', resolve));
  assert.match(collected, /^heap 2 of 3[\s\S]*^lull: the program has let go of 1 heap before\n$/m);
  assert.doesNotMatch(collected, /heap 3 of/);
});

test('lull stat allocinfo, lists the places in the program where the heap is one for debugging', async () => {
  const file = program(
    'debug.mjs',
    `const heap = Heap.create({ debug: true });
    function take() { return heap.kmalloc(100); }
    take(); take();
    heap.allocPages(2);`,
  );
  const { stdout } = await lullStat(['allocinfo', file]);
  const [, , pages, objects, end] = stdout.split('\n');
  assert.match(pages!, /^ +16384 +1 .*debug\.mjs:5$/);
  assert.match(objects!, /^ +200 +2 .*debug\.mjs:3 func:take$/);
  assert.equal(end, '');
});

test('lull stat, says so where there is nothing to list', async () => {
  const { code, stdout } = await lullStat(['memory.stat', ONE]);
  assert.deepEqual([code, stdout], [0, 'args\nlull: nothing to list for memory.stat\n']);
});

test('lull stat, says so where the program makes no heap', async () => {
  const { code, stdout } = await lullStat([program('none.mjs', '')]);
  assert.deepEqual([code, stdout], [0, 'lull: the main thread made no heap\n']);
});

test('lull stat --every, prints on the way to standard error', async () => {
  const file = program('slow.mjs', `const heap = Heap.create(); setTimeout(() => heap.detach(), 700);`);
  const { stdout, stderr } = await lullStat(['--every', '0.1', 'buddyinfo', file]);
  assert.match(stdout, /^(Node 0, zone .*\n){4}$/);
  assert.match(stderr, /^(lull: after \d+\.\d s\n(Node 0, zone .*\n){4}){2,}$/);
});

test('lull stat, prints to standard error when it is sent SIGUSR2', {
  skip: process.platform === 'win32',
}, async () => {
  const file = program(
    'signalled.mjs',
    `const heap = Heap.create();
    const end = setTimeout(() => {}, 20_000);
    process.on('SIGUSR2', () => clearTimeout(end));
    console.log('ready');`,
  );
  const { code, stdout, stderr } = await lullStat(['buddyinfo', file], (child) => {
    child.stdout?.once('data', () => child.kill('SIGUSR2'));
  });
  assert.equal(code, 0);
  assert.match(stderr, /^lull: after \d+\.\d s\n(Node 0, zone .*\n){4}$/);
  assert.match(stdout, /^ready\n(Node 0, zone .*\n){4}$/);
});

test('lull stat, ends with the exit code of the program, and prints after an error too', async () => {
  const set = await lullStat(['buddyinfo', program('set.mjs', 'Heap.create(); process.exitCode = 3;')]);
  const later = await lullStat([
    'buddyinfo',
    program('later.mjs', 'Heap.create(); setTimeout(() => process.exit(4), 20);'),
  ]);
  const thrown = await lullStat([
    'buddyinfo',
    program('thrown.mjs', "Heap.create(); throw new Error('my own');"),
  ]);
  assert.deepEqual([set.code, later.code, thrown.code], [3, 4, 1]);
  assert.match(thrown.stderr, /Error: my own\n {4}at .*thrown\.mjs/);
  for (const { stdout } of [set, later, thrown]) assert.match(stdout, /^Node 0, zone/);
});

test('lull stat --demo, shows two workers and main at work, on the way too', async () => {
  const { code, stdout, stderr } = await lullStat(['--demo', '--json', '--every', '0.1']);
  assert.equal(code, 0);
  const { vmstat, slabinfo } = JSON.parse(stdout);
  for (const name of ['pgalloc', 'pgfree', 'free_rcu_sheaf', 'rcu_gp', 'kmalloc_nolock']) {
    assert.ok(vmstat[name] > 0, name);
  }
  assert.ok(slabinfo.some(({ name }: { name: string }) => name === 'mixture 0'));
  const moments = stderr.trimEnd().split('\n');
  assert.ok(moments.length > 2);
  for (const moment of moments) {
    const { zoneinfo, slabinfo: rows } = JSON.parse(moment);
    for (const { free, managed } of zoneinfo.zones) assert.ok(free >= 0 && free <= managed, moment);
    for (const { active_objs, num_objs } of rows)
      assert.ok(active_objs >= 0 && active_objs <= num_objs, moment);
  }
});

for (const [args, line] of [
  [[], /^lull: give it a program to run, as in `lull stat main\.js`, or --demo\n$/],
  [['vmstat'], /^lull: nothing to run: give it a program/],
  [
    ['meminfo', ONE],
    /meminfo is neither a file nor one of buddyinfo, zoneinfo, slabinfo, vmstat, allocinfo, memory\.stat/,
  ],
  [['gone.mjs'], /^lull: gone\.mjs is no file; give it a program/],
  [[folder], /is no file/],
  [['--demo', ONE], /--demo runs no program; leave out .*one\.mjs/],
  [['--every', '0', ONE], /--every.*above 0/],
  [['vmstat', '--every', 'x', ONE], /--every.*above 0/],
  [['vmstat', '--nope', ONE], /unknown option '--nope'/],
  [['--nope', 'vmstat', ONE], /unknown option '--nope'/],
] as const) {
  test(`lull stat ${args.join(' ').replaceAll(folder, '')} ends in one line and code 2`, async () => {
    const { code, stdout, stderr } = await lullStat(args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^[^\n]+\n$/);
    assert.match(stderr, line);
  });
}
