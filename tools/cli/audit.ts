/**
 * The audit at the end of a run: is everything accounted for?
 *
 * It runs when only the calling thread is left on the heap, in two rounds. First with the records in place: the
 * map must hold exactly the keys of the file, each with a value that is right for it, and every page and object
 * must be free, cached, waiting or reachable. Then the map is emptied and the books must balance again: an
 * object that was reachable only by a mistake in the first round has nowhere to hide in the second.
 *
 * Before each round all waiting objects are given their grace periods. What still waits after that waits for
 * ever, and counts as a fault.
 */
import { setTimeout } from 'node:timers/promises';
import { verifyValue } from './value.js';

/** The heap, as far as the audit uses it. */
export interface AuditedHeap {
  stats(): { readonly objectsWaiting: number };
  balance(): {
    readonly problems: readonly string[];
    readonly unreachablePages: number;
    readonly unreachableObjects: number;
  };
  synchronizeRcu(): Promise<void>;
  synchronizeRcuSync(): void;
}

/** The map, as far as the audit uses it. */
export interface AuditedMap {
  readonly size: number;
  entries(): Iterable<[string, unknown]>;
  clear(): void;
}

/** What the audit found. Everything but `entries` is 0 or empty when all is well. */
export interface Audit {
  readonly entries: number;
  /** Entries whose value is not right for their key. */
  readonly badEntries: number;
  /** Objects that still wait after all grace periods anybody could want. */
  readonly objectsWaiting: number;
  readonly pagesLeaked: number;
  readonly objectsLeaked: number;
  /** What is wrong, a sentence each. */
  readonly problems: readonly string[];
}

/** Rounds, of two grace periods and a pause each, before giving up on objects that still wait. */
const MAX_SETTLING_ROUNDS = 100;

/** Lets the heap's own timers run, which put part-filled batches on their way. */
const SETTLING_PAUSE_MILLIS = 10;

/**
 * Waits until nothing waits for a grace period.
 *
 * @returns  how many objects still wait after a bounded number of grace periods; 0 when all is well.
 */
export async function settle(heap: AuditedHeap): Promise<number> {
  for (let round = 0; round < MAX_SETTLING_ROUNDS; round++) {
    await heap.synchronizeRcu();
    if (heap.stats().objectsWaiting === 0) return 0;
    // The synchronous form also takes over what threads that have left still had waiting.
    heap.synchronizeRcuSync();
    await setTimeout(SETTLING_PAUSE_MILLIS);
  }
  return heap.stats().objectsWaiting;
}

/**
 * Audits a heap whose only map of records is `map`, and empties the map.
 *
 * @param expectedEntries  how many keys the map must hold; undefined when the load was cut short.
 */
export async function auditHeap(
  heap: AuditedHeap,
  map: AuditedMap,
  expectedEntries: number | undefined,
): Promise<Audit> {
  const waitingLoaded = await settle(heap);
  const { entries, badEntries } = checkEntries(map);
  const problems = mapProblems(map, entries, badEntries, expectedEntries);
  const loaded = heap.balance();
  map.clear();
  const waitingEmpty = await settle(heap);
  const empty = heap.balance();
  if (map.size !== 0) problems.push(`the map holds ${map.size} entries after clear()`);
  const objectsWaiting = Math.max(waitingLoaded, waitingEmpty);
  if (objectsWaiting > 0)
    problems.push(`${objectsWaiting} objects wait for a grace period that does not come`);
  problems.push(...loaded.problems, ...empty.problems.map((problem) => `after clear(): ${problem}`));
  return {
    entries,
    badEntries,
    objectsWaiting,
    pagesLeaked: Math.max(loaded.unreachablePages, empty.unreachablePages),
    objectsLeaked: Math.max(loaded.unreachableObjects, empty.unreachableObjects),
    problems,
  };
}

function checkEntries(map: AuditedMap): { entries: number; badEntries: number } {
  let entries = 0;
  let badEntries = 0;
  for (const [key, value] of map.entries()) {
    entries++;
    if (!verifyValue(key, value)) badEntries++;
  }
  return { entries, badEntries };
}

function mapProblems(
  map: AuditedMap,
  entries: number,
  badEntries: number,
  expected: number | undefined,
): string[] {
  const problems: string[] = [];
  if (expected !== undefined && entries !== expected) {
    problems.push(`the map holds ${entries} entries where the file has ${expected} different keys`);
  }
  if (map.size !== entries) problems.push(`the map says size ${map.size} and holds ${entries} entries`);
  if (badEntries > 0) problems.push(`${badEntries} entries hold a value that is not right for their key`);
  return problems;
}
