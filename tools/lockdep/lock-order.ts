/**
 * The lock order: Lull's own locks by rank, and whether a graph keeps to it.
 *
 *     rank   10 ----> 20 ----> 30       who holds a lock takes only locks to the right of it,
 *            outer             inner    or of the same class with a higher subclass
 *
 * The ranks are a promise; the graph is what threads did. docs/lock-order.md shows both side by side, and is made
 * from them.
 */
import type { LockClass } from '../../src/locks/lock-class.js';
import { type LockEdge, type LockGraph, type LockNode, waitName } from './lock-graph.js';

/** For each of Lull's locks that was held, by name, the ones that were waited for under it: sorted names. */
export type TakenUnder = Readonly<Record<string, readonly string[]>>;

const HEAD = `# Lock order

Lull's own locks, outermost first. A thread that holds one takes only locks of a **higher rank**, or of the same class
with a higher subclass; then no two threads can wait for each other. (A read section, whose waits are \`free\`, may be
entered anywhere: who enters it waits for nobody.) The ranks are declared with the classes in
\`src/locks/lull-classes.ts\`. The validator does not take their word for it: heaps made with \`validate: true\` note
which lock was waited for under which, and \`ordersAgainstRanks()\` finds none in what the tests have done.

- **Waits** is how much waiting a lock is: \`spin\` never sleeps, \`config\` spins or sleeps, as the platform has it,
  \`sleep\` sleeps, \`none\` is not judged. Under a lock nothing may be taken that waits more than it allows inside, which
  is the same unless a second word says otherwise.
- **Waited for under it** lists what the tests have waited for while the lock was the innermost that they held. What is
  only ever tried is not in it: a trylock waits for nobody.

The page is made by \`node dist/tools/lockdep/write-lock-order.js\`, and a test keeps it so. \`lull lockdep --graph\` draws
the graph of a heap that is at work.
`;

/** The orders of `graph` that the ranks forbid: none, while they are kept. Locks without a rank have no say. */
export function ordersAgainstRanks({ nodes, edges }: LockGraph): readonly LockEdge[] {
  return edges.filter(({ from, to }) => !isAllowed(nodes[from]!, nodes[to]!));
}

/** Whether one may have to wait to get in: a read section, which asks for nothing of its surroundings, never does. */
function isWaitedFor({ outer }: LockNode): boolean {
  return outer !== 'free';
}

function isAllowed(held: LockNode, taken: LockNode): boolean {
  if (held.rank === 0 || taken.rank === 0 || !isWaitedFor(taken)) return true;
  if (held.name === taken.name) return taken.subclass > held.subclass;
  return taken.rank > held.rank;
}

/** What `graph` says of the locks that have one of `names`. */
export function takenUnder({ nodes, edges }: LockGraph, names: ReadonlySet<string>): TakenUnder {
  const pairs = edges
    .filter(({ to }) => isWaitedFor(nodes[to]!))
    .map(({ from, to }) => [nodes[from]!.name, nodes[to]!.name] as const)
    .filter(([held, taken]) => names.has(held) && names.has(taken));
  return fromPairs(pairs);
}

/** Everything that is in one of them. */
export function mergeTakenUnder(all: readonly TakenUnder[]): TakenUnder {
  return fromPairs(
    all.flatMap((one) =>
      Object.entries(one).flatMap(([held, taken]) => taken.map((name) => [held, name] as const)),
    ),
  );
}

function fromPairs(pairs: readonly (readonly [held: string, taken: string])[]): TakenUnder {
  const byHeld = new Map<string, Set<string>>();
  for (const [held, taken] of pairs) byHeld.set(held, (byHeld.get(held) ?? new Set()).add(taken));
  const sorted = [...byHeld].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([held, taken]) => [held, [...taken].sort()]));
}

/** What the page is made of. */
export interface LockOrder {
  readonly classes: readonly LockClass[];
  /** What a class guards, in words. */
  guardedBy(lock: LockClass): string;
  readonly recorded: TakenUnder;
}

/**
 * The text of docs/lock-order.md.
 *
 * Errors  RangeError: a class has no rank, or nothing says what it guards.
 */
export function lockOrderPage({ classes, guardedBy, recorded }: LockOrder): string {
  const rows = [...classes]
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    .map((each) => rowOf(each, guardedBy(each), recorded[each.name] ?? []));
  return `${HEAD}
| rank | lock | kind | waits | guards | waited for under it |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

function rowOf(
  { name, rank, kind, outer, inner }: LockClass,
  guards: string,
  taken: readonly string[],
): string {
  if (rank === 0)
    throw new RangeError(`lock class ${name} has rank 0; give it one above 0 where it is declared`);
  if (guards === '')
    throw new RangeError(`nothing says what lock class ${name} guards; say it where it is declared`);
  const waits = outer === inner ? waitName(outer) : `${waitName(outer)}, inside ${waitName(inner)}`;
  return `| ${rank} | ${name} | ${kind} | ${waits} | ${guards} | ${taken.join(', ')} |`;
}
