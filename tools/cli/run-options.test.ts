import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { declareRunOptions, type RunOptions, runOptionsOf } from './run-options.js';

function parse(...args: string[]): RunOptions {
  const command = declareRunOptions(new Command())
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  command.parse(args, { from: 'user' });
  return runOptionsOf(command);
}

test('run options default to all cores but at least 2 threads, 5 s, 5 % writes and 256 MiB', () => {
  const { threads, ...rest } = parse();
  assert.ok(threads >= 2 && threads <= 254);
  assert.deepEqual(rest, {
    file: undefined,
    keyFields: undefined,
    seconds: 5,
    writeShare: 0.05,
    heapBytes: 2 ** 28,
    json: false,
  });
});

test('run options are read in their units', () => {
  const args = '--data a.csv --key x,y --threads 7 --seconds 0.5 --writes 1 --heap 1G --json'.split(' ');
  assert.deepEqual(parse(...args), {
    file: 'a.csv',
    keyFields: ['x', 'y'],
    threads: 7,
    seconds: 0.5,
    writeShare: 1,
    heapBytes: 2 ** 30,
    json: true,
  });
});

for (const [args, message] of [
  [['--threads', '0'], /'--threads <n>' argument '0' is invalid.*whole number from 1 to 254/],
  [['--threads', '255'], /whole number from 1 to 254/],
  [['--threads', '2.5'], /whole number/],
  [['--threads', 'two'], /whole number/],
  [['--threads', '1e1'], /whole number/],
  [['--threads', ''], /whole number/],
  [['--seconds', '0'], /above 0, at most 86400/],
  [['--seconds', '-3'], /above 0/],
  [['--writes', '2'], /'--writes <ratio>' argument '2' is invalid.*from 0 to 1/],
  [['--writes', '-0.1'], /from 0 to 1/],
  [['--heap', '12xyz'], /'--heap <size>' argument '12xyz' is invalid.*such as 64M, 1G or 268435456/],
  [['--heap', '5G'], /at most 4 GiB/],
  [['--key', 'a,,b'], /must name a field/],
  [['--nope'], /unknown option '--nope'/],
  [['--data'], /argument missing/],
  [['more'], /too many arguments/],
] as const) {
  test(`run options refuse ${args.join(' ')} and state what is allowed`, () => {
    assert.throws(() => parse(...args), { name: 'CommanderError', message });
  });
}
