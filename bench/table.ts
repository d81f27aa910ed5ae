/** A run as text for a terminal: every subject with its spread, then every goal with its verdict. */
import type { Ratio, Report, Result } from './report.js';

/** Three significant digits, without an exponent: 0.873, 11.2, 412, 1,240,000. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

/** The verdict in one word. */
export function verdictWord({ met }: Ratio): string {
  if (met === null) return 'skipped';
  return met ? 'met' : 'missed';
}

/** The value in words: "1.43 times its time", "12.1 times as fast", "95 times less memory", or a bare count. */
export function formatRatio({ value, peer, direction, of }: Ratio): string {
  if (value === null) return '-';
  if (peer === null) return formatNumber(value);
  if (of !== undefined) return `${formatNumber(value)} times less ${of}`;
  return `${formatNumber(value)} times ${direction === 'at most' ? 'its time' : 'as fast'}`;
}

function formatSpread(spread: readonly [number, number] | null): string {
  return spread === null ? '' : `${formatNumber(spread[0])} .. ${formatNumber(spread[1])}`;
}

/** Lines of equal width columns; the columns in `right` are aligned to the right. */
function columns(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

function resultRow({ name, value, unit, spread }: Result): string[] {
  return [name, formatNumber(value), unit, formatSpread(spread)];
}

function ratioRow(ratio: Ratio): string[] {
  const goal = `${ratio.direction} ${formatNumber(ratio.goal)}`;
  return [ratio.name, formatRatio(ratio), formatSpread(ratio.spread), goal, verdictWord(ratio)];
}

/** Writes the report as a table; the spread is the middle half of the rounds. */
export function formatTable({ machine, results, ratios, skipped, failures }: Report): string {
  const head = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, V8 ${machine.v8}, ${machine.date}`;
  const parts = [
    [head],
    columns([['subject', 'median', 'unit', 'middle half'], ...results.map(resultRow)], [1]),
    ratios.length === 0
      ? []
      : columns([['goal', 'measured', 'middle half', 'goal', ''], ...ratios.map(ratioRow)], [1]),
    skipped,
    failures,
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}
