/**
 * Runs a soak: `node dist/tools/torture/run-soak.js --operations 1000000000 --json docs/soak.json --svg docs/soak.svg`.
 *
 * Apart from `lull`, as its chart needs a package that the published one does not bring along.
 */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { parseByteSize } from '../cli/sizes.js';
import { soak } from './soak.js';
import { drawSoak } from './soak-chart.js';

interface Flags {
  readonly operations: string;
  readonly threads: string;
  readonly heap: string;
  readonly seed: string;
  readonly json?: string;
  readonly svg?: string;
}

const flags = new Command('soak')
  .option('--operations <n>', 'map operations, all threads together', '10000000')
  .option('--threads <n>', 'worker threads', '2')
  .option('--heap <size>', 'size of the heap', '256M')
  .option('--seed <n>', 'what random numbers start from', '1')
  .option('--json <file>', 'write the result, with its samples')
  .option('--svg <file>', 'draw the samples')
  .parse()
  .opts<Flags>();

const result = await soak(
  {
    operations: Number(flags.operations),
    threads: Number(flags.threads),
    heapBytes: parseByteSize(flags.heap),
    seed: Number(flags.seed),
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
