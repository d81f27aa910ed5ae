/**
 * Report text: the parts that reports are put together from.
 *
 *     one sentence of what is wrong
 *
 *     section:
 *       class (rank), lock, how
 *         stack
 *
 *     possible unlucky timing:      (a table, where two threads or a hook come into it)
 *
 *     what to do
 *
 * Texts are made when a report is, never before.
 */
import type { LockClass } from '../locks/lock-class.js';
import { type Chain, isRead, isRecursive, isTrylock } from './chain-trie.js';
import { type ClassNode, firstSighting, type Sighting } from './class-graph.js';
import type { HeldLock } from './held-locks.js';
import { edgesTo, type Visit } from './path-search.js';

const COLUMN = 28;

/** What a report says of the thread that it is about. */
export interface Scene {
  readonly thread: string;
  /** All that it and its tasks hold. */
  readonly held: readonly HeldLock[];
}

/** "zone (rank 40)" */
export function describeClass(lock: LockClass): string {
  return lock.rank === 0 ? lock.name : `${lock.name} (rank ${lock.rank})`;
}

/** "zone (rank 40)", "bucket/1 (rank 50)" */
export function describeNode({ lockClass, subclass }: ClassNode): string {
  return describeClass(
    subclass === 0 ? lockClass : { ...lockClass, name: shortName({ lockClass, subclass }) },
  );
}

/** "bucket/1" */
export function shortName({ lockClass, subclass }: Pick<ClassNode, 'lockClass' | 'subclass'>): string {
  return subclass === 0 ? lockClass.name : `${lockClass.name}/${subclass}`;
}

/** "zone (rank 40), lock 512, by a recursive reader" */
export function describeLock({ node, how }: Chain, instance: number): string {
  const reader = isRecursive(how) ? ', by a recursive reader' : isRead(how) ? ', by a reader' : '';
  return `${describeNode(node)}, lock ${instance}${reader}${isTrylock(how) ? ', by a trylock' : ''}`;
}

/** A lock that is about to be taken, and where. */
export interface TakenHere {
  readonly chain: Chain;
  readonly instance: number;
  readonly stack: string;
}

export function takingLines({ chain, instance, stack }: TakenHere): string {
  return `  ${describeLock(chain, instance)}\n${stackLines(stack)}`;
}

/** A held lock, with the stack of the first time that it was held under the same others. */
export function holdingLines({ chain, instance }: HeldLock): string {
  return `  ${describeLock(chain, instance)}\n${stackLines(chain.stack)}`;
}

/** A stack, indented below the line that it belongs to. */
export function stackLines(stack: string): string {
  const lines = stack.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => `      ${line.trim()}`).join('\n');
}

/** "on thread worker 2" and where, of something seen before. */
export function sightingLines(sighting: Sighting | undefined): string {
  return sighting === undefined ? '' : `    by thread ${sighting.thread}\n${stackLines(sighting.stack)}`;
}

/** Edges that were seen before, in the order in which they are walked. */
export function pathLines(path: Visit): string {
  return edgesTo(path)
    .map(({ edge, bits }) => {
      const seen = firstSighting(edge!.sightings, bits);
      const line = `  ${describeNode(edge!.to)} was taken while ${describeNode(edge!.from)} was held`;
      return `${line}\n${sightingLines(seen)}`;
    })
    .join('\n');
}

/** All that the thread holds, as lockdep ends its reports. */
export function heldLines({ thread, held }: Scene): string {
  if (held.length === 0) return `thread ${thread} holds no lock.`;
  const count = held.length === 1 ? '1 lock' : `${held.length} locks`;
  const lines = held.map(({ chain, instance }, at) => `  #${at} ${describeLock(chain, instance)}`);
  return [`thread ${thread} holds ${count}, outermost first:`, ...lines].join('\n');
}

/** Who does what in time, one row a moment; a row is what each column does then. */
export function timingTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell) => cell.padEnd(COLUMN)).join('')}`.trimEnd();
  const underlines = columns.map((column) => '-'.repeat(column.length));
  return [
    'a possible unlucky timing:',
    ...[columns, underlines, ...rows].map(line),
    '  *** deadlock ***',
  ].join('\n');
}

export function takes(node: Pick<ClassNode, 'lockClass' | 'subclass'>): string {
  return `acquire(${shortName(node)})`;
}

/** Sections with an empty line between them. */
export function sections(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
