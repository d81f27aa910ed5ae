/**
 * The names that code can be called by: every function and method that a file declares, and every name it
 * calls, as the compiler has made sure that what is called exists in some library.
 */
import ts from 'typescript';
import { type SourceFile, walk } from './source-file.js';

export function callableNamesOf(files: readonly SourceFile[]): Set<string> {
  const names = new Set<string>();
  for (const file of files) {
    walk(file, (node) => {
      const name = callableNameOf(node);
      if (name !== undefined) names.add(name);
    });
  }
  return names;
}

function callableNameOf(node: ts.Node): string | undefined {
  if (ts.isCallExpression(node)) {
    const { expression } = node;
    if (ts.isIdentifier(expression)) return expression.text;
    return ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
  }
  const declares =
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isMethodSignature(node) ||
    ((ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isPropertyAssignment(node)) &&
      node.initializer !== undefined &&
      ts.isFunctionLike(node.initializer)) ||
    ((ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) &&
      node.type !== undefined &&
      ts.isFunctionTypeNode(node.type));
  return declares && node.name !== undefined ? node.name.getText() : undefined;
}
