/**
 * The options of `lull stat`, and which of its words are whose:
 *
 *     lull stat  --every 2 vmstat zoneinfo   main.js   --json x
 *                its own, in any order       program   the program's arguments, untouched
 */
import { existsSync, statSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { PROC_FILES, type ProcFile } from '../../src/inspect/format-proc.js';
import { UsageError } from './failures.js';

/** What `lull stat` is asked to do. */
export interface StatOptions {
  /** What to print, in this order. */
  readonly files: readonly ProcFile[];
  /** Path of the program; undefined runs the built-in demonstration. */
  readonly program: string | undefined;
  readonly programArgs: readonly string[];
  /** Between two prints while it runs; undefined: only at its end. */
  readonly everyMillis: number | undefined;
  readonly json: boolean;
}

interface RawOptions {
  readonly json?: boolean;
  readonly every?: number;
  readonly demo?: boolean;
}

const MAX_SECONDS = 86_400;
const OPTIONS_WITH_VALUE = new Set(['--every']);
const USAGE = 'give it a program to run, as in `lull stat main.js`, or --demo';

/** Adds the options of `lull stat` to a command. */
export function declareStatOptions(command: Command): Command {
  return command
    .usage('[options] [what...] <program.js> [args...]')
    .argument(
      '[program...]',
      `what to print (${PROC_FILES.join(', ')}; default: all), then the program and its arguments`,
    )
    .option('--demo', 'run a small workload of two threads for a second, instead of a program')
    .option('--every <s>', 'print to standard error every so many seconds as well', parseSeconds)
    .option('--json', 'print one JSON object for each heap')
    .passThroughOptions();
}

/**
 * Reads back what declareStatOptions() had parsed.
 *
 * @param words what stood behind the options in front
 *
 * Errors   UsageError: nothing to run, or what is to be run is no file.
 */
export function statOptionsOf(command: Command, words: readonly string[]): StatOptions {
  const { own, names, rest } = splitWords(words);
  const { unknown } = command.parseOptions(own);
  if (unknown.length > 0) throw new UsageError(`unknown option '${unknown[0]}'`);
  const { json = false, every, demo = false } = command.opts<RawOptions>();
  const [program, ...programArgs] = rest;
  if (demo && program !== undefined) throw new UsageError(`--demo runs no program; leave out ${program}`);
  if (!demo) requireProgram(program, names.length > 0);
  return {
    files: names.length > 0 ? names : PROC_FILES,
    program,
    programArgs,
    everyMillis: every === undefined ? undefined : every * 1000,
    json,
  };
}

/** `rest` begins with the first word that is neither an option nor a name. */
function splitWords(words: readonly string[]): { own: string[]; names: ProcFile[]; rest: readonly string[] } {
  const own: string[] = [];
  const names: ProcFile[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (isProcFile(word)) names.push(word);
    else if (word === '--') return { own, names, rest: words.slice(at + 1) };
    else if (word.startsWith('-')) {
      own.push(word);
      if (OPTIONS_WITH_VALUE.has(word) && at + 1 < words.length) own.push(words[++at]!);
    } else break;
  }
  return { own, names, rest: words.slice(at) };
}

function isProcFile(word: string): word is ProcFile {
  return (PROC_FILES as readonly string[]).includes(word);
}

function requireProgram(program: string | undefined, isNamed: boolean): void {
  if (program === undefined) throw new UsageError(isNamed ? `nothing to run: ${USAGE}` : `${USAGE}`);
  if (existsSync(program) && statSync(program).isFile()) return;
  const what = /[./\\]/.test(program) ? 'no file' : `neither a file nor one of ${PROC_FILES.join(', ')}`;
  throw new UsageError(`${program} is ${what}; ${USAGE}`);
}

function parseSeconds(text: string): number {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError(`It must be a number above 0, at most ${MAX_SECONDS}.`);
}
