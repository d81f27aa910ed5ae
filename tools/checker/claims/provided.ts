/** What claim files import of the checker: this running one, not another copy of it. */

import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { model } from '../model.js';
import { twin } from '../twin.js';

const OWN_FILE = /\/tools\/checker\/(checker|model|twin)\.[jt]s$/;

/** True for a file that is imported as it is: the checker's own. All other files of a claim are held. */
export function isCheckerFile(path: string): boolean {
  return OWN_FILE.test(path.replaceAll('\\', '/'));
}

/** Imports a module that is not held, as `HeldModules` asks for it. */
export async function provideChecker(specifier: string): Promise<Record<string, unknown>> {
  if (specifier === 'lull/checker' || isCheckerFile(specifier)) return { model, twin };
  const url = isAbsolute(specifier) ? pathToFileURL(specifier).href : specifier;
  return (await import(url)) as Record<string, unknown>;
}
