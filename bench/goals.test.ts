import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPARISONS } from './comparisons.js';
import { type Direction, GOALS, type Goal, judge, type Rounds } from './goals.js';

function rounds(values: Record<string, number[]>, lessIsBetter = true): Rounds {
  return { lessIsBetter, values: new Map(Object.entries(values)) };
}

function goal(direction: Direction, bound: number): Goal {
  return { name: 'a goal', comparison: 'c', subject: 'lull', peer: 'peer', direction, goal: bound };
}

test('GOALS name comparisons and subjects that exist', () => {
  for (const { name, comparison, subject, peer } of GOALS) {
    const found = COMPARISONS.find((each) => each.name === comparison);
    assert.ok(found, `${name}: ${comparison}`);
    const subjects = found.subjects.map((each) => each.name);
    assert.ok(subjects.includes(subject), `${name}: ${subject}`);
    assert.ok(peer === undefined || subjects.includes(peer), `${name}: ${peer}`);
  }
});

test('GOALS ask for at most a multiple of the time, or at least a multiple of the speed', () => {
  const wanted = GOALS.map(
    ({ comparison, peer, direction, goal }) => `${comparison} ${peer}: ${direction} ${goal}`,
  );
  assert.deepEqual(wanted, [
    'alloc mimalloc (C): at most 1.5',
    'alloc TLSF (WebAssembly): at least 3',
    'map-get Map: at most 1.6',
    'map-get-city Map: at most 1.6',
    'map-get-fresh Map: at most 1',
    'map-get-fresh-city Map: at most 1',
    'map-get sharedmap: at least 8',
    'map-get lmdb: at least 3',
    'map-get Map behind postMessage: at least 200',
    'map-get-two-threads lull, one thread: at least 1.9',
    'mutex multithreading: at least 1',
    'mutex-two-threads multithreading: at least 1',
    'mutex-survival undefined: at least 100',
    'reap undefined: at most 50',
    'gc undefined: at most 0',
    'nolock undefined: at least 99.9',
    'nolock undefined: at least 99.9',
    'nolock undefined: at least 99',
    'nolock undefined: at least 99',
    'nolock-time undefined: at most 10',
    'nolock-time undefined: at most 10',
    'flood control: at most 1.2',
    'pages-two-threads lull, one thread: at least 1.8',
    'zone-locks-per-page undefined: at most 0.03125',
    'zone-locks-per-page undefined: at most 0.03125',
    'zone-locks-per-page undefined: at most 0.03125',
    'group-charge not charged: at most 1.15',
    'map-memory preallocated: at least 20',
    'bookkeeping undefined: at most 2',
    'defer liburcu (C): at least 10',
    'defer lull with rcu.call: at least 5',
    'rcu-lines undefined: at most 0.125',
    'rcu-lines undefined: at most 0.0625',
    'rcu-lines undefined: at least 1',
    'synchronize undefined: at most 2',
    'synchronize-busy undefined: at most 3',
    'dereference control: at most 1.05',
    'turn undefined: at most 60',
    'turn undefined: at most 60',
    'rcu-flood-steady undefined: at least 0.8',
    'rcu-flood-steady undefined: at least 0.8',
    'rcu-flood-waiting undefined: at most 1',
    'rcu-flood-waiting undefined: at most 1',
  ]);
});

test('judge() of an "at most" goal divides the subject\'s time by the peer\'s', () => {
  const measured = rounds({ lull: [14, 15, 16], peer: [10, 10, 10] });
  assert.equal(judge(goal('at most', 1.5), measured).value, 1.5);
  assert.equal(judge(goal('at most', 1.5), measured).met, true);
  assert.equal(judge(goal('at most', 1.4), measured).met, false);
});

test('judge() of an "at least" goal divides the peer\'s time by the subject\'s', () => {
  const measured = rounds({ lull: [10, 10, 10], peer: [79, 80, 81] });
  assert.equal(judge(goal('at least', 8), measured).value, 8);
  assert.equal(judge(goal('at least', 8), measured).met, true);
  assert.equal(judge(goal('at least', 8.1), measured).met, false);
});

test('judge() of operations a second divides the subject\'s by the peer\'s for "at least"', () => {
  const measured = rounds({ lull: [190, 200, 210], peer: [100, 100, 100] }, false);
  assert.equal(judge(goal('at least', 1.9), measured).value, 2);
  assert.equal(judge(goal('at least', 1.9), measured).met, true);
});

test('judge() takes the median of the ratios of each round, not the ratio of the medians', () => {
  const measured = rounds({ lull: [10, 30, 20], peer: [10, 10, 40] });
  const { value, spread } = judge(goal('at most', 1), measured);
  assert.equal(value, 1);
  assert.deepEqual(spread, { median: 1, low: 0.75, high: 2 });
});

test('judge() of a goal without a peer judges the value itself', () => {
  const { peer: _, ...alone } = goal('at most', 0);
  assert.equal(judge(alone, rounds({ lull: [0, 0, 0] })).met, true);
  assert.equal(judge(alone, rounds({ lull: [1, 1, 0] })).met, false);
});

test('judge() neither meets nor misses a goal whose peer or subject was not there', () => {
  const nothing = { value: null, spread: null, met: null };
  assert.deepEqual(judge(goal('at most', 1), rounds({ lull: [1] })), {
    goal: goal('at most', 1),
    ...nothing,
  });
  assert.deepEqual(judge(goal('at most', 1), rounds({ peer: [1] })), {
    goal: goal('at most', 1),
    ...nothing,
  });
});
