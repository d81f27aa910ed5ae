/**
 * One row of the locking self-test's matrix: a group, a column, a context and an order of events.
 *
 *     casesOf(group)     one case for each column x context x order that the group asks for
 */
import type { ReportKind } from '../../src/lockdep/report.js';
import type { Group, Verdict } from './selftest-groups.js';
import type { ColumnName } from './selftest-kinds.js';
import { type Irq, type Operation, parseOperations } from './selftest-notation.js';

export interface SelftestCase {
  readonly group: string;
  /** What tells the case from others of its group. */
  readonly title: string;
  readonly events: readonly (readonly Operation[])[];
  /** The op lists as they are written, in the order played. */
  readonly text: string;
  readonly expected: Verdict;
  readonly complaint: ReportKind | undefined;
  readonly tries: boolean;
}

export function casesOf(group: Group): SelftestCase[] {
  const orders =
    group.orders === 'all' ? permutationsOf(group.events.length) : [indices(group.events.length)];
  const irqs = group.irqs ?? [undefined];
  const columns = Object.entries(group.verdicts) as [ColumnName, Verdict][];
  return columns.flatMap(([column, expected]) =>
    irqs.flatMap((irq) => orders.map((order) => caseOf(group, column, expected, irq, order))),
  );
}

function caseOf(
  group: Group,
  column: ColumnName,
  expected: Verdict,
  irq: Irq | undefined,
  order: readonly number[],
): SelftestCase {
  const texts = order.map((event) => group.events[event] as string);
  // A label says enough where there is but one column.
  const isLabelled = group.label !== undefined && Object.keys(group.verdicts).length === 1;
  const title = [
    group.label,
    isLabelled ? undefined : column,
    irq,
    group.orders === 'all' ? order.map((event) => event + 1).join('') : undefined,
  ];
  return {
    group: group.name,
    title: title.filter((part) => part !== undefined).join(' '),
    events: texts.map((text) => parseOperations(text, { column, irq })),
    text: texts.join('; '),
    expected,
    complaint: group.complaint,
    tries: group.tries ?? false,
  };
}

const indices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** All orders of `count` events; the order as written comes first. */
export function permutationsOf(count: number): number[][] {
  const extend = (order: readonly number[]): number[][] => {
    const rest = indices(count).filter((i) => !order.includes(i));
    return rest.length === 0 ? [[...order]] : rest.flatMap((next) => extend([...order, next]));
  };
  return extend([]);
}
