import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_CONTEXT_COMPARISONS } from '../any-context-comparisons.js';
import { oneRound } from '../one-round.js';

/** How many operations a round of a test has: enough to come round each loop a few times. */
const FEW: Readonly<Record<string, number>> = {
  // Enough for the lock's owner, were it preempted, to run again meanwhile: refused calls take nanoseconds.
  nolock: 2_560_000,
  // Milliseconds: as long as a thread may be off its processor on a busy machine.
  'zone-lock': 100,
  'zone-lock-wait': 5,
  'zone-lock-passed': 5,
  'map-memory': 1,
  bookkeeping: 1,
};
const OTHERWISE = 12_800;

/** The values of one round of each subject, or of the first of them. */
function valuesOf(name: string, subjects?: number): Promise<Map<string, number>> {
  const comparison = ANY_CONTEXT_COMPARISONS.find((each) => each.name === name)!;
  return oneRound(comparison.subjects.slice(0, subjects), FEW[name] ?? OTHERWISE);
}

function assertAll(values: ReadonlyMap<string, number>, isRight: (value: number) => boolean): void {
  for (const [subject, value] of values) assert.ok(isRight(value), `${subject}: ${value}`);
}

// The subject counts in plain words inside the lock, and fails where two threads were there at once.
test('zone-lock, measures sections under every lock, with one thread inside at a time', async () => {
  const values = await valuesOf('zone-lock');
  assert.equal(values.size, 10);
  assertAll(values, (value) => value > 0);
});

test('zone-lock-wait and zone-lock-passed, measure one thread while others have the lock', async () => {
  assertAll(await valuesOf('zone-lock-wait', 2), (value) => value > 0);
  assertAll(await valuesOf('zone-lock-passed', 2), (value) => Number.isInteger(value) && value >= 0);
});

test('nolock, is a share of the calls', async () => {
  assertAll(await valuesOf('nolock'), (value) => value > 0 && value <= 100);
});

test('nolock-time and flood, are times of calls that were made', async () => {
  assertAll(await valuesOf('nolock-time'), (value) => value >= 1);
  assertAll(await valuesOf('flood'), (value) => value > 0);
});

test('pages-two-threads and zone-locks-per-page, count pages', async () => {
  assertAll(await valuesOf('pages-two-threads'), (value) => value > 0);
  assertAll(await valuesOf('zone-locks-per-page'), (value) => value >= 0 && value < 1);
});

test('group-charge, measures both ways', async () => {
  assertAll(await valuesOf('group-charge'), (value) => value > 0);
});

test('map-memory, has room for 65,536 entries of 96 bytes where they are allocated up front', async () => {
  const values = await valuesOf('map-memory');
  assert.ok(values.get('preallocated')! >= (65_536 * 96) / 4096, String(values.get('preallocated')));
  assert.ok(values.get('lull')! >= (655 * 96) / 4096, String(values.get('lull')));
});

test('bookkeeping, hands out no more than the records leave', async () => {
  const values = await valuesOf('bookkeeping');
  const records = values.get('records')!;
  assert.ok(records > 0 && records < 100, String(records));
  assert.ok(values.get('not handed out')! >= records);
  assert.ok(values.get('records of a debug heap, with its stacks')! > records);
});
