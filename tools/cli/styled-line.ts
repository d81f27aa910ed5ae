/**
 * Lines of output with a tone, coloured last: after they were cut to the terminal's width, and only where the
 * stream shows colours (a terminal, and NO_COLOR not set).
 */
/** How a line is meant. */
export type Tone = 'plain' | 'quiet' | 'heading' | 'good' | 'bad';

/** A line and its tone. */
export interface StyledLine {
  readonly text: string;
  readonly tone: Tone;
}

/** Escape codes that begin and end a tone. */
const CODES = { quiet: [2, 22], heading: [1, 22], good: [32, 39], bad: [31, 39] } as const;

/** A line with a tone; plain unless said otherwise. */
export function line(text: string, tone: Tone = 'plain'): StyledLine {
  return { text, tone };
}

/** The line as it is written to a stream. */
export function paint({ text, tone }: StyledLine, color: boolean): string {
  if (!color || tone === 'plain') return text;
  const [begin, end] = CODES[tone];
  return `\x1b[${begin}m${text}\x1b[${end}m`;
}

/** Whether a stream shows colours. */
export function showsColor(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors();
}

/** Side of a column that its texts stand at. */
export type Side = 'left' | 'right';

/**
 * Lays rows out in columns, two spaces apart.
 *
 * @param rows   texts of equal number.
 * @param sides  for each column, where its texts stand.
 */
export function alignColumns(rows: readonly (readonly string[])[], sides: readonly Side[]): string[] {
  const widths = sides.map((_, column) => Math.max(0, ...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    sides
      .map((side, column) => {
        const text = row[column] ?? '';
        const width = widths[column] ?? 0;
        return side === 'left' ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
