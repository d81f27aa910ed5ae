/** A reaper that leaves out a step must be found out: each in a program of its own, as it may break everything in there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReaperStep } from '../../src/heap/reaper-steps.js';
import { BROKEN_RUNS } from './broken-runs.js';
import type { TortureResult } from './torture-result.js';

const PROGRAM = fileURLToPath(new URL('../cli/lull.js', import.meta.url));
/** A kill that shows it comes sooner or later, and then sooner than this. */
const SECONDS_BY_SEED = [2, 4, 8, 16, 30];
const LONGEST_MILLIS = 100_000;

/** @param broken the step that is left out; the run is made to show `step` */
function run(
  step: ReaperStep,
  seconds: number,
  seed: number,
  broken: readonly ReaperStep[] = [step],
): Promise<Pick<TortureResult, 'result' | 'problems' | 'kills'>> {
  const { scenarios = [], aims = [], oom = 0, heapBytes = 16 * 2 ** 20 } = BROKEN_RUNS[step]!;
  const args = ['torture', ...scenarios, '--kill', '30', '--threads', '3', '--json'];
  for (const each of broken) args.push('--broken', each);
  args.push('--seconds', String(seconds), '--heap', String(heapBytes), '--oom', String(oom));
  args.push('--seed', String(seed));
  for (const aim of aims) args.push('--aim', aim);
  return new Promise((resolve, reject) => {
    const options = { timeout: LONGEST_MILLIS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
    execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) => {
      const last = stdout.trim().split('\n').pop() ?? '';
      if (last.startsWith('{')) resolve(JSON.parse(last));
      // One that does not even come to its account has failed as well.
      else if (error?.killed === true) resolve({ result: 'FAILURE', problems: ['it hung'], kills: 1 });
      else reject(new Error(`it ended with ${error?.code ?? 0} and no account: ${stderr}`));
    });
  });
}

for (const step of Object.keys(BROKEN_RUNS) as ReaperStep[]) {
  test(`torture, finds out a reaper without the step ${step}`, { timeout: 4 * LONGEST_MILLIS }, async () => {
    const seen: string[] = [];
    for (const [i, seconds] of SECONDS_BY_SEED.entries()) {
      const seed = i + 1;
      const { result, problems, kills } = await run(step, seconds, seed);
      seen.push(`seed ${seed}: ${kills} kills, ${problems.join('; ') || 'no problem'}`);
      if (result === 'FAILURE') {
        assert.ok(kills > 0 && problems.length > 0, seen.join('\n'));
        return;
      }
    }
    assert.fail(`without ${step} all went well:\n${seen.join('\n')}`);
  });
}

test('torture, finds nothing wrong with a whole reaper where it would find out a broken one', {
  timeout: LONGEST_MILLIS,
}, async () => {
  const { result, problems, kills } = await run('intents', SECONDS_BY_SEED[1]!, 1, []);
  assert.deepEqual([result, problems], ['SUCCESS', []]);
  assert.ok(kills > 0);
});
