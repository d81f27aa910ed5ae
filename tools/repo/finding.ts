/**
 * A finding: one place where the repository breaks one of its own rules, and what to do about it.
 *
 * Every rule is a pure function from files to findings, so that its test can hand it made-up files.
 */

export type Finding = {
  /** Path from the repository's root, with forward slashes. */
  readonly path: string;
  /** Line number, counted from 1. */
  readonly line: number;
  readonly rule: string;
  /** What is wrong, with the value that is wrong. */
  readonly problem: string;
  /** What to do instead. */
  readonly remedy: string;
};

/** A finding as one line that editors can jump to. */
export function formatFinding(finding: Finding): string {
  return `${finding.path}:${finding.line} ${finding.rule} ${finding.problem} (${finding.remedy})`;
}

/** Orders findings by path, then line. */
export function compareFindings(a: Finding, b: Finding): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line;
}
