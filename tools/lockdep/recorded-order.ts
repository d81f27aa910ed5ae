/**
 * What the tests have waited for under which lock: docs/lock-order.json, from which docs/lock-order.md is made.
 *
 * Both paths are from the root of the repository, as programs and tests of it are run.
 */
import { readFileSync } from 'node:fs';
import { guardedBy, LULL_CLASSES } from '../../src/locks/lull-classes.js';
import { lockOrderPage, type TakenUnder } from './lock-order.js';

export const RECORD_FILE = 'docs/lock-order.json';
export const PAGE_FILE = 'docs/lock-order.md';

/** Names of Lull's own locks. */
export const LULL_NAMES: ReadonlySet<string> = new Set(LULL_CLASSES.map(({ name }) => name));

export function readRecord(): TakenUnder {
  return JSON.parse(readFileSync(RECORD_FILE, 'utf8')) as TakenUnder;
}

/** The text of RECORD_FILE: a line for each lock. */
export function recordText(recorded: TakenUnder): string {
  const lines = Object.entries(recorded).map(([held, taken]) => {
    const names = taken.map((name) => JSON.stringify(name)).join(', ');
    return `  ${JSON.stringify(held)}: [${names}]`;
  });
  return lines.length === 0 ? '{}\n' : `{\n${lines.join(',\n')}\n}\n`;
}

/** The text of PAGE_FILE. */
export function pageText(recorded: TakenUnder): string {
  return lockOrderPage({ classes: LULL_CLASSES, guardedBy, recorded });
}
