/**
 * Runs a soak: `node dist/tools/torture/run-soak.js --operations 1000000000 --json docs/soak.json --svg docs/soak.svg`.
 *
 * Apart from `lull`, as its chart needs a package that the published one does not bring along.
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { parseByteSize } from '../cli/sizes.js';
import { soak } from './soak.js';
import { drawSoak } from './soak-chart.js';

interface Flags {
  readonly operations: number;
  readonly threads: number;
  readonly heap: number;
  readonly seed: number;
  readonly json?: string;
  readonly svg?: string;
}

function whole(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

function size(text: string): number {
  try {
    return parseByteSize(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

const flags = new Command('soak')
  .option('--operations <n>', 'map operations, all threads together', whole, 10_000_000)
  .option('--threads <n>', 'worker threads', whole, 2)
  .option('--heap <size>', 'size of the heap', size, 2 ** 28)
  .option('--seed <n>', 'what random numbers start from', whole, 1)
  .option('--json <file>', 'write the result, with its samples')
  .option('--svg <file>', 'draw the samples')
  .parse()
  .opts<Flags>();

const result = await soak(
  {
    operations: flags.operations,
    threads: flags.threads,
    heapBytes: flags.heap,
    seed: flags.seed,
  },
  ({ operations, seconds, residentBytes, slabPages }) => {
    const memory = `${(residentBytes / 2 ** 20).toFixed(0)} MiB resident, ${slabPages} pages of slabs`;
    process.stderr.write(`${seconds} s: ${operations} operations, ${memory}\n`);
  },
);
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(result)}\n`);
if (flags.svg !== undefined) writeFileSync(flags.svg, drawSoak(result));
const { samples: _samples, ...summary } = result;
process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exitCode = result.result === 'SUCCESS' ? 0 : 1;
