/**
 * Reports about orders of locks: a class taken again, two orders against each other, and what hooks and
 * callbacks take against what is held where they may interrupt.
 */
import type { Taking } from './chain-rules.js';
import { type ClassNode, firstSighting } from './class-graph.js';
import type { HeldLock } from './held-locks.js';
import { edgesTo, type Visit } from './path-search.js';
import {
  describeNode,
  heldLines,
  holdingLines,
  pathLines,
  type Scene,
  sections,
  shortName,
  sightingLines,
  type TakenHere,
  takes,
  takingLines,
  timingTable,
} from './report-text.js';
import { describeUsage, USAGE } from './usage.js';
import type { UsageConflict, UsagePair } from './usage-rules.js';

const HOOKS = USAGE.usedInHook | USAGE.usedInHookRead | USAGE.enabledHook | USAGE.enabledHookRead;

export function sameClassText(scene: Scene, prev: HeldLock, next: Taking): string {
  const name = describeNode(next.chain.node);
  const isSame = prev.hasInstance(next.instance);
  const sentence = isSame
    ? `thread ${scene.thread} waits for ${name}, lock ${next.instance}, which it holds itself: that wait never ends.`
    : `thread ${scene.thread} waits for a lock of class ${name} while it holds another of that class: ` +
      'two threads that take the two in different orders wait for each other.';
  const remedy = isSame
    ? 'Release the lock first, or pass on that it is held.'
    : 'If these locks have an order, take the inner one with a subclass; if an outer lock keeps others away, ' +
      'name it as nestLock.';
  const rows = [[takes(prev.chain.node)], [takes(next.chain.node)]];
  return sections(
    `possible deadlock: ${sentence}`,
    `it is about to take\n${takingLines(next)}`,
    `but it holds (stack of the first time)\n${holdingLines(prev)}`,
    timingTable([`thread ${scene.thread}`], rows),
    heldLines(scene),
    remedy,
  );
}

export function inversionText(scene: Scene, prev: HeldLock, next: Taking, path: Visit): string {
  const [from, to] = [prev.chain.node, next.chain.node];
  return sections(
    `possible deadlock: thread ${scene.thread} takes ${describeNode(to)} while it holds ${describeNode(from)}, ` +
      'but the order seen before is the other one.',
    `it is about to take\n${takingLines(next)}`,
    `while it holds (stack of the first time)\n${holdingLines(prev)}`,
    `the order seen before:\n${pathLines(path)}`,
    inversionTable(from, to, path),
    heldLines(scene),
    `Take ${shortName(from)} and ${shortName(to)} in one order everywhere, or the inner one by a trylock.`,
  );
}

/** One thread for the new edge, one for each edge of the path; each holds its first lock, then all wait. */
function inversionTable(from: ClassNode, to: ClassNode, path: Visit): string {
  const edges = [{ from, to }, ...edgesTo(path).map(({ edge }) => edge!)];
  const columns = edges.map((_, thread) => `thread ${thread + 1}`);
  const row = (column: number, text: string): string[] => columns.map((_, at) => (at === column ? text : ''));
  return timingTable(columns, [
    ...edges.map((edge, at) => row(at, takes(edge.from))),
    ...edges.map((edge, at) => row(at, takes(edge.to))),
  ]);
}

/** A class that is about to be safe and unsafe, by itself or by way of others. */
export function usageText(scene: Scene, lock: TakenHere, conflict: UsageConflict): string {
  const { bit, conflicting, path } = conflict;
  const { node } = lock.chain;
  const other = path?.node ?? node;
  const [context, interrupted] = [contextOf(bit), isUsedIn(bit) ? other : node];
  const inside = isUsedIn(bit) ? node : other;
  const seen = firstSighting(other.usageSightings, conflicting);
  return sections(
    `possible deadlock: ${describeNode(node)} is ${describeUsage(bit)}, but ` +
      `${other === node ? 'it' : describeNode(other)} was seen ${describeUsage(conflicting)}` +
      `${other === node ? '' : ', and one is taken under the other'}.`,
    `now, in thread ${scene.thread}\n${takingLines(lock)}`,
    `${describeNode(other)} was ${describeUsage(conflicting)}\n${sightingLines(seen)}`,
    path?.parent === undefined ? '' : `the order between them:\n${pathLines(path)}`,
    interruptTable(context, interrupted, inside, node === other),
    heldLines(scene),
    remedyFor(context, interrupted),
  );
}

/** A new edge that leads from a safe class to an unsafe one. */
export function unsafePairText(scene: Scene, prev: HeldLock, next: Taking, pair: UsagePair): string {
  const { safe, unsafe, safeBit, unsafeBit } = pair;
  const context = contextOf(safeBit);
  const seen = (node: ClassNode, bit: number): string =>
    `  ${describeNode(node)} was ${describeUsage(bit)}\n` +
    sightingLines(firstSighting(node.usageSightings, bit));
  return sections(
    `possible deadlock: thread ${scene.thread} takes ${describeNode(next.chain.node)} while it holds ` +
      `${describeNode(prev.chain.node)}, so that ${describeNode(safe.node)}, which a ${context} takes, comes to ` +
      `wait for ${describeNode(unsafe.node)}, which is held where a ${context} may interrupt.`,
    `it is about to take\n${takingLines(next)}`,
    `while it holds (stack of the first time)\n${holdingLines(prev)}`,
    `usages seen before:\n${seen(safe.node, safeBit)}\n${seen(unsafe.node, unsafeBit)}`,
    [safe, unsafe].some(({ parent }) => parent !== undefined)
      ? `the order seen before:\n${[safe, unsafe].map(pathLines).filter(Boolean).join('\n')}`
      : '',
    interruptTable(context, unsafe.node, safe.node, false),
    heldLines(scene),
    remedyFor(context, unsafe.node),
  );
}

/** A thread that is interrupted while it holds `open`, by a context that takes `inside`. */
function interruptTable(context: string, open: ClassNode, inside: ClassNode, isSame: boolean): string {
  if (isSame) return timingTable(['thread 1'], [[takes(open)], [`<${context}>`], [`  ${takes(inside)}`]]);
  return timingTable(
    ['thread 1', 'thread 2'],
    [
      [takes(open), ''],
      ['', takes(inside)],
      ['', takes(open)],
      [`<${context}>`, ''],
      [`  ${takes(inside)}`, ''],
    ],
  );
}

function remedyFor(context: string, open: ClassNode): string {
  return (
    `Keep ${context}s away while ${shortName(open)} is held (disableContext), or let the ${context} ` +
    'take what it needs by a trylock.'
  );
}

function contextOf(bit: number): string {
  return bit & HOOKS ? 'hook' : 'callback';
}

function isUsedIn(bit: number): boolean {
  return describeUsage(bit).startsWith('taken');
}
