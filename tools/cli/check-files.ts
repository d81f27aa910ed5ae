/** Which files `lull check` is about. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './failures.js';

/** Where a project keeps its models and twins, unless told otherwise. */
const USUAL_FOLDERS = ['tests/interleavings', 'tests/regressions', 'tests/broken'];

const CLAIM_FILE = /\.(model|twin)\.[cm]?[jt]s$/;

/** The model and twin files among `paths`, in which a folder stands for those in it. Throws UsageError. */
export function claimFilesOf(paths: readonly string[]): string[] {
  if (paths.length === 0) {
    const usual = USUAL_FOLDERS.filter((folder) => existsSync(folder));
    if (usual.length > 0) return usual.flatMap(filesIn);
    throw new UsageError(
      `no files given, and there is no ${USUAL_FOLDERS[0]}/ here: lull check my-lock.model.ts`,
    );
  }
  return paths.flatMap((path) => {
    if (!existsSync(path)) throw new UsageError(`cannot check ${path}: there is no such file`);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

function filesIn(folder: string): string[] {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && CLAIM_FILE.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();
  if (files.length > 0) return files;
  throw new UsageError(`cannot check ${folder}/: it holds no *.model.ts and no *.twin.ts`);
}
