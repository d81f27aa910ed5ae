/**
 * SourceFile: one TypeScript file as the rules see it, parsed by the compiler's own parser and not
 * type-checked. Because the rules walk the tree, what stands in a comment or a string never trips them.
 */
import ts from 'typescript';

export type SourceFile = {
  /** Path from the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
};

export function parseSource(path: string, text: string): SourceFile {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

/** True for `*.test.ts`, wherever it lies. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** True for what ships: `src/` without its tests. */
export function isShipped(path: string): boolean {
  return path.startsWith('src/') && !isTest(path);
}

/** Line number of a text position, counted from 1. */
export function lineAt(file: SourceFile, position: number): number {
  return file.tree.getLineAndCharacterOfPosition(position).line + 1;
}

/** Line number on which a node's first token stands, counted from 1. */
export function lineOf(file: SourceFile, node: ts.Node): number {
  return lineAt(file, node.getStart(file.tree));
}

/** Calls `visit` for every node of the tree, parents first. */
export function walk(file: SourceFile, visit: (node: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, step);
  };
  step(file.tree);
}

/** Calls `visit` for every token in the order of the text, the end-of-file token included. */
export function walkTokens(file: SourceFile, visit: (token: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return;
    const children = node.getChildren(file.tree);
    const isToken = children.length === 0 && node.kind !== ts.SyntaxKind.SyntaxList;
    if (isToken) visit(node);
    else for (const child of children) step(child);
  };
  step(file.tree);
}
