import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type CheckLitmusOptions, checkLitmusFiles } from './check-litmus.js';

const folder = mkdtempSync(join(tmpdir(), 'litmus-'));
after(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const path = join(folder, `${name}.litmus`);
  writeFileSync(path, text);
  return path;
}

const body = '{}\nP0(int *x) { WRITE_ONCE(*x, 1); }\nP1(int *x) { r1 = READ_ONCE(*x); }\n';
const right = fileOf('right', `C right\n(* Result: Sometimes *)\n${body}exists (1:r1=1)\n`);
const wrong = fileOf('wrong', `C wrong-one\n(* Result: Never *)\n${body}exists (1:r1=1)\n`);
const foreign = fileOf('foreign', 'LISA foreign\n{}\n');

async function check(
  paths: string[],
  options: CheckLitmusOptions = {},
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await checkLitmusFiles(paths, options, (line) => lines.push(line));
  return { code, lines };
}

test('checkLitmusFiles, prints a line each and a summary, and ends with 0', async () => {
  const { code, lines } = await check([right]);
  assert.equal(code, 0);
  assert.equal(lines[0], 'right  Sometimes  (2 states)');
  assert.match(lines[1]!, /^1 file: 0 Never, 1 Sometimes, .* 1 agree, 0 differ/);
});

test('checkLitmusFiles, ends with 1 when what a file calls Never was reached', async () => {
  const { code, lines } = await check([wrong, right]);
  assert.equal(code, 1);
  assert.equal(lines[0], 'wrong-one  Sometimes  (2 states, the file expects Never)');
  assert.equal(lines[1], 'right      Sometimes  (2 states)');
});

test('checkLitmusFiles, lists and counts what is unsupported, which is no failure', async () => {
  const { code, lines } = await check([foreign, right]);
  assert.equal(code, 0);
  assert.match(lines[0]!, /foreign\.litmus {2}unsupported {2}\(line 1: LISA, not C\)$/);
  assert.match(lines[2]!, /^2 files: .* 1 unsupported/);
});

test('checkLitmusFiles, ends with 2 when a file cannot be read, and runs the others', async () => {
  const { code, lines } = await check([join(folder, 'absent.litmus'), right]);
  assert.equal(code, 2);
  assert.match(lines[0]!, /unsupported {2}\(the file cannot be read\)$/);
  assert.match(lines[1]!, /^right/);
});

test('checkLitmusFiles, writes a JSON object a line, with finals where asked to', async () => {
  const { lines } = await check([right, foreign], { json: true, states: true });
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    [first!.file, first!.result, first!.states, typeof first!.seconds],
    [right, 'Sometimes', 2, 'number'],
  );
  assert.deepEqual(first!.finals, [
    { regs: { '1:r1': 0 }, mem: { x: 1 } },
    { regs: { '1:r1': 1 }, mem: { x: 1 } },
  ]);
  assert.deepEqual(second, { file: foreign, unsupported: 'line 1: LISA, not C' });
  assert.equal(lines.length, 2);
});
