import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Role } from './stub-member.js';
import { ratePerSecond, Team } from './team.js';

const teams: Team<Role, number>[] = [];
after(() => Promise.all(teams.map((team) => team.stop())));

function teamOf(...roles: Role[]): Team<Role, number> {
  const team = new Team<Role, number>(new URL('stub-member.js', import.meta.url), roles);
  teams.push(team);
  return team;
}

test('Team.round, gives each thread the operations and returns the results in order', async () => {
  const team = teamOf({ factor: 2 }, { factor: 3 });
  const results = async (operations: number) => (await team.round(operations)).map(({ result }) => result);
  assert.deepEqual(await results(5), [10, 15]);
  assert.deepEqual(await results(7), [14, 21]);
});

test('Team.round, says when each thread began and ended', async () => {
  for (const { start, end } of await teamOf({ factor: 1 }, { factor: 1 }).round(1)) assert.ok(end >= start);
});

test('Team.round, is over for the others when the first is done', async () => {
  const [, other] = await teamOf({ factor: 1 }, { factor: 1, untilOver: true }).round(1);
  assert.equal(other!.result, 1);
});

test('Team.round, of a number of milliseconds is over for all when they are up', async () => {
  const team = teamOf({ factor: 4, untilOver: true }, { factor: 5, untilOver: true });
  assert.deepEqual(
    (await team.round(1, 5)).map(({ result }) => result),
    [4, 5],
  );
});

test('Team.round, rejects with the error of a thread that fails', async () => {
  await assert.rejects(teamOf({ factor: 1, fails: true }).round(1), /the stub has been told to fail/);
});

test('ratePerSecond, divides by the time from the first start to the last end', () => {
  const stretches = [
    { start: 1e9, end: 2e9, result: 0 },
    { start: 1.5e9, end: 3e9, result: 0 },
  ];
  assert.equal(ratePerSecond(100, stretches), 50);
});
