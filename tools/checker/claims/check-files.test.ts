import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkFiles } from './check-files.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-check-files-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A flag that one thread sets once the data is there. */
const MODELS = write(
  'flag.model.ts',
  `import assert from 'node:assert/strict';
import { model, type Stage } from 'lull/checker';

const FLAG = 1;
const DATA = 2;

export const publishes = model<Stage>({
  name: 'who sees the flag sees the data',
  setup: (stage) => stage,
  threads: {
    writer({ words }) {
      words.storePlain(DATA, 7);
      words.store(FLAG, 1);
    },
    reader({ words }) {
      if (words.load(FLAG) === 1) assert.equal(words.loadPlain(DATA), 7);
    },
  },
  nightly: { storeBuffers: true },
});

export const neverSet = model<Stage>({
  ...publishes,
  name: 'the flag is never set: false',
  final: ({ words }) => assert.equal(words.load(FLAG), 0),
});
`,
);
const TWINS = write(
  'flag.twin.ts',
  `import { twin } from 'lull/checker';

export const plainFlag = twin({
  name: 'the flag is set by a plain store',
  claim: 'flag/publishes',
  patch: { file: 'flag.model.ts', find: 'words.store(FLAG, 1)', replace: 'words.storePlain(FLAG, 1)' },
  caughtAs: 'race',
});
`,
);

test('checkFiles, runs the claims and the twins that the files export, in their order', async () => {
  const { claims, twins } = await checkFiles([MODELS, TWINS]);
  assert.deepEqual(
    claims.map(({ id, result }) => [id, result]),
    [
      ['flag/publishes', 'passed'],
      ['flag/neverSet', 'failed'],
    ],
  );
  assert.deepEqual(
    twins.map(({ id, isCaught }) => [id, isCaught]),
    [['broken/flag/plainFlag', true]],
  );
});

test('checkFiles, hands its options on', async () => {
  const bounds = async (options: Parameters<typeof checkFiles>[1]) =>
    (await checkFiles([MODELS], options)).claims[0]!.bound;
  assert.equal(await bounds({}), 'every schedule');
  assert.equal(await bounds({ isNightly: true }), 'every schedule, store buffers');
  assert.equal(await bounds({ bounds: { preemptions: 2 } }), '2 preemptions');
  assert.match(await bounds({ sampling: { seed: 3, executions: 5 } }), /^5 random schedules of seed 3/);
});

test('checkFiles, rejects twins without the file of their claim, and files that declare nothing', async () => {
  await assert.rejects(checkFiles([TWINS]), /twin broken\/flag\/plainFlag names claim 'flag\/publishes'/);
  const empty = write('empty.model.ts', 'export {};\n');
  await assert.rejects(checkFiles([MODELS, empty]), /empty\.model\.ts, which exports no model and no twin/);
});
