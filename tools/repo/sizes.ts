/**
 * Rule `sizes`: files and functions that fit a head.
 *
 *     file in src/, tools/, bench/      at most 400 lines, and at most 250 of them with code on them
 *     function there                    at most 60 lines, from its first token to its last
 *     test file, and all of tests/      at most 600 lines
 *
 * These are stops; aim at 120 to 150 lines a file. What has a reason to be longer stands in EXCEPTIONS, and
 * an exception that nothing needs any more is itself a finding.
 */
import ts from 'typescript';
import { codeLinesOf } from './comments.js';
import type { Finding } from './finding.js';
import { isTest, lineAt, lineOf, type SourceFile, walk } from './source-file.js';

const RULE = 'sizes';

export const MAX_FILE_LINES = 400;
export const MAX_CODE_LINES = 250;
export const MAX_FUNCTION_LINES = 60;
export const MAX_TEST_LINES = 600;

type Measure = 'lines' | 'code lines' | 'function lines';

export type SizeException = {
  readonly path: string;
  readonly measure: Measure;
  /** How far it may go. */
  readonly upTo: number;
  /** Why splitting would make it harder to read. */
  readonly reason: string;
};

export const EXCEPTIONS: readonly SizeException[] = [];

/** One measured thing: a file, its code, or a function of it. */
type Size = {
  readonly line: number;
  readonly what: string;
  readonly measure: Measure;
  readonly lines: number;
  readonly limit: number;
};

export function checkSizes(files: readonly SourceFile[], exceptions = EXCEPTIONS): Finding[] {
  const used = new Set<SizeException>();
  const findings: Finding[] = [];
  for (const file of files) {
    for (const size of sizesOf(file).filter(({ lines, limit }) => lines > limit)) {
      const exception = exceptions.find(
        ({ path, measure }) => path === file.path && measure === size.measure,
      );
      if (exception !== undefined) used.add(exception);
      if (exception !== undefined && size.lines <= exception.upTo) continue;
      findings.push({
        path: file.path,
        line: size.line,
        rule: RULE,
        problem: `${size.what} has ${size.lines} ${size.measure}, limit ${exception?.upTo ?? size.limit}`,
        remedy:
          'split it by idea; where that would hurt the reader, add it to EXCEPTIONS in tools/repo/sizes.ts with the reason',
      });
    }
  }
  const unused = exceptions.filter((exception) => !used.has(exception));
  return [...findings, ...unused.map(ofUnused)];
}

/** Median number of lines of the shipped files, 0 where there are none. */
export function medianLines(files: readonly SourceFile[]): number {
  const lines = files.map((file) => lineCount(file)).sort((a, b) => a - b);
  return lines[lines.length >> 1] ?? 0;
}

function sizesOf(file: SourceFile): Size[] {
  const whole = { line: 1, what: 'the file', measure: 'lines', lines: lineCount(file) } as const;
  if (isTest(file.path) || file.path.startsWith('tests/')) return [{ ...whole, limit: MAX_TEST_LINES }];
  return [
    { ...whole, limit: MAX_FILE_LINES },
    { ...whole, measure: 'code lines', lines: codeLinesOf(file).size, limit: MAX_CODE_LINES },
    ...functionSizes(file),
  ];
}

function functionSizes(file: SourceFile): Size[] {
  const sizes: Size[] = [];
  walk(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
    const line = lineOf(file, node);
    sizes.push({
      line,
      what: nameOf(node),
      measure: 'function lines',
      lines: lineAt(file, node.end) - line + 1,
      limit: MAX_FUNCTION_LINES,
    });
  });
  return sizes;
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return 'the constructor';
  const { parent } = node;
  const name =
    node.name ??
    (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined);
  return name === undefined ? 'a function without a name' : `${name.getText()}()`;
}

function lineCount(file: SourceFile): number {
  if (file.text === '') return 0;
  return file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
}

function ofUnused(exception: SizeException): Finding {
  return {
    path: 'tools/repo/sizes.ts',
    line: 1,
    rule: RULE,
    problem: `the exception for ${exception.measure} of ${exception.path} is not needed`,
    remedy: 'remove it from EXCEPTIONS',
  };
}
