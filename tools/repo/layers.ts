/**
 * Rule `layers`: a folder of `src/` imports only from folders with a lower number.
 *
 *     words 0 < layout 1 < locks, inspect 2 < threads, lockdep 3 < rcu, groups 4 < pages 5 < slab 6 < heap 7
 *       < collections 8 < files directly in src/ 9 < tools/ tests/ bench/
 *
 * Folders on one number never import each other. Nothing in `src/` imports a package, a built-in module,
 * `tools/`, `tests/` or `bench/`: the shipped source runs on any engine. Its unit tests may import all of
 * `src/` and `tests/`, node:test, node:assert and fast-check. A call upward goes through an interface that the
 * lower folder declares and `heap/` wires.
 */
import type { Finding } from './finding.js';
import { type Import, importsOf } from './imports.js';
import { isTest, type SourceFile } from './source-file.js';

const RULE = 'layers';

/** Folders of `src/` by number. A new folder gets its number here and in the architecture page. */
export const LAYERS: ReadonlyMap<string, number> = new Map([
  ['words', 0],
  ['layout', 1],
  ['locks', 2],
  ['inspect', 2],
  ['threads', 3],
  ['lockdep', 3],
  ['rcu', 4],
  ['groups', 4],
  ['pages', 5],
  ['slab', 6],
  ['heap', 7],
  ['collections', 8],
]);

/** The number of files that lie directly in `src/`. */
export const TOP_LAYER = 9;

/** Folders that only some may import, though the number allows more: the validator is wired, not called. */
const ONLY_FROM: ReadonlyMap<string, readonly string[]> = new Map([['lockdep', ['lockdep', 'heap', '']]]);

const TEST_MODULES = new Set(['node:test', 'node:assert', 'node:assert/strict', 'fast-check']);

export function checkLayers(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const edges = importsOf(file);
    const findings = edges.flatMap((edge) =>
      edge.target && isTest(edge.target) ? [ofTest(file, edge)] : [],
    );
    if (!file.path.startsWith('src/')) return findings;
    if (isTest(file.path)) return [...findings, ...edges.flatMap((edge) => checkTestImport(file, edge))];
    return [...findings, ...edges.flatMap((edge) => checkShippedImport(file, edge)), ...checkFolder(file)];
  });
}

/** The folder of `src/` that a path lies in; '' directly in `src/`; undefined outside. */
function folderOf(path: string): string | undefined {
  if (!path.startsWith('src/')) return undefined;
  return path.slice('src/'.length).includes('/') ? path.split('/')[1] : '';
}

function layerOf(folder: string): number | undefined {
  return folder === '' ? TOP_LAYER : LAYERS.get(folder);
}

function ofTest(file: SourceFile, edge: Import): Finding {
  return {
    path: file.path,
    line: edge.line,
    rule: RULE,
    problem: `imports the test file ${edge.target}, which would run its tests`,
    remedy: 'move what both need into a file of its own',
  };
}

function checkTestImport(file: SourceFile, edge: Import): Finding[] {
  const allowed =
    edge.target === undefined
      ? TEST_MODULES.has(edge.specifier)
      : edge.target.startsWith('src/') || edge.target.startsWith('tests/');
  if (allowed) return [];
  return [
    {
      path: file.path,
      line: edge.line,
      rule: RULE,
      problem: `a unit test in src/ imports '${edge.specifier}'`,
      remedy: `import src/, tests/ or ${[...TEST_MODULES].join(', ')}, or move the test to tests/`,
    },
  ];
}

function checkShippedImport(file: SourceFile, edge: Import): Finding[] {
  const report = (problem: string, remedy: string): Finding[] => [
    { path: file.path, line: edge.line, rule: RULE, problem, remedy },
  ];
  if (edge.target === undefined) {
    return report(
      `imports '${edge.specifier}'`,
      'src/ imports neither packages nor built-in modules; take what it needs as an argument, as Host and Words are taken',
    );
  }
  const folder = folderOf(edge.target);
  if (folder === undefined) {
    return report(
      `imports ${edge.target}`,
      'nothing in src/ imports from outside src/; move what it needs into src/',
    );
  }
  if (edge.target === 'src/index.ts') {
    return report('imports src/index.ts', 'import the file that declares the name');
  }
  const own = folderOf(file.path);
  if (own === undefined || folder === own) return [];
  const importers = ONLY_FROM.get(folder);
  if (importers !== undefined && !importers.includes(own)) {
    return report(
      `${own}/ imports ${folder}/`,
      `only heap/ wires ${folder}/; call it through an interface that a lower folder declares`,
    );
  }
  const from = layerOf(own);
  const to = layerOf(folder);
  if (from === undefined || to === undefined || to < from) return [];
  return report(
    `${own}/ (layer ${from}) imports ${folder || 'src'}/ (layer ${to})`,
    to === from
      ? 'folders on one number never import each other; move what both need to a lower folder'
      : 'import only from a lower number; declare an interface here and let heap/ wire it',
  );
}

function checkFolder(file: SourceFile): Finding[] {
  const folder = folderOf(file.path);
  if (folder === undefined || layerOf(folder) !== undefined) return [];
  return [
    {
      path: file.path,
      line: 1,
      rule: RULE,
      problem: `src/${folder}/ has no layer number`,
      remedy: 'give it one in tools/repo/layers.ts, or move the file to a folder that has one',
    },
  ];
}
