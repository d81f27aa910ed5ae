import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { measureInTurns, type Runner } from './rounds.js';
import { RunningSubject, SubjectError } from './running-subject.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-bench-test-'));
after(() => rmSync(folder, { recursive: true }));

const stub = fileURLToPath(new URL('stub-subject.js', import.meta.url));

function stubRunner(name: string, file: string, answers: string): Runner {
  const command = { program: process.execPath, given: [stub, name, join(folder, file), answers] };
  return { name, command, operations: name.length };
}

function roundsIn(file: string): string[] {
  return readFileSync(join(folder, file), 'utf8').trim().split('\n');
}

test('measureInTurns() takes one round from each subject in turn, another one first each time', async () => {
  const runners = [stubRunner('a', 'turns', '1,2,3'), stubRunner('bb', 'turns', '10,20,30')];
  const { values, failures } = await measureInTurns(runners, 1, 2);
  assert.deepEqual(roundsIn('turns'), ['a 1', 'bb 2', 'bb 2', 'a 1', 'a 1', 'bb 2']);
  assert.deepEqual(
    values,
    new Map([
      ['a', [2, 3]],
      ['bb', [20, 30]],
    ]),
  );
  assert.deepEqual(failures, []);
});

test('measureInTurns() goes on without a subject that ends, and says why it ended', async () => {
  const runners = [stubRunner('weak', 'weak', '1,dies'), stubRunner('strong', 'weak', '10,20,30')];
  const { values, failures } = await measureInTurns(runners, 0, 3);
  assert.deepEqual(values, new Map([['strong', [10, 20, 30]]]));
  assert.deepEqual(failures, ['weak ended with code 1: Error: the stub has been told to end']);
});

test('measureInTurns() of a program that does not exist names the program and measures the others', async () => {
  const missing = {
    name: 'missing',
    command: { program: join(folder, 'nothing'), given: [] },
    operations: 1,
  };
  const { values, failures } = await measureInTurns([missing, stubRunner('here', 'here', '1')], 0, 1);
  assert.deepEqual(values, new Map([['here', [1]]]));
  assert.match(failures.join(), /^missing ended .*nothing ENOENT$/);
});

test('RunningSubject.round() refuses an answer that is not a number', async () => {
  const { name, command } = stubRunner('odd', 'odd', 'much');
  const subject = await RunningSubject.start(name, command);
  await assert.rejects(subject.round(1), (error) => {
    assert.ok(error instanceof SubjectError);
    assert.match(error.message, /odd answered a round with null/);
    return true;
  });
  await subject.stop();
});

test('RunningSubject.stop() of a subject that has ended returns at once', async () => {
  const { name, command } = stubRunner('gone', 'gone', 'dies');
  const subject = await RunningSubject.start(name, command);
  await assert.rejects(subject.round(1), SubjectError);
  await subject.stop();
});
