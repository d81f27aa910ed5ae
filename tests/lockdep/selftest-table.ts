/**
 * The table that the locking self-test prints: a line for each group, with its cases, how many of them expect a
 * complaint, how many went as expected, and how many did not.
 */
import type { LockReport, ReportKind } from '../../src/lockdep/report.js';
import type { SelftestCase } from './selftest-cases.js';
import type { Verdict } from './selftest-groups.js';

/** What is said of a case; 'name' is the player's own: a class bears another name than its lock. */
export type Complaint = Omit<LockReport, 'kind'> & { readonly kind: ReportKind | 'name' };

/** What came of one case. */
export interface Outcome {
  readonly played: SelftestCase;
  readonly complaints: readonly Complaint[];
}

/** One line: a group's counts. */
export interface Row {
  readonly group: string;
  readonly cases: number;
  readonly expectingFailure: number;
  readonly asExpected: number;
  readonly not: number;
}

const NAME_WIDTH = 32;

export function verdictOf({ complaints }: Outcome): Verdict {
  return complaints.length > 0 ? 'F' : 'S';
}

/** A verdict is as expected when it is the case's, and what is complained of first is what is wrong. */
export function isAsExpected(outcome: Outcome): boolean {
  const { played, complaints } = outcome;
  return (
    verdictOf(outcome) === played.expected &&
    (played.expected === 'S' || complaints[0]?.kind === played.complaint)
  );
}

/** The outcomes by group, in the order in which the groups were played. */
export function rowsOf(outcomes: readonly Outcome[]): Row[] {
  const groups = [...new Set(outcomes.map(({ played }) => played.group))];
  return groups.map((group) =>
    rowOf(
      group,
      outcomes.filter(({ played }) => played.group === group),
    ),
  );
}

export function rowOf(group: string, outcomes: readonly Outcome[]): Row {
  const asExpected = outcomes.filter(isAsExpected).length;
  const expectingFailure = outcomes.filter(({ played }) => played.expected === 'F').length;
  return { group, cases: outcomes.length, expectingFailure, asExpected, not: outcomes.length - asExpected };
}

/** The table as lines of text; `total` names its last line. */
export function tableLines(outcomes: readonly Outcome[], total: string): string[] {
  const heading = `${'group'.padEnd(NAME_WIDTH)}${columns('cases', 'F', 'S', 'as expected', 'not')}`;
  const rule = '-'.repeat(heading.length);
  return [heading, rule, ...rowsOf(outcomes).map(rowLine), rule, rowLine(rowOf(total, outcomes))];
}

function rowLine({ group, cases, expectingFailure, asExpected, not }: Row): string {
  return `${group.padEnd(NAME_WIDTH)}${columns(cases, expectingFailure, cases - expectingFailure, asExpected, not)}`;
}

function columns(...cells: readonly (string | number)[]): string {
  const widths = [7, 6, 6, 13, 5];
  return cells.map((cell, i) => String(cell).padStart(widths[i] ?? 0)).join('');
}

/** What a reader needs to play a case again. */
export function describeOutcome(outcome: Outcome): string {
  const { played, complaints } = outcome;
  const expected = played.expected === 'F' ? `F (${played.complaint})` : 'S';
  const kinds = complaints.map(({ kind }) => kind).join(', ');
  const got = `${verdictOf(outcome)}${kinds === '' ? '' : ` (${kinds})`}`;
  const message = complaints[0]?.message.split('\n').map((line) => `  | ${line}`) ?? [];
  return [
    `${played.group}, ${played.title}: expected ${expected}, got ${got}`,
    `  ${played.text}`,
    ...message,
  ].join('\n');
}
