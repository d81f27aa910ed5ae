/**
 * The examples of a page that can be run: blocks of JavaScript that begin with the name of a file, and the block
 * of text after them, which is what the example prints, to the letter.
 *
 *     ```js
 *     // main.mjs
 *     ...
 *     ```
 *     ```js
 *     // worker.mjs        more files of the same example, if it needs them
 *     ...
 *     ```
 *     ```text
 *     what main.mjs prints
 *     ```
 *
 * JavaScript without such a first line is not run.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PACKAGE = 'lull';
const MAIN = 'main.mjs';
const FILE_NAME = /^\/\/ (?:example: )?([\w-]+\.mjs)\b/;
const LIMIT_MILLIS = 60_000;

export interface Example {
  /** Line of the page on which its first block begins, counted from 1. */
  readonly line: number;
  /** Text of each file, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** Without the last line's end. */
  readonly prints: string;
}

interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** Finds the examples of a Markdown page. Throws where one lacks main.mjs, or the text that it prints. */
export function examplesOf(page: string): Example[] {
  const examples: Example[] = [];
  let files = new Map<string, string>();
  let first = 0;
  for (const { line, language, text } of blocksOf(page)) {
    const name = language === 'js' ? FILE_NAME.exec(text)?.[1] : undefined;
    if (name !== undefined) {
      if (files.has(name))
        throw new Error(`line ${line}: a second ${name} before the text that the first prints`);
      if (files.size === 0) first = line;
      files.set(name, text);
    } else if (language === 'text' && files.size > 0) {
      if (!files.has(MAIN)) throw new Error(`line ${first}: an example without ${MAIN}`);
      examples.push({ line: first, files, prints: text });
      files = new Map();
    }
  }
  if (files.size > 0) throw new Error(`line ${first}: an example without the text that it prints`);
  return examples;
}

/**
 * Runs an example in a folder of its own, where the package is installed as a link to `packageFolder`.
 * @returns what it printed. Throws where it fails, or prints to stderr.
 */
export async function runExample(example: Example, packageFolder: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'example-'));
  try {
    await mkdir(join(folder, 'node_modules'));
    await symlink(packageFolder, join(folder, 'node_modules', PACKAGE), 'junction');
    for (const [name, text] of example.files) await writeFile(join(folder, name), `${text}\n`);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN], {
      cwd: folder,
      timeout: LIMIT_MILLIS,
    });
    if (stderr !== '') throw new Error(`the example of line ${example.line} complains: ${stderr}`);
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Fenced blocks, in order. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; fence: string; language: string; lines: string[] } | undefined;
  for (const [i, text] of page.split(/\r?\n/).entries()) {
    const fence = /^(`{3,})\s*(\w*)/.exec(text);
    if (open === undefined) {
      if (fence !== null) open = { line: i + 1, fence: fence[1]!, language: fence[2]!, lines: [] };
    } else if (text.trimEnd() === open.fence) {
      blocks.push({ line: open.line, language: open.language, text: open.lines.join('\n') });
      open = undefined;
    } else open.lines.push(text);
  }
  return blocks;
}
