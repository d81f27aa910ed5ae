/**
 * `lull stat`: runs a program in this thread and prints what its heaps hold: at its end to standard output, before
 * the heaps' own threads leave them; on the way to standard error.
 *
 * The program is run as Node would run it: its arguments are in process.argv, its exit code is the command's, and it
 * ends when nothing is left to do.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatProc, type ProcFile } from '../../src/index.js';
import { procOf } from '../../src/inspect/format-proc.js';
import { PAGE_BYTES } from '../../src/words/units.js';
import { EXIT_PASS } from './failures.js';
import { type HeapReport, HeapWatch } from './heap-watch.js';
import { formatCounted, formatSeconds } from './numbers.js';
import type { OutputStreams } from './run-view.js';
import { formatByteSize } from './sizes.js';
import type { StatOptions } from './stat-options.js';

/**
 * Runs the program up to the end of its own code; what it has started goes on.
 *
 * @returns  the exit code that the program has set, 0 where it has set none.
 *
 * Errors    whatever the program throws.
 */
export async function stat(options: StatOptions, { stdout, stderr }: OutputStreams): Promise<number> {
  const watch = new HeapWatch();
  watch.start();
  const begin = performance.now();
  const text = () => (options.json ? jsonText(watch, options) : statText(watch, options));
  const printEnd = () => stdout.write(fitted(text(), stdout));
  const printMoment = () => {
    const after = options.json ? '' : `lull: after ${formatSeconds(performance.now() - begin)}\n`;
    stderr.write(after + fitted(text(), stderr));
  };
  // Before the program can have its own: heaps leave at the exit too, and give back what they kept.
  process.once('exit', printEnd);
  if (process.platform !== 'win32') process.on('SIGUSR2', printMoment);
  if (options.everyMillis !== undefined) setInterval(printMoment, options.everyMillis).unref();
  if (options.program === undefined) {
    const { runDemo } = await import('./stat-demo.js');
    await runDemo();
  } else await runProgram(options.program, options.programArgs);
  return typeof process.exitCode === 'number' ? process.exitCode : EXIT_PASS;
}

async function runProgram(program: string, args: readonly string[]): Promise<void> {
  const path = resolve(program);
  process.argv = [process.execPath, path, ...args];
  await import(pathToFileURL(path).href);
}

/** Text for a stream: on a terminal, lines end where it ends, so that columns stay below each other. */
function fitted(text: string, { isTTY, columns }: NodeJS.WriteStream): string {
  if (!isTTY) return text;
  return text.replace(/[^\n]+/g, (line) => line.slice(0, columns || 80));
}

/** What is printed of all heaps at one moment. */
function statText(watch: HeapWatch, { files }: StatOptions): string {
  const reports = watch.read();
  const texts = reports.map((report) => reportText(report, watch.made, files));
  const gone = watch.made - reports.length;
  if (watch.made === 0) texts.push('lull: the main thread made no heap\n');
  else if (gone > 0) texts.push(`lull: the program has let go of ${formatCounted(gone, 'heap')} before\n`);
  return texts.join('\n');
}

function jsonText(watch: HeapWatch, { files }: StatOptions): string {
  const lines = watch.read().map((report) => JSON.stringify(chosen(report, files)));
  return lines.map((line) => `${line}\n`).join('');
}

function reportText({ heap, stats }: HeapReport, made: number, files: readonly ProcFile[]): string {
  const size = formatByteSize(stats.pages.total * PAGE_BYTES);
  const threads = formatCounted(stats.threads.length, 'thread');
  const heading = made === 1 ? '' : `heap ${heap} of ${made}, ${size}, ${threads}\n\n`;
  const parts = files
    .map((file) => ({ file, text: formatProc(stats, file) }))
    .filter(({ text }) => text !== '');
  if (parts.length === 0) return `${heading}lull: nothing to list for ${files.join(', ')}\n`;
  if (parts.length === 1 && files.length === 1) return heading + parts[0]!.text;
  return heading + parts.map(({ file, text }) => `==> ${file} <==\n${text}`).join('\n');
}

function chosen({ heap, stats }: HeapReport, files: readonly ProcFile[]): Record<string, unknown> {
  return { heap, ...Object.fromEntries(files.map((file) => [file, procOf(stats, file)])) };
}
