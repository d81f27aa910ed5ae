import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./lull.js', import.meta.url));

function lull(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, 'torture', ...args],
      { timeout: 100_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

test('lull torture --list names scenarios, aims and steps', async () => {
  const { code, stdout } = await lull('--list');
  assert.equal(code, 0);
  for (const name of ['kfree-rcu', 'mixed', 'zone lock', 'named-locks'])
    assert.ok(stdout.includes(name), name);
});

test('lull torture --list --json names them in one object', async () => {
  const { code, stdout } = await lull('--list', '--json');
  const { scenarios, aims, steps } = JSON.parse(stdout) as Record<string, readonly string[]>;
  const found = ['mixed', 'zone lock', 'named-locks'].map((name, i) =>
    [scenarios, aims, steps][i]!.includes(name),
  );
  assert.deepEqual([code, found], [0, [true, true, true]]);
});

for (const [wrong, told] of [
  [['nonsense'], 'there is no such scenario: nonsense; there is objects,'],
  [['maps', 'nonsense', '--json'], 'there is no such scenario: nonsense; there is objects,'],
  [['mixed', 'map'], 'there is no such scenario: map; there is objects,'],
  [['--threads', '0'], 'It must be a whole number from 1 to 64.'],
  [['--kill', 'x'], 'It must be a number from 0 to 1000.'],
  [['--heap', '1M'], 'It must be a size such as 16M or 1G, 8 MiB to 4 GiB.'],
  [['--broken', 'nothing'], 'It must be one of zones,'],
  [['--aim', 'nowhere'], 'It must be one of zone lock,'],
] as const) {
  test(`lull torture ${wrong.join(' ')} ends in one line and code 2`, async () => {
    const { code, stdout, stderr } = await lull(...wrong);
    assert.deepEqual(
      { code, stdout, lines: stderr.trim().split('\n').length },
      { code: 2, stdout: '', lines: 1 },
    );
    assert.ok(stderr.includes(told), stderr);
  });
}

test('lull torture --json prints one object with every number', { timeout: 120_000 }, async () => {
  const { code, stdout } = await lull('--seconds', '1', '--seed', '7', '--threads', '2', '--json');
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 1);
  const result = JSON.parse(lines[0]!) as Record<string, unknown>;
  const numbers = [
    'seconds',
    'operations',
    'kills',
    'killsInCriticalSections',
    'reaps',
    'hangs',
    'wrongValues',
  ];
  numbers.push('pagesLost', 'objectsLost', 'callbacksOrphaned', 'locksStuck');
  for (const name of numbers) assert.equal(typeof result[name], 'number', name);
  assert.deepEqual([code, result.seed, result.result, result.problems], [0, 7, 'SUCCESS', []]);
  assert.match(String(result.command), /^lull torture --threads 2 --seconds 1 --seed 7 --heap \d+ --kill 8$/);
});
