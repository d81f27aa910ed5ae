/** A report with one goal met, one missed, one skipped and one count, for the tests of what is made of it. */
import type { Comparison } from './comparison.js';
import type { Goal } from './goals.js';
import { makeReport, type Report } from './report.js';

const timed = {
  title: 'a workload',
  unit: 'ns',
  lessIsBetter: true,
  subjects: [],
  warmupRounds: 0,
  rounds: 3,
};

function comparison(name: string, unit = 'ns'): Comparison {
  return { ...timed, name, unit, quickRounds: 1 };
}

const GOALS: readonly Goal[] = [
  {
    name: 'alloc vs fast',
    comparison: 'alloc',
    subject: 'lull',
    peer: 'fast',
    direction: 'at most',
    goal: 1.5,
  },
  {
    name: 'alloc vs slow',
    comparison: 'alloc',
    subject: 'lull',
    peer: 'slow',
    direction: 'at least',
    goal: 8,
  },
  {
    name: 'alloc vs absent',
    comparison: 'alloc',
    subject: 'lull',
    peer: 'absent',
    direction: 'at least',
    goal: 2,
  },
  { name: 'collections', comparison: 'gc', subject: 'lull', direction: 'at most', goal: 0 },
  { name: 'not run', comparison: 'other', subject: 'lull', direction: 'at most', goal: 0 },
];

const machine = {
  cpu: 'A processor',
  cores: 2,
  node: '20.0.0',
  v8: '11.3',
  date: '2026-01-02T03:04:05.000Z',
};

/** Rounds of 12 ns against 10 ns and 60 ns, and one collection. */
export function exampleReport(): Report {
  const alloc = new Map([
    ['lull', [11, 12, 13]],
    ['fast', [10, 10, 10]],
    ['slow', [60, 60, 60]],
  ]);
  return makeReport(
    machine,
    [
      { comparison: comparison('alloc'), measured: { values: alloc, failures: ['odd ended with code 1'] } },
      {
        comparison: comparison('gc', 'collections'),
        measured: { values: new Map([['lull', [1]]]), failures: [] },
      },
    ],
    GOALS,
    ['absent skipped: install libabsent-dev'],
  );
}
