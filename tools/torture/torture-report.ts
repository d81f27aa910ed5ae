/** What a torture run prints: each number by the name that docs/torture.md explains it under. */
import { formatCount } from '../cli/numbers.js';
import { formatByteSize } from '../cli/sizes.js';
import { line, type StyledLine } from '../cli/styled-line.js';
import type { TortureOptions } from './torture-options.js';
import type { TortureResult } from './torture-result.js';

const NAME_WIDTH = 26;

function row(name: string, value: number | string, bad = false): StyledLine {
  const text = typeof value === 'number' ? formatCount(value) : value;
  return line(`  ${name.padEnd(NAME_WIDTH)}${text}`, bad ? 'bad' : 'plain');
}

/** A number that must be 0. */
function zero(name: string, value: number): StyledLine {
  return row(name, value, value > 0);
}

function histogram(counts: Readonly<Record<string, number>>): StyledLine[] {
  return Object.entries(counts).map(([name, count]) =>
    line(`    ${formatCount(count).padStart(8)}  ${name}`, 'quiet'),
  );
}

/** Before the run. */
export function headLines(options: TortureOptions, names: readonly string[]): StyledLine[] {
  const { threads, seconds, heapBytes, kill, seed, skips } = options;
  const lines = [
    line(`torture: ${names.join(', ')}`, 'heading'),
    line(
      `  ${threads} threads, ${seconds} s, a heap of ${formatByteSize(heapBytes)}, ${kill} kills a second, seed ${seed}`,
    ),
  ];
  if (skips.length > 0) lines.push(line(`  broken: the reaper leaves out ${skips.join(', ')}`, 'bad'));
  return lines;
}

/** The command that runs it again. */
export function commandOf(options: TortureOptions): string {
  const { scenarios, threads, seconds, seed, heapBytes, kill, oom, stall, aims, skips } = options;
  const parts = ['lull torture', ...scenarios, `--threads ${threads} --seconds ${seconds} --seed ${seed}`];
  parts.push(`--heap ${heapBytes} --kill ${kill}`);
  if (oom > 0) parts.push(`--oom ${oom}`);
  if (stall) parts.push('--stall');
  for (const aim of aims) parts.push(`--aim '${aim}'`);
  for (const skip of skips) parts.push(`--broken ${skip}`);
  return parts.join(' ');
}

/** After the run; the last line says how it ended. */
export function tortureLines(result: TortureResult, options: TortureOptions): StyledLine[] {
  return [
    line('done', 'heading'),
    ...workLines(result),
    line('deaths', 'heading'),
    ...deathLines(result),
    line('account', 'heading'),
    ...accountLines(result),
    ...result.problems.map((problem) => line(`  problem: ${problem}`, 'bad')),
    ...result.notEnough.map((few) => line(`  not enough: ${few}`, 'bad')),
    line(`run it again: ${commandOf(options)}`, 'quiet'),
    line(result.result, result.result === 'SUCCESS' ? 'good' : 'bad'),
  ];
}

function workLines(result: TortureResult): StyledLine[] {
  return [
    row('operations', result.operations),
    row('grace periods', result.gracePeriods),
    row('reads', result.reads),
    row(
      'Reader Pipe',
      result.readerPipe.join(' '),
      result.readerPipe.slice(2).some((count) => count > 0),
    ),
    row('callbacks queued', result.callbacksQueued),
    row('refusals', result.refusals),
    row('nolock refusals', result.nolockRefusals),
    row('freed through lists', result.freedThroughList),
    row('joins', result.joins),
    row('stalls', result.stalls),
  ];
}

function deathLines(result: TortureResult): StyledLine[] {
  return [
    row('kills', result.kills),
    row('  in critical sections', result.killsInCriticalSections),
    ...histogram(result.killsByClass),
    row('  in the reaper', result.killsInReaper),
    row('  by operation', Object.keys(result.killsByOperation).length),
    ...histogram(result.killsByOperation).slice(0, 12),
    row('orderly exits', result.exits),
    row('reaps', result.reaps),
    row('longest reap', `${result.longestReapMillis} ms`),
    row('dead owners told of', result.deadOwners),
    row('objects returned', result.objectsReturned),
  ];
}

function accountLines(result: TortureResult): StyledLine[] {
  return [
    zero('hangs', result.hangs),
    zero('wrong values', result.wrongValues),
    zero('lock timeouts', result.lockTimeouts),
    zero('pages lost', result.pagesLost),
    zero('objects lost', result.objectsLost),
    row('objects in user hands', `${result.objectsInUserHands} (calls cut off: ${result.objectsInTransit})`),
    row('pages in user hands', `${result.pagesInUserHands} (calls cut off: ${result.pagesInTransit})`),
    zero('bytes charged', result.bytesCharged),
    zero('callbacks orphaned', result.callbacksOrphaned),
    zero('callbacks lost', result.callbacksLost),
    row('callbacks interrupted', result.callbacksInterrupted),
    zero('slots stuck', result.slotsStuck),
    zero('locks stuck', result.locksStuck),
  ];
}
