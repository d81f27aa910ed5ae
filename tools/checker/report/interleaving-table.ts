/**
 * A failing execution as a table: one column a thread, one line a step, top to bottom in time.
 *
 *     A writer                                B reader
 *     store X  0 -> 1
 *                                             load X = 1
 *
 * Operations on words that only one thread uses are left out, and counted.
 */
import { letter } from '../explore/schedule.js';
import { OPERATION, type Operation, operationName } from '../machine/operation.js';
import type { Trace } from '../machine/performer.js';

const GAP = '  ';
const LEAST_WIDTH = 16;

/** What a table is made of. */
export interface TableSubject {
  readonly threads: readonly string[];
  nameOf(word: number): string;
}

/** Lays out an execution. */
export function interleavingTable(traces: readonly Trace[], subject: TableSubject): string {
  const shared = sharedWords(traces);
  const rows: { thread: number; text: string }[] = [];
  let hidden = 0;
  for (const trace of traces) {
    if (isShown(trace, shared)) rows.push({ thread: trace.thread, text: cellOf(trace, subject) });
    else hidden++;
  }
  const heads = subject.threads.map((name, thread) => `${letter(thread)} ${name}`);
  const widths = heads.map((head, thread) =>
    Math.max(
      LEAST_WIDTH,
      head.length,
      ...rows.filter((row) => row.thread === thread).map(({ text }) => text.length),
    ),
  );
  const digits = String(rows.length).length;
  const lines = [
    `${' '.repeat(digits)}${GAP}${heads.map((head, thread) => head.padEnd(widths[thread]!)).join(GAP)}`,
  ];
  rows.forEach(({ thread, text }, index) => {
    const indent = widths.slice(0, thread).reduce((sum, width) => sum + width + GAP.length, 0);
    lines.push(`${String(index + 1).padStart(digits)}${GAP}${' '.repeat(indent)}${text}`);
  });
  if (hidden > 0) lines.push(`(and ${hidden} operations on words that only one thread uses)`);
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Words that two threads use, one of them writing. */
function sharedWords(traces: readonly Trace[]): Set<number> {
  const users = new Map<number, Set<number>>();
  const written = new Set<number>();
  for (const { thread, word, operation } of traces) {
    if (touchesNothing(operation)) continue;
    if (!users.has(word)) users.set(word, new Set());
    users.get(word)!.add(thread);
    if (isWrite(operation)) written.add(word);
  }
  return new Set([...users].filter(([word, by]) => by.size > 1 && written.has(word)).map(([word]) => word));
}

function touchesNothing(operation: Operation): boolean {
  return operation === OPERATION.pause || operation === OPERATION.awaitEnd || operation === OPERATION.kill;
}

function isWrite(operation: Operation): boolean {
  return (operation >= OPERATION.store && operation <= OPERATION.xor) || operation === OPERATION.storePlain;
}

function isShown({ operation, word }: Trace, shared: ReadonlySet<number>): boolean {
  return shared.has(word) || operation >= OPERATION.pause || operation === OPERATION.wait;
}

function cellOf({ operation, word, before, after, result }: Trace, subject: TableSubject): string {
  const name = operationName(operation);
  switch (operation) {
    case OPERATION.pause:
      return name;
    case OPERATION.kill:
      return 'is killed';
    case OPERATION.fence:
      return `load ${subject.nameOf(word)}`;
    case OPERATION.awaitEnd:
      return `${name} of ${subject.threads[word]}`;
    case OPERATION.wake:
    case OPERATION.notify:
      return `${name} ${subject.nameOf(word)}: ${result}`;
    case OPERATION.compareExchange:
      if (before === after && result === before) return `${name} ${subject.nameOf(word)} = ${before}`;
      break;
  }
  const at = `${name} ${subject.nameOf(word)}`;
  return isWrite(operation) || operation === OPERATION.drain
    ? `${at}  ${before} -> ${after}`
    : `${at} = ${result}`;
}
