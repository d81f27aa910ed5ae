import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSizes, medianLines, type SizeException } from './sizes.js';
import { parseSource } from './source-file.js';

function problems(path: string, text: string, exceptions: SizeException[] = []): string[] {
  return checkSizes([parseSource(path, text)], exceptions).map(
    (finding) => `${finding.line} ${finding.problem}`,
  );
}

const comments = (lines: number): string => '// why\n'.repeat(lines);
const code = (lines: number): string => 'step();\n'.repeat(lines);
const functionOf = (lines: number): string => `function walk() {\n${code(lines - 2)}}\n`;

test('checkSizes() allows 400 lines and reports 401', () => {
  assert.deepEqual(problems('src/a.ts', comments(400)), []);
  assert.deepEqual(problems('src/a.ts', comments(401)), ['1 the file has 401 lines, limit 400']);
});

test('checkSizes() counts lines with code apart from comments and blank lines', () => {
  assert.deepEqual(problems('src/a.ts', `${comments(60)}\n\n${code(250)}`), []);
  assert.deepEqual(problems('tools/a.ts', `${comments(60)}\n\n${code(251)}`), [
    '1 the file has 251 code lines, limit 250',
  ]);
});

test('checkSizes() counts every line of a text that spans lines as code', () => {
  assert.deepEqual(problems('src/a.ts', `const text = \`\n${'\n'.repeat(250)}\`;`), [
    '1 the file has 252 code lines, limit 250',
  ]);
});

test('checkSizes() allows a function of 60 lines and reports 61 where it begins, without its docstring', () => {
  assert.deepEqual(problems('bench/a.ts', `/** What it does. */\n${functionOf(60)}`), []);
  assert.deepEqual(problems('bench/a.ts', `/** What it does. */\n${functionOf(61)}`), [
    '2 walk() has 61 function lines, limit 60',
  ]);
});

test('checkSizes() names methods, constructors and arrow functions', () => {
  const body = `{\n${code(60)}}`;
  assert.deepEqual(
    problems('src/a.ts', `class A {\nconstructor() ${body}\nstep() ${body}\n}\nconst go = () => ${body};`),
    [
      '2 the constructor has 62 function lines, limit 60',
      '64 step() has 62 function lines, limit 60',
      '127 go() has 62 function lines, limit 60',
    ],
  );
});

test('checkSizes() allows tests 600 lines and functions of any length', () => {
  assert.deepEqual(problems('src/a.test.ts', functionOf(600)), []);
  assert.deepEqual(problems('tests/a.ts', functionOf(600)), []);
  assert.deepEqual(problems('src/a.test.ts', code(601)), ['1 the file has 601 lines, limit 600']);
});

test('checkSizes() lets an exception go as far as it says', () => {
  const exception = { path: 'src/a.ts', measure: 'lines', upTo: 410, reason: 'one table' } as const;
  assert.deepEqual(problems('src/a.ts', comments(410), [exception]), []);
  assert.deepEqual(problems('src/a.ts', comments(411), [exception]), ['1 the file has 411 lines, limit 410']);
});

test('checkSizes() reports an exception that nothing needs', () => {
  const exception = { path: 'src/a.ts', measure: 'lines', upTo: 410, reason: 'one table' } as const;
  assert.deepEqual(problems('src/a.ts', comments(10), [exception]), [
    '1 the exception for lines of src/a.ts is not needed',
  ]);
});

test('medianLines() is the middle of the file lengths, 0 without files', () => {
  const files = [30, 10, 20].map((lines) => parseSource(`src/${lines}.ts`, code(lines)));
  assert.equal(medianLines(files), 20);
  assert.equal(medianLines([]), 0);
});
