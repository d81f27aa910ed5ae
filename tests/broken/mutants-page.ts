/** docs/mutants.md: every one-line fault in the shipped code, and the claim that catches it. Made from the twins. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Declared, loadClaimFiles, type NamedTwin } from '../../tools/checker/claims/claim-files.js';
import type { Patch } from '../../tools/checker/hold/patches.js';

const HEAD = `# Mutants

Each row is the shipped code with one line wrong, or a few, and the claim of \`tests/interleavings/\` or
\`tests/regressions/\` that fails over it. The tests run every one of them: none survives. The file is made from
\`tests/broken/\` by \`node dist/tests/broken/write-mutants.js\`, and a test keeps it so.
`;

/** The page's text. */
export async function mutantsPage(): Promise<string> {
  const { twins } = await loadAll();
  const files = new Set(twins.flatMap(({ twin }) => patchesOf(twin.patch).map(({ file }) => file)));
  const intro = `${twins.length} faults in ${files.size} files.`;
  return `${HEAD}\n${intro}\n\n| fault | file | instead of | it says | caught by | as |\n|---|---|---|---|---|---|\n${twins.map(rowOf).join('\n')}\n`;
}

async function loadAll(): Promise<Declared> {
  return loadClaimFiles([
    ...filesIn('../interleavings', '.model.js'),
    ...filesIn('../regressions', '.model.js'),
    ...filesIn('.', '.twin.js'),
  ]);
}

function filesIn(folder: string, ending: string): string[] {
  const path = fileURLToPath(new URL(folder, import.meta.url));
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => `${path}/${name}`);
}

function rowOf({ twin }: NamedTwin): string {
  const patches = patchesOf(twin.patch);
  const cells = [
    twin.name,
    unique(patches.map(({ file }) => `\`${file}\``)),
    patches.map(({ find }) => code(find)).join('<br>'),
    patches.map(({ replace }) => (replace.trim() === '' ? '(nothing)' : code(replace))).join('<br>'),
    twin.claim,
    twin.caughtAs,
  ];
  return `| ${cells.join(' | ')} |`;
}

function patchesOf(patch: Patch | readonly Patch[]): readonly Patch[] {
  return Array.isArray(patch) ? (patch as readonly Patch[]) : [patch as Patch];
}

function unique(texts: readonly string[]): string {
  return [...new Set(texts)].join(', ');
}

/** A piece of code as a table can hold it. */
function code(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return `<code>${line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('|', '&#124;').replaceAll('*', '&#42;').replaceAll('_', '&#95;')}</code>`;
}
