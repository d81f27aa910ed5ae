/** Claim files: modules that export models and twins, loaded so that their threads can be held. */
import { basename } from 'node:path';
import { HeldModules } from '../hold/held-modules.js';
import type { Patch } from '../hold/patches.js';
import { modelAtomics, plainGet, plainSet } from '../machine/model-atomics.js';
import { isModel, type Model } from '../model.js';
import { isTwin, type Twin } from '../twin.js';
import { isCheckerFile, provideChecker } from './provided.js';

/** A model with what it goes by: `turn/keepsWhatItReads` is `keepsWhatItReads` of turn.model.ts. */
export interface Claim {
  readonly id: string;
  readonly path: string;
  readonly exportName: string;
  readonly model: Model;
}

export interface NamedTwin {
  readonly id: string;
  readonly twin: Twin;
}

/** What a set of files declares. */
export interface Declared {
  readonly claims: readonly Claim[];
  readonly twins: readonly NamedTwin[];
}

/** How held code sees shared memory: `Atomics` and plain elements go to the model where they are its own. */
const LOADING = {
  importNative: provideChecker,
  isNative: isCheckerFile,
  arrays: true,
  globals: { Atomics: modelAtomics, $get: plainGet, $set: plainSet },
};

/** Loads files and finds their models and twins. Throws for a file that declares neither. */
export async function loadClaimFiles(paths: readonly string[]): Promise<Declared> {
  const modules = await HeldModules.load(paths, LOADING);
  const claims: Claim[] = [];
  const twins: NamedTwin[] = [];
  for (const path of paths) {
    let found = 0;
    for (const [exportName, value] of Object.entries(modules.exportsOf(path))) {
      const id = `${stemOf(path)}/${exportName}`;
      if (isModel(value)) claims.push({ id, path, exportName, model: value });
      else if (isTwin(value)) twins.push({ id: `broken/${id}`, twin: value });
      else continue;
      found++;
    }
    if (found > 0) continue;
    throw new Error(
      `checked ${path}, which exports no model and no twin; export what model({ ... }) of 'lull/checker' returns`,
    );
  }
  return { claims, twins };
}

/** The claim's model, over the code with `patch` applied. */
export async function loadPatched(claim: Claim, patch: Patch | readonly Patch[]): Promise<Model> {
  const patches = Array.isArray(patch) ? (patch as readonly Patch[]) : [patch as Patch];
  const modules = await HeldModules.load([claim.path], { ...LOADING, patches });
  return modules.exportsOf(claim.path)[claim.exportName] as Model;
}

/** The name of a file without its endings. */
function stemOf(path: string): string {
  return basename(path).replace(/(\.(model|twin))?\.[cm]?[jt]s$/, '');
}
