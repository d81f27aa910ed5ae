import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneRound } from '../one-round.js';
import { RCU_COMPARISONS } from '../rcu-comparisons.js';

/** How many operations a round of a test has: enough to come round each loop a few times. */
const FEW: Readonly<Record<string, number>> = {
  // All of them: it is a matter of milliseconds.
  'rcu-lines': 3328,
  'synchronize-busy': 5,
  'rcu-flood': 100_000,
  'rcu-flood-steady': 100_000,
  'rcu-flood-waiting': 100_000,
  'rcu-flood-peak': 100_000,
};
const OTHERWISE = 20_000;

/** The values of one round of each subject that is a script. */
function valuesOf(name: string): Promise<Map<string, number>> {
  const { subjects } = RCU_COMPARISONS.find((each) => each.name === name)!;
  const scripts = subjects.filter((subject) => 'script' in subject);
  return oneRound(scripts, FEW[name] ?? OTHERWISE);
}

function assertAll(values: ReadonlyMap<string, number>, isRight: (value: number) => boolean): void {
  for (const [subject, value] of values) assert.ok(isRight(value), `${subject}: ${value}`);
}

// The subject fails where an object is left waiting.
test('defer, frees all that was retired, by kfreeRcu and by rcu.call', async () => {
  const values = await valuesOf('defer');
  assert.equal(values.size, 2);
  assertAll(values, (value) => value > 0);
});

test('rcu-lines, counts a line an object in a list, fewer in arrays, and hardly any in whole sheaves', async () => {
  const values = await valuesOf('rcu-lines');
  const names = ['pointer pages', 'whole sheaves', 'linked list', 'pointer pages, and where they go'];
  const [arrays, whole, list, both] = names.map((name) => values.get(name)!);
  assert.ok(whole! > 0 && whole! <= 1 / 16, `whole sheaves: ${whole}`);
  assert.ok(arrays! > whole! && arrays! <= 1 / 8, `pointer pages: ${arrays}`);
  assert.ok(both! > arrays! && both! < 1, `pointer pages, and where they go: ${both}`);
  assert.ok(list! >= 1 && list! < 2, `linked list: ${list}`);
});

// The subject fails where there are fewer grace periods than calls.
test('synchronize and synchronize-busy, are times of grace periods', async () => {
  assertAll(await valuesOf('synchronize'), (value) => value > 0);
  assertAll(await valuesOf('synchronize-busy'), (value) => value > 0);
});

// The subject fails where the values read do not add up.
test('dereference, reads the same through words and from an array', async () => {
  assertAll(await valuesOf('dereference'), (value) => value > 0);
});

test('turn, measures every way to enter and leave one', async () => {
  const values = await valuesOf('turn');
  assert.equal(values.size, 4);
  assertAll(values, (value) => value > 0);
});

test('rcu-flood and rcu-flood-steady, allocate without a failure', async () => {
  assertAll(await valuesOf('rcu-flood'), (value) => value > 0);
  assertAll(await valuesOf('rcu-flood-steady'), (value) => value > 0);
});

// No time is in it: what may wait is counted from the grace periods that the thread saw end.
test('rcu-flood-waiting and rcu-flood-peak, never find more waiting than two grace periods retire', async () => {
  assertAll(await valuesOf('rcu-flood-waiting'), (value) => value >= 0 && value <= 1);
  assertAll(await valuesOf('rcu-flood-peak'), (value) => value >= 0 && value < 64);
});
