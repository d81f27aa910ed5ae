/** Compares what a program prints with what a page shows of it: there a line of dots stands for any lines. */

/** A line of `wanted` that is not found in `lines`, in that order and, but for dots between, without a gap. */
export function missingFrom(lines: readonly string[], wanted: readonly string[]): string | undefined {
  let at = 0;
  let maySkip = false;
  for (const line of wanted) {
    if (line.trim() === '...') {
      maySkip = true;
      continue;
    }
    const found = maySkip ? lines.indexOf(line, at) : lines[at] === line ? at : -1;
    if (found === -1) return line;
    at = found + 1;
    maySkip = false;
  }
  return undefined;
}

/** Each number becomes the same sign, and so do the blanks that bring it into its column. */
export function withoutNumbers(text: string): string {
  return text.replace(/ *\d+(?:,\d+)*/g, ' _');
}
