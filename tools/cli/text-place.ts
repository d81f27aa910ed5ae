/**
 * Places in a text file, as people count them: the first line is 1, the first column of a line is 1.
 */
import { UsageError } from './failures.js';

/** A place in a text. The column is left out where a format cannot tell it. */
export interface TextPlace {
  readonly line: number;
  readonly column?: number;
}

/** Counts lines and columns (in UTF-16 units) up to an offset. */
export function placeAt(text: string, offset: number): Required<TextPlace> {
  let line = 1;
  let lineStart = 0;
  for (;;) {
    const end = text.indexOf('\n', lineStart);
    if (end === -1 || end >= offset) break;
    line++;
    lineStart = end + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** The error for a fault at a place of a file: `cities.json: line 3, column 14: expected ':', found '}'`. */
export function faultAt(file: string, place: TextPlace, what: string): UsageError {
  const column = place.column === undefined ? '' : `, column ${place.column}`;
  return new UsageError(`${file}: line ${place.line}${column}: ${what}`);
}
