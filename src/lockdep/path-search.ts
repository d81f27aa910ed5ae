/**
 * Path search: is there a strong path through the class graph, one on which every holder really waits?
 *
 *     A -(*R)-> B -(S*)-> C      weak: who takes B as a recursive reader does not wait for who holds it as a reader
 *     any other pair of edges    strong
 *
 * Breadth first, so that the path found is one of the shortest. A node can be reached with its last edge only
 * weak ("only recursive", backwards "only shared") or not; who was reached strongly need not be reached again.
 *
 * Follows __bfs() of kernel/locking/lockdep.c, but for one thing: that visits a class once, and so may miss a
 * strong path behind a weak one; this visits it once for each of the two.
 */
import { type ClassEdge, type ClassNode, FROM_WRITER, TO_NON_RECURSIVE } from './class-graph.js';

/** A place on a path, and how it was reached. */
export interface Visit {
  readonly node: ClassNode;
  /**
   * Forwards: only recursive readers get here. Backwards: only shared holders go on from here.
   * Whoever is met here must then be a writer.
   */
  readonly isWeak: boolean;
  readonly parent: Visit | undefined;
  /** From the parent's node, or, backwards, to it. */
  readonly edge: ClassEdge | undefined;
  /** Bits of `edge` that this path may use. */
  readonly bits: number;
}

export type Direction = 'after' | 'before';

/** The first visit from `root` on, which counts too, that `matches`. A node that is `skipped` ends its paths. */
export function findPath(
  direction: Direction,
  root: ClassNode,
  rootIsWeak: boolean,
  matches: (visit: Visit) => boolean,
  skipped: (node: ClassNode) => boolean = () => false,
): Visit | undefined {
  const seen = new Map<ClassNode, boolean>();
  const queue: Visit[] = [{ node: root, isWeak: rootIsWeak, parent: undefined, edge: undefined, bits: 0 }];
  for (let next = 0; next < queue.length; next++) {
    const visit = queue[next]!;
    if (isKnown(seen, visit) || skipped(visit.node)) continue;
    seen.set(visit.node, visit.isWeak);
    if (matches(visit)) return visit;
    for (const edge of visit.node[direction]) {
      const step = stepAlong(direction, visit, edge);
      if (step !== undefined) queue.push(step);
    }
  }
  return undefined;
}

/** The edges from the root to a visit, in that order. */
export function edgesTo(visit: Visit): Visit[] {
  const steps: Visit[] = [];
  for (let at: Visit | undefined = visit; at?.parent !== undefined; at = at.parent) steps.push(at);
  return steps.reverse();
}

/** A strong visit stands for a weak one, not the other way round. */
function isKnown(seen: ReadonlyMap<ClassNode, boolean>, { node, isWeak }: Visit): boolean {
  const wasWeak = seen.get(node);
  return wasWeak === false || (wasWeak === true && isWeak);
}

function stepAlong(direction: Direction, visit: Visit, edge: ClassEdge): Visit | undefined {
  const forwards = direction === 'after';
  const strongAfterWeak = forwards ? FROM_WRITER : TO_NON_RECURSIVE;
  const bits = visit.isWeak ? edge.bits & strongAfterWeak : edge.bits;
  if (bits === 0) return undefined;
  const isWeak = (bits & (forwards ? TO_NON_RECURSIVE : FROM_WRITER)) === 0;
  return { node: forwards ? edge.to : edge.from, isWeak, parent: visit, edge, bits };
}
