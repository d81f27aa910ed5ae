/** The options of `lull torture`: their texts, their ranges and what they default to. */
import { randomInt } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { REAPER_STEPS, type ReaperStep } from '../../src/heap/reaper-steps.js';
import { AIMS, type Aim } from '../torture/aims.js';
import { TORTURE_DEFAULTS, type TortureOptions } from '../torture/torture-options.js';
import { formatByteSize, parseByteSize } from './sizes.js';

/** What `lull torture` is asked to do. */
export interface TortureRequest extends TortureOptions {
  readonly list: boolean;
  readonly json: boolean;
}

/** Stands for all scenarios. */
export const MIXED = 'mixed';

const MAX_THREADS = 64;
const MAX_SECONDS = 86_400 * 7;
const MAX_KILLS = 1000;
const MAX_SEED = 2 ** 31 - 1;
const LEAST_HEAP_BYTES = 8 * 2 ** 20;
const MOST_HEAP_BYTES = 2 ** 32;

interface RawOptions {
  readonly threads: number;
  readonly seconds: number;
  readonly seed?: number;
  readonly heap: number;
  readonly kill: number;
  readonly oom: number;
  readonly stall?: boolean;
  readonly json?: boolean;
  readonly list?: boolean;
  readonly aim?: readonly Aim[];
  readonly broken?: readonly ReaperStep[];
}

/** Adds the options of `lull torture` to a command. */
export function declareTortureOptions(command: Command): Command {
  const { threads, seconds, heapBytes, kill, oom } = TORTURE_DEFAULTS;
  return command
    .argument('[scenarios...]', `scenarios by name, see --list; ${MIXED}, all of them, unless given`)
    .option('--threads <n>', `workers at a time, 1 to ${MAX_THREADS}`, whole(1, MAX_THREADS), threads)
    .option('--seconds <s>', 'how long to torture', number(0.1, MAX_SECONDS), seconds)
    .option('--seed <n>', 'what random numbers start from (default: random)', whole(1, MAX_SEED))
    .option('--heap <size>', 'size of the heap: 16M, 1G, bytes', parseHeap, heapBytes)
    .option('--kill <rate>', 'kills a second, 0 for none', number(0, MAX_KILLS), kill)
    .option('--oom <percent>', 'percent of the allocations that fail', whole(0, 100), oom)
    .option('--stall', 'threads stall in read sections now and then')
    .option('--json', 'print one JSON object and nothing else')
    .option('--list', 'list the scenarios, and what --broken can leave out')
    .option('--aim <section>', 'aim kills at one kind of critical section, see --list', parseAim)
    .option('--broken <step>', 'the reaper leaves out a step: the run must fail', parseStep);
}

/** Reads back what declareTortureOptions() had parsed. */
export function tortureRequestOf(command: Command): TortureRequest {
  const raw = command.opts<RawOptions>();
  return {
    scenarios: command.args,
    threads: raw.threads,
    seconds: raw.seconds,
    seed: raw.seed ?? randomInt(1, MAX_SEED),
    heapBytes: raw.heap,
    kill: raw.kill,
    oom: raw.oom,
    stall: raw.stall ?? false,
    aims: raw.aim ?? [],
    skips: raw.broken ?? [],
    list: raw.list ?? false,
    json: raw.json ?? false,
  };
}

function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d*\.?\d+$|^\d+\.$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
  };
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function parseHeap(text: string): number {
  let bytes = Number.NaN;
  try {
    bytes = parseByteSize(text);
  } catch {
    // The range says it.
  }
  if (bytes >= LEAST_HEAP_BYTES && bytes <= MOST_HEAP_BYTES) return bytes;
  const range = `${formatByteSize(LEAST_HEAP_BYTES)} to ${formatByteSize(MOST_HEAP_BYTES)}`;
  throw new InvalidArgumentError(`It must be a size such as 16M or 1G, ${range}.`);
}

function parseStep(text: string, before: readonly ReaperStep[] | undefined): readonly ReaperStep[] {
  const step = REAPER_STEPS.find((known) => known === text);
  if (step !== undefined) return [...(before ?? []), step];
  throw new InvalidArgumentError(`It must be one of ${REAPER_STEPS.join(', ')}.`);
}

function parseAim(text: string, before: readonly Aim[] | undefined): readonly Aim[] {
  const aim = AIMS.find((known) => known === text);
  if (aim !== undefined) return [...(before ?? []), aim];
  throw new InvalidArgumentError(`It must be one of ${AIMS.join(', ')}.`);
}
