/** What the test of the lock journal and its worker say to each other. */
import type { JournalEntry } from '../../src/lockdep/journal.js';

export interface JournalBriefing {
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
  /** How often each worker adds two entries. */
  readonly rounds: number;
}

/** Key of the n-th entry of a worker: of very different lengths, and not only of ASCII. */
export function journalKey(worker: number, n: number): string {
  return `${worker}:${n}:${'→ stack '.repeat((n * 7) % 13)}`;
}

export function entryOf(key: string): JournalEntry {
  return { kind: 'report', key };
}

export function keyOf(entry: JournalEntry): string {
  return entry.kind === 'report' ? entry.key : `not a report: ${entry.kind}`;
}
