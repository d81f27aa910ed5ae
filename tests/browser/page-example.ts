/**
 * Runs the example of docs/browsers.md as its reader would: the files of the page in a folder of their own, where the
 * package is installed as a link, served by the page's own server, and opened in a browser.
 *
 * A file is a block whose first line is its name in a comment; the block of text after them is what the page shows.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, launch } from './browsers.js';
import { IsolatedServer } from './isolated-server.js';

const BLOCK = /^```(js|html|text)\n([\s\S]*?)\n```$/gm;
const FILE_NAME = /^(?:\/\/|<!--) ([\w-]+\.(?:mjs|js|html))\b/;
const LIMIT_MILLIS = 40_000;

export interface PageExample {
  /** Text of each file, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** What the page shows, without the last line's end. */
  readonly shows: string;
}

/** The files of a Markdown page, and the first text after them. Throws where there is no such text. */
export function pageExampleOf(markdown: string): PageExample {
  const files = new Map<string, string>();
  for (const [, language, text] of markdown.matchAll(BLOCK)) {
    const name = FILE_NAME.exec(text!)?.[1];
    if (name !== undefined) files.set(name, text!);
    else if (language === 'text' && files.size > 0) return { files, shows: text! };
  }
  throw new Error(`a page with the files [${[...files.keys()]}] and no text that says what it shows`);
}

/** Sends what the page shows once it has as many lines as it should have, and each error at once. */
function reporterOf(url: string, lines: number): string {
  return `<script>
  const send = (path, text) => fetch('${url}' + path, { method: 'POST', mode: 'no-cors', body: JSON.stringify(text) });
  addEventListener('error', (event) => send('/failed', String(event.error ?? event.message)), true);
  addEventListener('unhandledrejection', (event) => send('/failed', String(event.reason)));
  const timer = setInterval(() => {
    const text = document.getElementById('log').textContent;
    if (text.split('\\n').length <= ${lines}) return;
    clearInterval(timer);
    send('/report', text);
  }, 20);
</script>
`;
}

async function writeFiles(folder: string, { files, shows }: PageExample, listener: string): Promise<void> {
  const reporter = reporterOf(listener, shows.split('\n').length);
  for (const [name, text] of files) {
    await writeFile(join(folder, name), `${text}\n${name === 'index.html' ? reporter : ''}`);
  }
}

/** Starts the page's own server; resolves with the address that it prints. */
async function startServer(folder: string): Promise<{ url: string; end(): Promise<void> }> {
  const server = spawn(process.execPath, ['server.mjs'], {
    cwd: folder,
    env: { ...process.env, PORT: '0', NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  const [printed] = (await Promise.race([once(server.stdout, 'data'), ended])) as [unknown];
  return {
    url: String(printed).trim(),
    end: async () => {
      server.kill();
      await ended;
    },
  };
}

/**
 * Opens the example in a browser.
 * @returns what it shows. Throws where it fails, or shows too little for too long.
 */
export async function runPageExample(
  browser: Browser,
  program: string,
  example: PageExample,
  packageFolder: string,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'page-example-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(packageFolder, join(folder, 'node_modules', 'lull'), 'junction');
  let settle: { resolve: (text: string) => void; reject: (error: Error) => void };
  const shown = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const listener = await IsolatedServer.start(folder, '', ({ path, body }) => {
    if (path === '/report') settle.resolve(String(body));
    else settle.reject(new Error(`the page failed: ${String(body)}`));
  });
  await writeFiles(folder, example, listener.url);
  const server = await startServer(folder);
  const running = launch(browser, program, server.url);
  const limit = setTimeout(
    () => settle.reject(new Error(`the page had not shown everything after ${LIMIT_MILLIS} ms`)),
    LIMIT_MILLIS,
  );
  try {
    return await shown;
  } finally {
    clearTimeout(limit);
    await running.end();
    await server.end();
    await listener.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
