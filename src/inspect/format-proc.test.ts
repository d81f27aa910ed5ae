import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { formatProc, PROC_FILES, type ProcFile, procOf } from './format-proc.js';
import { readStatistics } from './statistics.js';

test('formatProc() prints every file, a heading first where the kernel has one', () => {
  const stats = readStatistics(new AuditedHeap().words);
  const heads = PROC_FILES.map((file) => formatProc(stats, file).split('\n')[0]!.slice(0, 18));
  assert.deepEqual(Object.fromEntries(PROC_FILES.map((file, i) => [file, heads[i]])), {
    buddyinfo: 'Node 0, zone      ',
    zoneinfo: 'Node 0, zone      ',
    slabinfo: 'slabinfo - version',
    vmstat: `nr_free_pages ${stats.pages.free}`,
    allocinfo: 'allocinfo - versio',
    'memory.stat': '',
  });
});

test('formatProc() says which names it takes', () => {
  const stats = readStatistics(new AuditedHeap().words);
  for (const wrong of ['meminfo', 'toString', '', undefined]) {
    assert.throws(() => formatProc(stats, wrong as ProcFile), {
      name: 'TypeError',
      message: /as .*; it is one of buddyinfo, zoneinfo, slabinfo, vmstat, allocinfo, memory\.stat$/,
    });
  }
});

test('procOf() gives the part of the statistics that a file prints', () => {
  const stats = readStatistics(new AuditedHeap().words);
  assert.equal(procOf(stats, 'memory.stat'), stats.memoryStat);
  assert.equal(procOf(stats, 'vmstat'), stats.vmstat);
});
