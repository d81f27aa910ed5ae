/**
 * `npm run check`, the one gate: format and lint, build, repository rules, tests, and tests of heaps once more
 * in validating heaps and in debug heaps, in this order, each named with its seconds. Stops at the first that
 * fails. The last line is the counts of the tests.
 *
 * The build is one of its stages, so it may not depend on the build: package.json has esbuild make this file
 * and what it imports into dist/gate.js first.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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

/** What is tested again where every heap validates, and throws what it finds. */
const TESTS_OF_HEAPS = [
  'src/heap/',
  'src/collections/',
  'src/pages/',
  'src/rcu/',
  'src/slab/',
  'src/shared-heap',
  'tests/threads/',
  'tests/properties/',
];

/** Of plain heaps alone, whatever is asked for: another run would be the same. */
function isOfPlainHeaps(path: string): boolean {
  return readFileSync(path, 'utf8').includes('plainHeapsOnly();');
}

/** Where threads are terminated at random: a validator is off from the first death in its journal on, and finds nothing more. */
const TERMINATES = /^tests\/threads\/(death-|locks-death|torture)/;

/** The second run of the tests of heaps; what they took under which lock has to follow the ranks. */
async function validatedStage(): Promise<boolean> {
  const startedAt = performance.now();
  const graphs = mkdtempSync(join(tmpdir(), 'lull-lock-graphs-'));
  const before = { ...process.env };
  Object.assign(process.env, {
    LULL_VALIDATE: 'throw',
    LULL_LOCK_GRAPHS: graphs,
    NODE_OPTIONS: `--import ${pathToFileURL('dist/tools/lockdep/save-graphs.js')}`,
  });
  const tally = await runTests(TESTS_OF_HEAPS, (path) => isOfPlainHeaps(path) || TERMINATES.test(path));
  process.env = before;
  const command = `node dist/tools/lockdep/check-lock-order.js ${graphs}`;
  const isInOrder = spawnSync(command, { shell: true, stdio: 'inherit' }).status === 0;
  rmSync(graphs, { recursive: true });
  const passed = tally.failed === 0 && tally.passed > 0 && isInOrder;
  printStage(`tests in validating heaps (${tally.summary()})`, passed, startedAt);
  return passed;
}

/** What is tested again where every heap is a debug heap: what a program does with one, and kfreeRcu. */
const TESTS_OF_DEBUG_HEAPS = [
  'src/collections/',
  'src/shared-heap.test',
  'src/heap/heap-core.test',
  'src/rcu/rcu.test',
  'src/slab/kfree-rcu',
];

async function debugStage(): Promise<boolean> {
  const startedAt = performance.now();
  process.env.LULL_DEBUG = '1';
  const tally = await runTests(TESTS_OF_DEBUG_HEAPS, isOfPlainHeaps);
  delete process.env.LULL_DEBUG;
  const passed = tally.failed === 0 && tally.passed > 0;
  printStage(`tests in debug heaps (${tally.summary()})`, passed, startedAt);
  return passed;
}

async function testStage(): Promise<Tally> {
  const startedAt = performance.now();
  const tally = await runTests([]);
  printStage('tests', tally.failed === 0 && tally.passed > 0, startedAt);
  return tally;
}

if (commandsPass()) {
  const tally = await testStage();
  const isValid = tally.failed === 0 && (await validatedStage()) && (await debugStage());
  console.log(tally.summary());
  process.exitCode = isValid && tally.passed > 0 ? 0 : 1;
} else {
  console.log('No test was run: mend the failed stage first.');
  process.exitCode = 1;
}
