import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadClaimFiles } from './claim-files.js';
import { replayText } from './replay-text.js';
import { runTwin } from './run-claims.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-replay-text-'));
after(() => rmSync(folder, { recursive: true }));

const MODELS = join(folder, 'counter.model.ts');
writeFileSync(
  MODELS,
  `import assert from 'node:assert/strict';
import { model } from 'lull/checker';

function increment(cells: Int32Array): void {
  Atomics.add(cells, 0, 1);
}

export const adds = model({
  name: 'no increment is lost',
  setup: ({ buffer }): Int32Array => new Int32Array(buffer),
  threads: { left: increment, right: increment },
  final: (cells) => assert.equal(Atomics.load(cells, 0), 2, 'an increment is lost'),
  nameOf: (index) => (index === 0 ? 'counter' : \`word \${index}\`),
});
`,
);
const TWINS = join(folder, 'counter.twin.ts');
writeFileSync(
  TWINS,
  `import { twin } from 'lull/checker';

export const loses = twin({
  name: 'adds in two steps',
  claim: 'counter/adds',
  patch: { file: 'counter.model.ts', find: 'add(cells, 0, 1)', replace: 'store(cells, 0, Atomics.load(cells, 0) + 1)' },
  caughtAs: 'assertion',
});
`,
);

const declared = await loadClaimFiles([MODELS, TWINS]);

test('replayText, tells a schedule of a claim, in which nothing fails', async () => {
  const { report, hasFailed } = await replayText('counter/adds:A1B1', declared);
  assert.equal(hasFailed, false);
  assert.match(
    report,
    /^counter\/adds: no increment is lost\n\n[\s\S]*left[\s\S]*right[\s\S]*counter[\s\S]*\n\nnothing fails/,
  );
});

test('replayText, shows again how a twin was caught', async () => {
  const { counterexample } = await runTwin(declared.twins[0]!, declared);
  const { report, hasFailed } = await replayText(
    `broken/counter/loses:${counterexample!.schedule}`,
    declared,
  );
  assert.equal(hasFailed, true);
  assert.ok(report.endsWith(counterexample!.message), report);
});

test('replayText, runs the schedule it is given, not another one', async () => {
  const failing = await replayText('broken/counter/loses:A1B2A2', declared);
  const passing = await replayText('broken/counter/loses:A2B2', declared);
  assert.deepEqual([failing.hasFailed, passing.hasFailed], [true, false]);
});

test('replayText, kills a thread where the schedule says', async () => {
  const { report, hasFailed } = await replayText('counter/adds:kA0.B1', declared);
  assert.equal(hasFailed, true);
  assert.match(report, /an increment is lost/);
});

test('replayText, rejects what names no claim and no twin, and shows what a replay looks like', async () => {
  for (const text of ['counter/subtracts:A1', 'A1B1', '']) {
    await assert.rejects(replayText(text, declared), {
      message: `replayed '${text}', which names no claim and no twin of these files; a replay looks like counter/adds:A5B3A9`,
    });
  }
});

test('replayText, rejects a twin whose claim is not among the files', async () => {
  const alone = await loadClaimFiles([TWINS]);
  await assert.rejects(replayText('broken/counter/loses:A1', alone), {
    message: 'replayed twin broken/counter/loses without the file of its claim counter/adds',
  });
});

test('replayText, rejects a schedule that makes no sense, or is of more threads', async () => {
  await assert.rejects(replayText('counter/adds:1A', declared), /read '1A' as a schedule/);
  await assert.rejects(replayText('counter/adds:C1', declared), /thread C on a model of 2 threads/);
  await assert.rejects(replayText('counter/adds:kC1.A1', declared), {
    message: "replayed 'counter/adds:kC1.A1', whose fault befalls a thread that counter/adds does not have",
  });
});
