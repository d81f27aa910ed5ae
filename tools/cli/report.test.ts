import assert from 'node:assert/strict';
import { createHistogram } from 'node:perf_hooks';
import { test } from 'node:test';
import type { Audit } from './audit.js';
import { type RunFindings, reportLines, resultOf } from './report.js';
import type { WorkerFinal } from './worker-messages.js';

const CLEAN: Audit = {
  entries: 90,
  badEntries: 0,
  objectsWaiting: 0,
  pagesLeaked: 0,
  objectsLeaked: 0,
  problems: [],
};

function final(reads: number, elapsedMillis: number, changes: Partial<WorkerFinal> = {}): WorkerFinal {
  const readHistogram = createHistogram();
  readHistogram.record(reads);
  return {
    elapsedMillis,
    reads,
    writes: 10,
    refusedWrites: 0,
    badReads: 0,
    readNanos: { p50: 0, p99: 0 },
    readHistogram,
    writeHistogram: createHistogram(),
    firstBadRead: undefined,
    ...changes,
  };
}

function findings(finals: readonly WorkerFinal[], audit: Partial<Audit> = {}): RunFindings {
  return {
    subject: {
      fileName: 'a.json',
      records: 100,
      distinctKeys: 90,
      repeatedKeys: 8,
      keyFields: ['id'],
      threads: finals.length,
      heapBytes: 2 ** 28,
      writeShare: 0.05,
    },
    recordsLoaded: 100,
    interrupted: false,
    loadMillis: 250,
    finals,
    counters: {
      gracePeriods: 5,
      freedThroughSheaf: 15,
      freedThroughList: 5,
      objectsWaiting: 0,
      pages: { total: 9 },
    },
    audit: { ...CLEAN, ...audit },
  };
}

test('resultOf() adds up the threads, each over its own time', () => {
  const result = resultOf(findings([final(1000, 1000), final(3000, 2000)]));
  assert.equal(result.reads, 4000);
  assert.equal(result.readsPerSecond, 2500);
  assert.equal(result.writesPerSecond, 15);
  assert.equal(result.seconds, 2);
  assert.equal(result.loadSeconds, 0.25);
  assert.ok(result.passed);
});

test('resultOf() merges the histograms of all threads', () => {
  const result = resultOf(findings([final(1000, 1000), final(3000, 1000)]));
  assert.equal(result.readP50Nanos, 1000);
  assert.ok(result.readP99Nanos >= 3000);
  assert.equal(result.writeP50Nanos, 0);
});

test('resultOf() fails a run with a bad read and says which was first', () => {
  const result = resultOf(
    findings([final(1000, 1000), final(10, 10, { badReads: 2, firstBadRead: 'key "a" gave nothing' })]),
  );
  assert.equal(result.badReads, 2);
  assert.equal(result.passed, false);
  assert.deepEqual(result.problems, ['first bad read: key "a" gave nothing']);
});

for (const audit of [{ pagesLeaked: 1 }, { objectsLeaked: 1 }, { problems: ['page 9 is on no list'] }]) {
  test(`resultOf() fails a run whose audit found ${JSON.stringify(audit)}`, () => {
    assert.equal(resultOf(findings([final(1, 1)], audit)).passed, false);
  });
}

test('resultOf() does not fail a run for refused writes', () => {
  assert.ok(resultOf(findings([final(1, 1, { refusedWrites: 4 })])).passed);
});

test('reportLines() ends in PASS, or names each problem and ends in FAIL', () => {
  const passed = reportLines(resultOf(findings([final(1, 1)]))).map((each) => each.text);
  assert.equal(passed.at(-1), 'PASS');
  assert.ok(!passed.some((text) => text.includes('refused')));
  const failed = reportLines(resultOf(findings([final(1, 1)], { problems: ['x', 'y'] }))).map(
    (each) => each.text,
  );
  assert.deepEqual(failed.slice(-3), ['  ! x', '  ! y', 'FAIL']);
});

test('a result survives JSON with every field that programs read', () => {
  const printed = JSON.parse(JSON.stringify(resultOf(findings([final(1, 1)]))));
  for (const field of [
    'records',
    'threads',
    'readsPerSecond',
    'writesPerSecond',
    'badReads',
    'gracePeriods',
    'freedThroughSheaf',
    'freedThroughList',
    'pagesLeaked',
    'objectsLeaked',
  ]) {
    assert.equal(typeof printed[field], 'number', field);
  }
});
