/** The lock of docs/checker.md, checked by the built program: it prints what the page says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAM = join(ROOT, 'dist/bin/lull.js');
const folder = mkdtempSync(join(tmpdir(), 'checker-page-'));
after(() => rmSync(folder, { recursive: true }));

const page = readFileSync(join(ROOT, 'docs/checker.md'), 'utf8');
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text]) => ({
  language,
  text: text!,
}));
const ofLanguage = (language: string): string[] =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);

/** What `lull check` prints of a model file, and its exit code. */
function check(files: Readonly<Record<string, string>>): Promise<{ code: number; stdout: string }> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, 'check', ...Object.keys(files)],
      { cwd: folder },
      (error, stdout) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout });
      },
    );
  });
}

/** How long it took differs from time to time. */
function withoutSeconds(text: string): string {
  return text.trim().replace(/\d+\.\d s/g, '_ s');
}

const [broken, mended, ...rest] = ofLanguage('ts');
const [twin, ...otherTwins] = rest.filter((text) => text.includes('twin({'));
const [printed, printedMended] = ofLanguage('text');
const mendedFile = broken!.replace(/^ {2}acquire\(\) \{\n[\s\S]*?^ {2}\}\n/m, mended!);

test('docs/checker.md, prints what the broken lock gives', async () => {
  const { code, stdout } = await check({ 'lock.model.ts': broken! });
  assert.equal(withoutSeconds(stdout), withoutSeconds(printed!));
  assert.equal(code, 1);
});

test('docs/checker.md, prints what the mended lock gives', async () => {
  assert.notEqual(mendedFile, broken);
  const { code, stdout } = await check({ 'lock.model.ts': mendedFile });
  assert.equal(withoutSeconds(stdout), withoutSeconds(printedMended!));
  assert.equal(code, 0);
});

test('docs/checker.md, shows a twin that is caught', async () => {
  assert.deepEqual(otherTwins, []);
  const twinFile = `import { twin } from 'lull/checker';\n${twin}`;
  const { code, stdout } = await check({ 'lock.model.ts': mendedFile, 'lock.twin.ts': twinFile });
  assert.match(stdout, /^caught +broken\/lock\/releaseForgets/m);
  assert.equal(code, 0);
});
