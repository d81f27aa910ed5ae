/** What no torture run may end with: a run that succeeds has none of it, whatever else it has found out. */
import type { Findings } from './findings.js';
import type { TortureResult } from './torture-result.js';

const MUST_BE_ZERO = [
  'hangs',
  'wrongValues',
  'lockTimeouts',
  'pagesLost',
  'objectsLost',
  'bytesCharged',
  'callbacksOrphaned',
  'callbacksLost',
  'slotsStuck',
  'locksStuck',
] as const;

/** Makes a problem of each number that is not 0, where no sentence tells of one: that may have died with a worker. */
export function requireZeros(
  result: Pick<TortureResult, (typeof MUST_BE_ZERO)[number]>,
  findings: Findings,
): void {
  if (findings.problems > 0) return;
  for (const name of MUST_BE_ZERO) {
    if (result[name] !== 0) findings.problem(`${name} is ${result[name]}, and must be 0`);
  }
}
