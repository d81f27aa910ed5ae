import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { explore } from '../explore/explore.js';
import { isModel } from '../model.js';
import { loadClaimFiles, loadPatched } from './claim-files.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-claim-files-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

write('count.ts', `export function increment(cells: Int32Array): void {\n  Atomics.add(cells, 0, 1);\n}\n`);
const COUNTER = write(
  'counter.model.ts',
  `import assert from 'node:assert/strict';
import { model } from 'lull/checker';
import { increment } from './count.js';

export const TIMES = 2;

export const adds = model({
  name: 'no increment is lost',
  setup: ({ buffer }): Int32Array => new Int32Array(buffer),
  threads: { left: increment, right: increment },
  final: (cells) => assert.equal(Atomics.load(cells, 0), TIMES),
});

export const again = model({ ...adds, name: 'none is lost, again' });
`,
);
const TWINS = write(
  'counter.twin.ts',
  `import { twin } from 'lull/checker';

export const loses = twin({
  name: 'adds in two steps',
  claim: 'counter/adds',
  patch: { file: 'count.ts', find: 'add(cells, 0, 1)', replace: 'store(cells, 0, Atomics.load(cells, 0) + 1)' },
  caughtAs: 'assertion',
});
`,
);

const { claims, twins } = await loadClaimFiles([COUNTER, TWINS]);
const adds = claims[0]!;
const SPLIT = { file: 'count.ts', find: 'Atomics.add', replace: 'Atomics.sub' };

test('loadClaimFiles, finds models and twins among what files export, by file and export', () => {
  assert.deepEqual(
    claims.map(({ id, path, exportName }) => [id, path, exportName]),
    [
      ['counter/adds', COUNTER, 'adds'],
      ['counter/again', COUNTER, 'again'],
    ],
  );
  assert.deepEqual(
    twins.map(({ id, twin }) => [id, twin.claim]),
    [['broken/counter/loses', 'counter/adds']],
  );
});

test('loadClaimFiles, takes endings off, and no more of the name', async () => {
  const text = `import { model } from 'lull/checker';
export const m = model({ name: 'nothing', setup: () => 0, threads: { a() {} } });\n`;
  const paths = ['plain.ts', 'a.b.model.mjs', 'model.js'].map((name) => write(name, text));
  const ids = (await loadClaimFiles(paths)).claims.map(({ id }) => id);
  assert.deepEqual(ids, ['plain/m', 'a.b/m', 'model/m']);
});

test('loadClaimFiles, loads code that can be held, with what it imports', () => {
  const { result, executions } = explore(adds.model);
  assert.equal(result, 'passed');
  assert.ok(executions >= 2, `${executions} executions: nobody was held`);
});

test('loadClaimFiles, throws for a file that exports nothing, or neither a model nor a twin', async () => {
  for (const [name, text] of [
    [
      'nothing.ts',
      `import { model } from 'lull/checker';\nmodel({ name: '', setup: () => 0, threads: {} });\n`,
    ],
    ['number.ts', 'export const claim = { name: "no model", threads: {} };\n'],
  ] as const) {
    const path = write(name, text);
    await assert.rejects(loadClaimFiles([COUNTER, path]), {
      message: `checked ${path}, which exports no model and no twin; export what model({ ... }) of 'lull/checker' returns`,
    });
  }
});

test('loadClaimFiles, rejects a file that is not there', async () => {
  await assert.rejects(loadClaimFiles([join(folder, 'gone.model.ts')]), /gone\.model\.ts/);
});

test('loadPatched, gives the model over patched code, and leaves the one that was loaded alone', async () => {
  const patched = await loadPatched(adds, SPLIT);
  assert.equal(isModel(patched), true);
  assert.equal(explore(patched).counterexample?.kind, 'assertion');
  assert.equal(explore(adds.model).result, 'passed');
});

test('loadPatched, applies several patches, also to the file of the model', async () => {
  const patched = await loadPatched(adds, [
    SPLIT,
    { file: 'counter.model.ts', find: 'TIMES = 2', replace: 'TIMES = -2' },
  ]);
  assert.equal(explore(patched).result, 'passed');
});

test('loadPatched, rejects a patch that does not fit', async () => {
  const nowhere = { ...SPLIT, find: 'Atomics.xor' };
  await assert.rejects(loadPatched(adds, nowhere), /patched count\.ts: found "Atomics\.xor" 0 times/);
  const otherFile = { ...SPLIT, file: 'tally.ts' };
  await assert.rejects(loadPatched(adds, otherFile), /patched tally\.ts, which is not among the 2 modules/);
});
