/** The kernel's locking self-test, played on the validator; the tables of both parts are printed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportKind } from '../../src/lockdep/report.js';
import { casesOf, permutationsOf, type SelftestCase } from './selftest-cases.js';
import { lenientEngine, sharedEngine } from './selftest-engines.js';
import { alwaysComplaining, FAULTS, turnedOff } from './selftest-faults.js';
import { BEYOND, COUNTED, type Group, LEFT_OUT, type Verdict } from './selftest-groups.js';
import { parseOperations } from './selftest-notation.js';
import { playCase, playCaseOnThreads } from './selftest-player.js';
import { describeOutcome, isAsExpected, type Outcome, rowOf, rowsOf, tableLines } from './selftest-table.js';

const COUNTED_CASES = COUNTED.flatMap(casesOf);
const BEYOND_CASES = BEYOND.flatMap(casesOf);
const ALL_CASES = [...COUNTED_CASES, ...BEYOND_CASES];

/** The kernel's totals: all rows, those that expect a complaint, those that expect none. */
const KERNEL = { rows: 394, F: 250, S: 144 } as const;

const expecting = (verdict: Verdict, cases: readonly SelftestCase[]): SelftestCase[] =>
  cases.filter(({ expected }) => expected === verdict);

const groupsNotAsExpected = (outcomes: readonly Outcome[]): string[] =>
  rowsOf(outcomes).flatMap(({ group, not }) => (not > 0 ? [group] : []));

function assertAsExpected(outcomes: readonly Outcome[]): void {
  const not = outcomes.filter((outcome) => !isAsExpected(outcome));
  assert.equal(
    not.length,
    0,
    `${not.length} cases not as expected\n\n${not.map(describeOutcome).join('\n\n')}`,
  );
}

function print(title: string, lines: readonly string[]): void {
  // `npm test` shows what stands between such a line and an empty one.
  console.log(['', `table: ${title}`, ...lines, ''].join('\n'));
}

test('casesOf, gives every row of the kernel that is not left out, with its verdicts', () => {
  const counts = {
    rows: COUNTED_CASES.length + LEFT_OUT.F + LEFT_OUT.S,
    F: expecting('F', COUNTED_CASES).length + LEFT_OUT.F,
    S: expecting('S', COUNTED_CASES).length + LEFT_OUT.S,
  };
  assert.deepEqual(counts, KERNEL);
  assert.equal(COUNTED_CASES.length, 358);
});

test('casesOf, gives no case twice', () => {
  const names = ALL_CASES.map(({ group, title }) => `${group}, ${title}`);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test('Validator, judges every row of the self-test as the kernel does', () => {
  const outcomes = COUNTED_CASES.map((played) => playCase(played));
  const { name, F, S } = LEFT_OUT;
  print('locking self-test: F expects a complaint, S expects none', [
    ...tableLines(outcomes, 'all that is played'),
    `left out: ${name}, ${F + S} cases; ${outcomes.length} of ${KERNEL.rows} are played`,
  ]);
  assertAsExpected(outcomes);
});

test('Validator, judges them the same when each event happens in another thread', () => {
  assertAsExpected(COUNTED_CASES.map((played) => playCaseOnThreads(played)));
});

test('Validator, judges them the same when what threads learn goes through shared memory', () => {
  assertAsExpected(ALL_CASES.map((played) => playCaseOnThreads(played, sharedEngine)));
});

test('Validator, lets spinning locks wait under raw ones where proveRawLockNesting is off, and finds all else', () => {
  const outcomes = COUNTED_CASES.map((played) => playCase(played, lenientEngine));
  const not = outcomes.filter((outcome) => !isAsExpected(outcome));
  assert.deepEqual(
    not.map(({ played }) => played.title),
    ['spin in a hook that spins at most', 'spin in RCU-sched', 'spin in raw_spin'],
  );
});

test('Validator, judges as expected what is played on top: nest locks, names of subclasses, locks that are tried', () => {
  const outcomes = BEYOND_CASES.map((played) => playCase(played));
  print('locking self-test: rows on top of these', tableLines(outcomes, 'all'));
  assertAsExpected(outcomes);
});

/** The classes on the shortest cycle of each deadlock, and the two between which hooks make one. */
const ON_THE_CYCLE: Readonly<Record<string, string>> = {
  'A-B-B-A deadlock': 'AB',
  'A-B-B-C-C-A deadlock': 'ABC',
  'A-B-C-A-B-C deadlock': 'ABC',
  'A-B-B-C-C-D-D-A deadlock': 'ABCD',
  'A-B-C-D-B-D-D-A deadlock': 'ABD',
  'A-B-C-D-B-C-D-A deadlock': 'ABCD',
  'hook-unsafe, callback-safe': 'AD',
};

test('Validator, names every class of a cycle in its report', () => {
  for (const [group, letters] of Object.entries(ON_THE_CYCLE)) {
    const played = COUNTED_CASES.find((candidate) => candidate.group === group) as SelftestCase;
    const message = playCase(played).complaints[0]?.message ?? '';
    for (const letter of letters) assert.ok(message.includes(`spin ${letter}`), `${letter} in: ${message}`);
  }
});

test('Validator, names the context that makes a deadlock, not the one that makes none', () => {
  const played = COUNTED_CASES.find(({ group }) => group === 'hook-unsafe, callback-safe') as SelftestCase;
  const message = playCase(played).complaints[0]?.message ?? '';
  assert.match(message, /hook/);
  assert.doesNotMatch(message, /callback|mutex/);
});

test('Validator, reports each problem of the self-test once, however often it comes', () => {
  for (const played of ALL_CASES) {
    const { complaints } = playCaseOnThreads({ ...played, events: [...played.events, ...played.events] });
    const keys = complaints.map(({ key }) => key);
    assert.deepEqual(keys, [...new Set(keys)], `${played.group}, ${played.title}`);
  }
});

const flipped = (played: SelftestCase): SelftestCase => ({
  ...played,
  expected: played.expected === 'F' ? 'S' : 'F',
});

test('isAsExpected, notices every expectation that is flipped', () => {
  const outcomes = ALL_CASES.map((played) => playCase(flipped(played)));
  assert.equal(outcomes.filter(isAsExpected).length, 0);
});

test('rowsOf, counts one flipped expectation in its group alone', () => {
  const seventh = expecting('S', COUNTED_CASES)[6] as SelftestCase;
  const outcomes = COUNTED_CASES.map((played) => playCase(played === seventh ? flipped(played) : played));
  assert.deepEqual(groupsNotAsExpected(outcomes), [seventh.group]);
  assert.equal(rowOf('all', outcomes).not, 1);
});

test('isAsExpected, notices a complaint of another kind', () => {
  const [played] = expecting('F', COUNTED_CASES);
  assert.equal(played?.complaint, 'deadlock');
  const outcomeOf = (kind: ReportKind): Outcome => ({
    played: played as SelftestCase,
    complaints: [{ kind, key: '', message: '' }],
  });
  assert.equal(isAsExpected(outcomeOf('deadlock')), true);
  assert.equal(isAsExpected(outcomeOf('unlock')), false);
});

test('playCase, notices a validator that is turned off', () => {
  const not = ALL_CASES.map((played) => playCase(played, turnedOff)).filter(
    (outcome) => !isAsExpected(outcome),
  );
  const silent = (played: SelftestCase) => played.expected === 'F' || played.group === 'name of a subclass';
  assert.deepEqual(
    not.map(({ played }) => played),
    ALL_CASES.filter(silent),
  );
});

test('playCase, notices a validator that complains of everything', () => {
  const cases = expecting('S', ALL_CASES);
  const outcomes = cases.map((played) => playCase(played, alwaysComplaining));
  assert.equal(rowOf('all', outcomes).not, cases.length);
});

for (const { name, makeEngine, noticedIn, notIn } of FAULTS) {
  test(`playCase, notices a validator that ${name}`, () => {
    const wrong = groupsNotAsExpected(ALL_CASES.map((played) => playCase(played, makeEngine)));
    for (const group of noticedIn) assert.ok(wrong.includes(group), `${group} among ${wrong.join(', ')}`);
    for (const start of notIn) {
      assert.ok(
        !wrong.some((group) => group.startsWith(start)),
        `none of ${start}.. among ${wrong.join(', ')}`,
      );
    }
  });
}

test('every fault, is noticed somewhere and leaves something alone', () => {
  for (const { noticedIn, notIn } of FAULTS) {
    assert.ok(noticedIn.length > 0 && notIn.length > 0);
    const groups = new Set(ALL_CASES.map(({ group }) => group));
    for (const group of noticedIn) assert.ok(groups.has(group), group);
    for (const start of notIn)
      assert.ok(
        [...groups].some((group) => group.startsWith(start)),
        start,
      );
  }
});

test('permutationsOf, gives each order once', () => {
  const orders = permutationsOf(3).map((order) => order.join(''));
  assert.deepEqual(orders, ['012', '021', '102', '120', '201', '210']);
});

test('casesOf, plays the events of a group in the order that the title names', () => {
  const group: Group = {
    name: 'g',
    events: ['[A]', '[B]'],
    orders: 'all',
    irqs: ['callback'],
    verdicts: { mutex: 'S' },
  };
  const cases = casesOf(group);
  assert.deepEqual(
    cases.map(({ title, text }) => [title, text]),
    [
      ['mutex callback 12', '[A]; [B]'],
      ['mutex callback 21', '[B]; [A]'],
    ],
  );
});

test('parseOperations, reads nested locks as taken in order and let go in reverse', () => {
  const operations = parseOperations('[A B.r]', { column: 'mutex' });
  const [a, b] = [
    { letter: 'A', index: 0, kind: 'mutex', subclass: 0 },
    { letter: 'B', index: 0, kind: 'rsem', subclass: 0 },
  ];
  assert.deepEqual(operations, [
    { act: 'lock', use: a },
    { act: 'lock', use: b },
    { act: 'unlock', use: b },
    { act: 'unlock', use: a },
  ]);
});

test('parseOperations, reads lock numbers, kinds, subclasses and contexts', () => {
  const operations = parseOperations('enter(irq) I(X2.raw/3) off(hook) alloc(nowait) name(A)', {
    column: 'spin',
    irq: 'callback',
  });
  assert.deepEqual(operations, [
    { act: 'enter', scope: 'callback' },
    { act: 'init', use: { letter: 'X', index: 2, kind: 'raw', subclass: 3 } },
    { act: 'off', irq: 'hook' },
    { act: 'alloc', gfp: 'nowait' },
    { act: 'name', named: { letter: 'A', index: 0, kind: 'spin', subclass: 0 } },
  ]);
});

test('parseOperations, reads the nest lock that a lock is taken under', () => {
  const nestLock = { letter: 'X', index: 1, kind: 'spin', subclass: 0 };
  assert.deepEqual(parseOperations('L(Y2@X1)', { column: 'spin' }), [
    { act: 'lock', use: { letter: 'Y', index: 2, kind: 'spin', subclass: 0, nestLock } },
  ]);
});

test('parseOperations, refuses what is not in the notation', () => {
  const read = (text: string) => () => parseOperations(text, { column: 'spin' });
  assert.throws(read('L(A) take(B)'), /read the operation 'take\(B\)'; known are L U I/);
  assert.throws(read('L(a)'), /read the lock 'a'/);
  assert.throws(read('L(A.fast)'), /read the kind of lock 'fast'/);
  assert.throws(read('enter(irq)'), /read the context 'irq'/);
  assert.throws(read('alloc(atomic)'), /read the operation/);
});
