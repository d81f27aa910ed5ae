/**
 * `npm run check`, the one gate: format and lint, build, repository rules, tests, in this order, each named
 * with its seconds. Stops at the first that fails. The last line is the tests' counts.
 *
 * The build is one of its stages, so it may not depend on the build: package.json has esbuild make this file
 * and what it imports into dist/gate.js first.
 */
import { spawnSync } from 'node:child_process';
import { runTests } from './run-tests.js';
import type { Tally } from './tally.js';

const COMMANDS = [
  { name: 'format and lint', command: 'biome ci --colors=off .' },
  { name: 'build', command: 'npm run --silent build' },
  { name: 'repository rules', command: 'node dist/tools/repo/check.js' },
];

function printStage(name: string, passed: boolean, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name}, ${seconds} s`);
}

function commandsPass(): boolean {
  for (const { name, command } of COMMANDS) {
    const startedAt = performance.now();
    const passed = spawnSync(command, { shell: true, stdio: 'inherit' }).status === 0;
    printStage(name, passed, startedAt);
    if (!passed) return false;
  }
  return true;
}

async function testStage(): Promise<Tally> {
  const startedAt = performance.now();
  const tally = await runTests([]);
  printStage('tests', tally.failed === 0 && tally.passed > 0, startedAt);
  return tally;
}

if (commandsPass()) {
  const tally = await testStage();
  console.log(tally.summary());
  process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
} else {
  console.log('No test was run: mend the failed stage first.');
  process.exitCode = 1;
}
