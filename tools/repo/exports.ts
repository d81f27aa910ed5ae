/**
 * Rule `exports`: `src/index.ts` is the only index, and no file says `export *`. What is public is one
 * explicit list of names, and a name is imported from the file that declares it.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import type { Finding } from './finding.js';
import { lineOf, type SourceFile } from './source-file.js';

const RULE = 'exports';

export function checkExports(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => [...checkIndex(file), ...checkStars(file)]);
}

function checkIndex(file: SourceFile): Finding[] {
  if (posix.basename(file.path) !== 'index.ts' || file.path === 'src/index.ts') return [];
  return [
    {
      path: file.path,
      line: 1,
      rule: RULE,
      problem: 'is an index file',
      remedy: 'src/index.ts is the only one; name the file after what it holds',
    },
  ];
}

function checkStars(file: SourceFile): Finding[] {
  return file.tree.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) return [];
    const { exportClause } = statement;
    if (exportClause !== undefined && ts.isNamedExports(exportClause)) return [];
    return [
      {
        path: file.path,
        line: lineOf(file, statement),
        rule: RULE,
        problem: 'says `export *`',
        remedy: 'list the names, so that a reader sees what is exported',
      },
    ];
  });
}
