/**
 * The repository on disk: which files it has, as paths from its root with forward slashes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** The folders that the compiler mirrors into dist/. */
export const SOURCE_ROOTS = ['src', 'tools', 'tests', 'bench'] as const;

/** Made by other programs, or none of the project's own. */
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.build']);

/** All files below a folder, sorted; none where the folder does not exist. */
export function filesBelow(root: string, folder = ''): string[] {
  let entries: ReturnType<typeof entriesOf>;
  try {
    entries = entriesOf(posix.join(root, folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => !SKIPPED.has(entry.name))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(root, path) : [path];
    })
    .sort();
}

function entriesOf(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** True for TypeScript that the compiler of this project compiles: not for AssemblyScript (`*.as.ts`). */
export function isCompiled(path: string): boolean {
  const [top = ''] = path.split('/');
  return (SOURCE_ROOTS as readonly string[]).includes(top) && /\.ts$/.test(path) && !path.endsWith('.as.ts');
}
