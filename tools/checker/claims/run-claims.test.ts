import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadClaimFiles } from './claim-files.js';
import { type RunOptions, runClaim, runTwin } from './run-claims.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-run-claims-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const MODELS = write(
  'counter.model.ts',
  `import assert from 'node:assert/strict';
import { model } from 'lull/checker';

function increment(cells: Int32Array): void {
  Atomics.add(cells, 0, 1);
}

const counter = {
  setup: ({ buffer }: { buffer: SharedArrayBuffer }): Int32Array => new Int32Array(buffer),
  threads: { left: increment, right: increment },
};

export const adds = model({
  ...counter,
  name: 'no increment is lost',
  bounds: { preemptions: 0 },
  nightly: { preemptions: 3 },
  final: (cells: Int32Array) => assert.equal(Atomics.load(cells, 0), 2),
});

export const throws = model({
  ...counter,
  name: 'its end goes wrong',
  final(): void {
    throw new RangeError('no end');
  },
});
`,
);

function twinText(name: string, members: string): string {
  return `export const ${name} = twin({
  name: '${name}', claim: 'counter/adds', caughtAs: 'assertion',
  patch: { file: 'counter.model.ts', find: 'add(cells, 0, 1)', replace: 'store(cells, 0, Atomics.load(cells, 0) + 1)' },
  ${members}
});\n`;
}

const TWINS = write(
  'counter.twin.ts',
  `import { twin } from 'lull/checker';\n${[
    twinText('loses', 'bounds: { preemptions: 1 },'),
    twinText('tooFewPreemptions', ''),
    twinText('otherwise', `bounds: { preemptions: 1 }, caughtAs: 'deadlock',`),
    twinText('ofNothing', `claim: 'counter/subtracts',`),
    twinText(
      'fitsNothing',
      `patch: { file: 'counter.model.ts', find: 'Atomics.xor', replace: 'Atomics.or' },`,
    ),
  ].join('')}`,
);

const declared = await loadClaimFiles([MODELS, TWINS]);
const [adds, throwing] = declared.claims;

function twinResult(name: string, options?: RunOptions) {
  return runTwin(declared.twins.find(({ id }) => id === `broken/counter/${name}`)!, declared, options);
}

test('runClaim, tells what it explored, and how far', () => {
  const { id, name, threads, result, bound, counterexample } = runClaim(adds!);
  assert.deepEqual(
    { id, name, threads, result, bound },
    {
      id: 'counter/adds',
      name: 'no increment is lost',
      threads: 2,
      result: 'passed',
      bound: '0 preemptions',
    },
  );
  assert.equal(counterexample, undefined);
});

test('runClaim, uses the nightly bounds with isNightly, and bounds that are given before both', () => {
  assert.equal(runClaim(adds!, { isNightly: false }).bound, '0 preemptions');
  assert.equal(runClaim(adds!, { isNightly: true }).bound, '3 preemptions');
  assert.equal(runClaim(adds!, { isNightly: true, bounds: { preemptions: 1 } }).bound, '1 preemption');
});

test('runClaim, takes samples where it is told to', () => {
  const { executions, bound } = runClaim(adds!, { sampling: { seed: 7, executions: 12 } });
  assert.deepEqual([executions, bound], [12, '12 random schedules of seed 7']);
});

test('runClaim, reports a final that throws, with what was thrown', () => {
  const { result, counterexample } = runClaim(throwing!);
  assert.deepEqual([result, counterexample?.kind], ['failed', 'error']);
  assert.match(counterexample!.message, /^at the end: RangeError: no end/);
});

test('runTwin, catches what the twin says, and shows it', async () => {
  const { id, name, claim, isCaught, counterexample } = await twinResult('loses');
  assert.deepEqual([id, name, claim, isCaught], ['broken/counter/loses', 'loses', 'counter/adds', true]);
  assert.equal(counterexample?.kind, 'assertion');
});

test('runTwin, has not caught what the bounds do not show, nor what fails in another way', async () => {
  const unseen = await twinResult('tooFewPreemptions');
  assert.deepEqual([unseen.isCaught, unseen.counterexample], [false, undefined]);
  const otherwise = await twinResult('otherwise');
  assert.deepEqual([otherwise.isCaught, otherwise.counterexample?.kind], [false, 'assertion']);
});

test("runTwin, adds the options' bounds to those of the twin and its claim, and no nightly ones", async () => {
  assert.equal((await twinResult('tooFewPreemptions', { bounds: { preemptions: 1 } })).isCaught, true);
  assert.equal((await twinResult('tooFewPreemptions', { isNightly: true })).isCaught, false);
});

test('runTwin, rejects a twin that names no claim, and lists the claims', async () => {
  await assert.rejects(twinResult('ofNothing'), {
    message:
      "twin broken/counter/ofNothing names claim 'counter/subtracts'; the claims are counter/adds, counter/throws",
  });
});

test('runTwin, rejects a twin whose patch does not fit', async () => {
  await assert.rejects(twinResult('fitsNothing'), /found "Atomics\.xor" 0 times in .*counter\.model\.ts/);
});
