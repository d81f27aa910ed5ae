import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { model } from '../model.js';
import { twin } from '../twin.js';
import { isCheckerFile, provideChecker } from './provided.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-provided-'));
after(() => rmSync(folder, { recursive: true }));

test("isCheckerFile, knows the checker's files that claim files import, compiled or not", () => {
  for (const path of [
    '/lull/tools/checker/checker.ts',
    '/lull/dist/tools/checker/model.js',
    'C:\\lull\\tools\\checker\\twin.ts',
  ]) {
    assert.equal(isCheckerFile(path), true, path);
  }
});

test('isCheckerFile, knows no others: they are held', () => {
  for (const path of [
    '/lull/tools/checker/machine/machine.ts',
    '/lull/tools/checker/claims/model.ts',
    '/lull/tests/interleavings/turn.model.ts',
    '/lull/tools/checker/model.test.ts',
    '/lull/mytools/checker/model.ts',
    'lull/checker',
  ]) {
    assert.equal(isCheckerFile(path), false, path);
  }
});

test('provideChecker, gives the running model() and twin(), under any of its names', async () => {
  for (const name of [
    'lull/checker',
    '/elsewhere/tools/checker/model.ts',
    '/elsewhere/tools/checker/checker.js',
  ]) {
    const provided = await provideChecker(name);
    assert.equal(provided.model, model, name);
    assert.equal(provided.twin, twin, name);
  }
});

test('provideChecker, imports everything else as it is: by name, or by path', async () => {
  assert.equal((await provideChecker('node:path')).join, join);
  const path = join(folder, 'with space #1.mjs');
  writeFileSync(path, 'export const answer = 42;\n');
  assert.equal((await provideChecker(path)).answer, 42);
});

test('provideChecker, rejects what is not there', async () => {
  await assert.rejects(provideChecker(join(folder, 'gone.mjs')), { code: 'ERR_MODULE_NOT_FOUND' });
});
