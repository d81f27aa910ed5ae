/**
 * The end of a torture run: nobody runs any more, so everything that the run made is freed, and what is left has to be
 * accounted for, to the object.
 *
 *     barriers -> each scenario frees what it made -> barriers, shrink -> balance()
 *
 * What only the variables of a dead worker led to is nobody's loss but its user's: such objects have sizes of their own
 * (hand-kinds.ts), and of each kind there are no more than calls that were cut off. Main frees them, and looks again.
 */
import { setTimeout } from 'node:timers/promises';
import { type Address, type BalanceReport, LockTimeoutError, RcuTimeoutError } from '../../src/index.js';
import { descriptorStart } from '../../src/layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageOwner } from '../../src/layout/page-descriptor.js';
import { PAGE_WORDS } from '../../src/words/units.js';
import { isFree } from './dead-thread.js';
import { type HandKind, kindOfBlock, kindOfCache } from './hand-kinds.js';
import type { Main, Scenario } from './scenario.js';
import { GROUP, GROUPS } from './scenarios/groups.js';

export interface TortureAudit {
  readonly objectsLost: number;
  readonly pagesLost: number;
  /** Freed by main: what only variables of dead workers led to. */
  readonly objectsInUserHands: number;
  readonly pagesInUserHands: number;
  /** Calls that were cut off, each of which explains one of those. */
  readonly objectsInTransit: number;
  readonly pagesInTransit: number;
  readonly bytesCharged: number;
  readonly callbacksOrphaned: number;
  readonly slotsStuck: number;
  readonly locksStuck: number;
}

/** Of a run that has failed before its end. */
export const NO_AUDIT: TortureAudit = {
  objectsLost: 0,
  pagesLost: 0,
  objectsInUserHands: 0,
  pagesInUserHands: 0,
  objectsInTransit: 0,
  pagesInTransit: 0,
  bytesCharged: 0,
  callbacksOrphaned: 0,
  slotsStuck: 0,
  locksStuck: 0,
};

const BARRIER = { timeoutMillis: 20_000 };
const SETTLING_ROUNDS = 200;
const SETTLING_PAUSE_MILLIS = 5;
const MOST_DESCRIBED = 5;
/** One report names a few of what is unreachable. */
const MOST_LOOKS = 500;

export async function audit(
  main: Main,
  scenarios: readonly Scenario[],
  shared: readonly (readonly number[])[],
): Promise<TortureAudit> {
  const { heap } = main;
  await attempt(main, 'the barriers', () => rest(main));
  for (const [i, scenario] of scenarios.entries()) {
    await attempt(main, scenario.name, () => scenario.finish(main, shared[i]!));
  }
  await attempt(main, 'the barriers', () => rest(main));
  let counted: Lost = { ...NO_AUDIT, locksStuck: main.findings.locksStuck };
  await attempt(main, 'the account', () => {
    counted = countLost(main);
  });
  const slotsStuck = countSlots(main);
  const { callbacks, callbacksWaiting } = heap.stats();
  const callbacksOrphaned = callbacks.reduce((sum, { stranded }) => sum + stranded, callbacksWaiting);
  let bytesCharged = 0;
  if (scenarios.includes(GROUPS)) {
    await attempt(main, 'the groups', () => {
      bytesCharged = heap.group(GROUP).stats().usageBytes;
    });
  }
  if (bytesCharged > 0) main.findings.problem(`${bytesCharged} bytes are charged for nothing`);
  return { ...counted, slotsStuck, callbacksOrphaned, bytesCharged };
}

/** What throws is a problem, and no end of the account. */
async function attempt({ findings }: Main, what: string, act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof LockTimeoutError) findings.locksStuck++;
    findings.problem(`at the end, ${what}: ${(error as Error).message}`);
  }
}

/** Waits until nothing waits. */
async function rest({ heap, findings }: Main): Promise<void> {
  try {
    await heap.rcu.barrier(BARRIER);
    await heap.kfreeRcuBarrier(BARRIER);
  } catch (error) {
    if (!(error instanceof RcuTimeoutError)) throw error;
    findings.hangs++;
    findings.problem(`at the end: ${error.message}`);
    return;
  }
  for (let round = 0; round < SETTLING_ROUNDS; round++) {
    heap.shrink();
    const { objectsWaiting, callbacksWaiting } = heap.stats();
    if (objectsWaiting === 0 && callbacksWaiting === 0) return;
    await setTimeout(SETTLING_PAUSE_MILLIS);
  }
  const { objectsWaiting, callbacksWaiting } = heap.stats();
  findings.problem(
    `${objectsWaiting} objects and ${callbacksWaiting} callbacks wait for a grace period for good`,
  );
}

type Lost = Omit<TortureAudit, 'bytesCharged' | 'callbacksOrphaned' | 'slotsStuck'>;

/** Frees what was in the hands of users, as far as a death explains it; the rest is lost. */
function countLost(main: Main): Lost {
  const { heap, findings } = main;
  const found = new Map<HandKind, number>();
  for (let look = 0; look < MOST_LOOKS; look++) {
    const report = heap.balance();
    const ours = report.problems.length > 0 ? [] : report.unreachable.filter((p) => kindOf(main, p));
    for (const p of ours) {
      const kind = kindOf(main, p)!;
      found.set(kind, (found.get(kind) ?? 0) + 1);
      if (isBlock(kind)) heap.freePages(p as Address);
      else heap.kfree(p as Address);
    }
    if (ours.length === 0) return judge(main, report, found);
    heap.shrink();
  }
  findings.problem(`more than ${MOST_LOOKS} looks found something that was in the hands of users`);
  return judge(main, heap.balance(), found);
}

/** @param found by kind: what a call explains that was cut off, if there were as many */
function judge({ heap, findings }: Main, report: BalanceReport, found: ReadonlyMap<HandKind, number>): Lost {
  let { locksStuck } = findings;
  for (const problem of report.problems) {
    findings.problem(`balance(): ${problem}`);
    if (/ is held by | is inside its | is borrowed/.test(problem)) locksStuck++;
  }
  const tooMany = new Map<HandKind, number>();
  for (const [kind, count] of found) {
    const excess = Math.max(0, count - (findings.cutOff.get(kind) ?? 0));
    tooMany.set(kind, excess);
    if (excess > 0) findings.problem(`${excess} more of kind ${kind} were left than calls were cut off`);
  }
  const objectsLost = report.unreachableObjects + objectsIn(tooMany);
  const pagesLost = report.unreachablePages + pagesIn(tooMany);
  if (objectsLost + pagesLost > 0) {
    findings.problem(`${objectsLost} objects and ${pagesLost} pages are lost${describeLost(heap, report)}`);
  }
  return {
    objectsLost,
    pagesLost,
    locksStuck,
    objectsInUserHands: objectsIn(found),
    pagesInUserHands: pagesIn(found),
    objectsInTransit: objectsIn(findings.cutOff),
    pagesInTransit: pagesIn(findings.cutOff),
  };
}

function isBlock(kind: HandKind): boolean {
  return kind.startsWith('block');
}

function objectsIn(counts: ReadonlyMap<HandKind, number>): number {
  return [...counts].reduce((sum, [kind, count]) => sum + (isBlock(kind) ? 0 : count), 0);
}

function pagesIn(counts: ReadonlyMap<HandKind, number>): number {
  const pagesOf = (kind: HandKind) => 1 << Number(kind.slice('block '.length));
  return [...counts].reduce((sum, [kind, count]) => sum + (isBlock(kind) ? count * pagesOf(kind) : 0), 0);
}

/** What the first of them are: whose they were can be guessed from their cache and their words. */
function describeLost(heap: Main['heap'], { unreachable }: BalanceReport): string {
  const lost = unreachable.slice(0, MOST_DESCRIBED).map((p) => {
    const words = Array.from({ length: 8 }, (_, i) => heap.words.loadPlain(p + i));
    return `\n  ${p} of cache ${pageOwner(stateOf(heap, p))}: ${words.join(' ')}`;
  });
  return lost.join('');
}

/** What it may be that a worker had in its variables; undefined for what can be none. */
function kindOf({ heap }: Main, p: number): HandKind | undefined {
  const state = stateOf(heap, p);
  if (pageKind(state) === PAGE_KIND.slab) return kindOfCache(pageOwner(state));
  return pageKind(state) === PAGE_KIND.allocated ? kindOfBlock(pageOrder(state)) : undefined;
}

function stateOf({ words, geometry }: Main['heap'], p: number): number {
  const page = Math.floor(p / PAGE_WORDS);
  return words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
}

/** Slots that are not free, but for main's own. */
function countSlots({ heap, findings }: Main): number {
  const { words, geometry } = heap;
  let taken = 0;
  for (let slot = 0; slot < geometry.slots; slot++) if (!isFree(words, geometry, slot)) taken++;
  const stuck = taken - 1;
  if (stuck > 0) findings.problem(`${stuck} slots of workers are not free at the end`);
  return stuck;
}
