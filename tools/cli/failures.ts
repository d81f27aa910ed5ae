/**
 * The two ways a command of `lull` ends badly, told apart by the exit code.
 *
 * UsageError: what was asked for cannot be done as asked (an option, a file, a field): exit 2.
 * RunFailure: the work was begun and failed (memory ran out, a worker threw): exit 1.
 *
 * Both carry one line that is printed as it is, without a stack: the reader is a person at a terminal.
 */

/** Exit codes of every command. */
export const EXIT_PASS = 0;
export const EXIT_FAIL = 1;
export const EXIT_USAGE = 2;

/** What was asked for cannot be done as asked. The message is one line that says what to change. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The work was begun and could not be finished. The message is one line that says how far it got. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

/** Folds any text onto one line, as an error line must be. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
