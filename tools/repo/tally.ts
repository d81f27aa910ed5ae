/**
 * Tally: counts a test run from the events of node:test and keeps what a reader needs of its failures.
 *
 * Counted are tests at every depth, suites not. A skipped or to-do test is neither passed nor failed. A file
 * that ends with an error, runs out of time or holds no test at all is one failed test.
 */

/** The parts of node:test's `test:pass` and `test:fail` events that are looked at. */
export type TestResult = {
  readonly name: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined; readonly error?: unknown };
};

const OUTPUT_CHARACTERS = 4000;
/** A line that begins a table, which an empty line ends. */
const TABLE = /^table: .*\n(?:.+\n)*/gm;
const ERROR_LINES = 30;
const SLOWEST_FILES = 6;

export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  readonly #failures: string[] = [];
  readonly #printed = new Map<string, string>();
  readonly #failedFiles = new Set<string>();
  readonly #millis = new Map<string, number>();

  pass(result: TestResult): void {
    if (result.details.type === 'suite') return;
    if (isSetAside(result)) this.skipped++;
    else if (isWholeFile(result)) this.#addFailure(result, 'the file holds no test');
    else this.passed++;
  }

  fail(result: TestResult): void {
    if (isSetAside(result)) this.skipped++;
    else if (result.details.type !== 'suite') this.#addFailure(result, describeError(result.details.error));
  }

  /** Keeps what a test file prints, for the case that it fails, and for its tables. */
  output(file: string, text: string): void {
    const printed = (this.#printed.get(file) ?? '') + text;
    this.#printed.set(file, printed);
  }

  /** A file has come to its end. */
  end(file: string, millis: number): void {
    this.#millis.set(file, millis);
  }

  /** The files that took longest: where time can be saved. */
  slowest(): string {
    const files = [...this.#millis].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_FILES);
    return files.map(([file, millis]) => `${shorten(file)} ${(millis / 1000).toFixed(0)} s`).join(', ');
  }

  /** The tables that test files have printed: what a reader wants to see although nothing failed. */
  tables(): string[] {
    return [...this.#printed.values()].flatMap((printed) => printed.match(TABLE) ?? []);
  }

  /** The failures one after the other, then what their files printed. */
  report(): string {
    const printed = [...this.#failedFiles].flatMap((file) => {
      const text = (this.#printed.get(file) ?? '').slice(-OUTPUT_CHARACTERS).trimEnd();
      return text === '' ? [] : [`\nprinted by ${shorten(file)}\n${text}`];
    });
    return [...this.#failures, ...printed].join('\n');
  }

  /** The line that a run ends with. */
  summary(): string {
    return `${this.passed} passed, ${this.failed} failed`;
  }

  #addFailure(result: TestResult, error: string): void {
    this.failed++;
    const file = result.file ?? result.name;
    this.#failedFiles.add(file);
    const title = isWholeFile(result) ? shorten(file) : `${shorten(file)}:${result.line ?? 1} ${result.name}`;
    this.#failures.push(`\nfailed: ${title}\n  ${error.split('\n').slice(0, ERROR_LINES).join('\n  ')}`);
  }
}

function isSetAside({ skip, todo }: TestResult): boolean {
  return (skip !== undefined && skip !== false) || (todo !== undefined && todo !== false);
}

/** node:test reports a file as a test of its own where there is no test in it, or where it ends badly. */
function isWholeFile({ name, file }: TestResult): boolean {
  return file !== undefined && name === file;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  const stack = cause.stack ?? cause.message;
  return stack
    .split('\n')
    .filter((line) => !/^\s+at .*\bnode:/.test(line))
    .join('\n');
}

function shorten(file: string): string {
  const at = file.lastIndexOf('/dist/');
  return at < 0 ? file : file.slice(at + 1);
}
