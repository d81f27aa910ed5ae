import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleReport } from './example-report.js';
import { formatNumber, formatRatio, formatTable } from './table.js';

function lineWith(text: string): string {
  const line = formatTable(exampleReport())
    .split('\n')
    .find((each) => each.startsWith(text));
  assert.ok(line, `a line that begins with ${text}`);
  return line.replaceAll(/ {2,}/g, ' | ');
}

test('formatNumber() shows three digits and no exponent', () => {
  const shown = [0.87349, 11.24, 4321, 1_240_000, 0].map(formatNumber);
  assert.deepEqual(shown, ['0.873', '11.2', '4,320', '1,240,000', '0']);
});

test('formatTable() begins with the machine', () => {
  assert.match(formatTable(exampleReport()), /^A processor, 2 cores, Node 20\.0\.0, V8 11\.3, 2026-01-02/);
});

test('formatTable() shows median, unit and spread of a subject', () => {
  assert.equal(lineWith('alloc: lull'), 'alloc: lull | 12 | ns | 11.5 .. 12.5');
});

test('formatTable() shows an "at most" goal as time and an "at least" goal as speed', () => {
  assert.equal(
    lineWith('alloc vs fast'),
    'alloc vs fast | 1.2 times its time | 1.15 .. 1.25 | at most 1.5 | met',
  );
  assert.equal(
    lineWith('alloc vs slow'),
    'alloc vs slow | 5 times as fast | 4.81 .. 5.23 | at least 8 | missed',
  );
});

test('formatRatio() says of what there is less, where it is not time', () => {
  const [ratio] = exampleReport().ratios;
  const memory = { ...ratio!, of: 'memory', direction: 'at least', value: 94.6 } as const;
  assert.equal(formatRatio(memory), '94.6 times less memory');
});

test('formatTable() shows a count as it is', () => {
  assert.equal(lineWith('collections'), 'collections | 1 | 1 .. 1 | at most 0 | missed');
});

test('formatTable() names a missing peer in one line with what to install', () => {
  assert.equal(lineWith('absent'), 'absent skipped: install libabsent-dev');
  assert.match(lineWith('alloc vs absent'), /^alloc vs absent \| - .* at least 2 \| skipped$/);
});

test('formatTable() names a subject that ended', () => {
  assert.equal(lineWith('alloc: odd'), 'alloc: odd ended with code 1');
});

test('formatTable() leaves the goals out where no comparison with a goal ran', () => {
  assert.doesNotMatch(formatTable({ ...exampleReport(), ratios: [] }), /^goal/m);
});
