/**
 * Runs one page of this folder in a browser and returns what it reports: the server, the browser and the time limit
 * round it.
 */
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BROWSERS, type Browser, browsersAreRequired, findProgram, launch } from './browsers.js';
import { IsolatedServer } from './isolated-server.js';

/** The compiled package, as it was built: pages import src/ unbundled, by paths below this folder. */
const COMPILED_FOLDER = fileURLToPath(new URL('../../', import.meta.url));

/** A page takes seconds; this is for one that hangs. */
const LIMIT_MILLIS = 55_000;
const OUTPUT_CHARACTERS = 2000;

/** What a page has reported, and what its browser has printed. */
export interface PageRun<T> {
  readonly result: T;
  readonly output: string;
}

/**
 * Registers a test for a browser. Where the browser is not installed the test is skipped; with
 * LULL_BROWSERS=required it fails.
 */
export function browserTest(browser: Browser, name: string, body: (program: string) => Promise<void>): void {
  const program = findProgram(browser);
  const problem = `${browser.name} is not installed (Debian package ${browser.packageName})`;
  if (program === undefined && !browsersAreRequired()) {
    test(`${browser.name}: ${name}`, { skip: problem }, () => {});
    return;
  }
  test(`${browser.name}: ${name}`, async () => {
    if (program === undefined) throw new Error(`${problem}, and LULL_BROWSERS=required asks for it`);
    await body(program);
  });
}

/** Says in one line which browsers' tests are skipped, where any is. */
export function sayWhatIsMissing(): void {
  const missing = BROWSERS.filter((browser) => findProgram(browser) === undefined);
  if (missing.length === 0 || browsersAreRequired()) return;
  const names = missing.map(({ name }) => name).join(' and ');
  const packages = missing.map(({ packageName }) => packageName).join(', ');
  console.log(`table: the tests in ${names} are skipped: not installed (Debian packages ${packages})\n`);
}

/**
 * Opens the page whose script is `script`, a path below the compiled package, and waits for its report.
 *
 * Errors   Error for what goes wrong on the page, for a browser that ends by itself, and after the time limit.
 */
export async function runPage<T>(browser: Browser, program: string, script: string): Promise<PageRun<T>> {
  let settle: { resolve: (body: unknown) => void; reject: (error: Error) => void };
  const answered = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const server = await IsolatedServer.start(COMPILED_FOLDER, script, ({ path, body }) => {
    if (path === '/report') settle.resolve(body);
    else settle.reject(new Error(`the page failed in ${browser.name}: ${String(body)}`));
  });
  const running = launch(browser, program, `${server.url}/`);
  const complain = (problem: string) =>
    settle.reject(new Error(`${browser.name} ${problem}: ${running.output().slice(-OUTPUT_CHARACTERS)}`));
  void running.ended.then(() => complain('ended before its page reported'));
  const limit = setTimeout(() => complain(`had not reported after ${LIMIT_MILLIS} ms`), LIMIT_MILLIS);
  try {
    const result = (await answered) as T;
    return { result, output: running.output() };
  } finally {
    clearTimeout(limit);
    await running.end();
    await server.stop();
  }
}
