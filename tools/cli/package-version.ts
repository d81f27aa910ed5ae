/** The version of the package this program belongs to, wherever in it the program was built to. */
import { existsSync, readFileSync } from 'node:fs';

/** Reads the version from the nearest package.json above this file; 'unknown' if there is none. */
export function packageVersion(): string {
  for (let folder = new URL('./', import.meta.url); ; folder = new URL('../', folder)) {
    const file = new URL('package.json', folder);
    if (existsSync(file)) return String(JSON.parse(readFileSync(file, 'utf8')).version);
    if (folder.pathname === '/' || new URL('../', folder).href === folder.href) return 'unknown';
  }
}
