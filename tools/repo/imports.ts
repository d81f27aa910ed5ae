/**
 * What a file imports: static and dynamic imports, re-exports, `import('x')` types and `require`, with
 * type-only imports included, because a name that may not be known may not be known as a type either.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import { lineOf, type SourceFile, walk } from './source-file.js';

export type Import = {
  readonly line: number;
  /** As it is written. */
  readonly specifier: string;
  /** The file meant, from the repository's root; undefined for packages and built-in modules. */
  readonly target: string | undefined;
};

export function importsOf(file: SourceFile): Import[] {
  const imports: Import[] = [];
  walk(file, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    imports.push({ line: lineOf(file, node), specifier, target: targetOf(file.path, specifier) });
  });
  return imports;
}

function specifierOf(node: ts.Node): string | undefined {
  let written: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) written = node.moduleSpecifier;
  else if (ts.isImportTypeNode(node))
    written = ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  else if (ts.isExternalModuleReference(node)) written = node.expression;
  else if (ts.isCallExpression(node)) {
    const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
    if (isImport || isRequire) written = node.arguments[0];
  }
  return written !== undefined && ts.isStringLiteralLike(written) ? written.text : undefined;
}

/** NodeNext writes the compiled file's name; the rules speak of the source's. */
function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}
