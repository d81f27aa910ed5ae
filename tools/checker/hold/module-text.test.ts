import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseModule, readModule, resolveModule } from './module-text.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-module-text-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('resolveModule, finds the .ts of a .js that is not there', () => {
  const importer = write('importer.ts', '');
  const typed = write('typed.ts', '');
  const compiled = write('compiled.js', '');
  write('compiled.ts', '');
  assert.equal(resolveModule('./typed.js', importer), typed);
  assert.equal(resolveModule('./compiled.js', importer), compiled);
  assert.throws(() => resolveModule('./none.js', importer), /imported \.\/none\.js from .*nor a \.ts/);
});

test('parseModule, strips types and leaves the language as it is', () => {
  const { text } = parseModule('/a.ts', 'export class A {\n  private b?: number;\n  #c = this?.b ?? 1;\n}\n');
  assert.match(text, /#c = this\?\.b \?\? 1/);
  assert.equal(text.split('\n').length, 5);
});

test('parseModule, says which module it cannot read', () => {
  assert.throws(() => parseModule('/models/bad.js', 'const = 1;'), /bad\.js/);
});

test('readModule, parses a text once, patched or not', () => {
  const path = write('kept.ts', 'export const a = 1;');
  const patch = { file: 'kept.ts', find: '1', replace: '2' };
  assert.equal(readModule(path, []), readModule(path, []));
  assert.equal(readModule(path, [patch]), readModule(path, [patch]));
  assert.notEqual(readModule(path, [patch]), readModule(path, []));
});
