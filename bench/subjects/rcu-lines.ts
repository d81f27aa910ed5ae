/**
 * Cache lines that are touched for an object from the end of its grace period until it can be allocated again.
 *
 *     rcu-lines.js whole|arrays|arrays-and-own|list
 *
 * One operation is one object of 64 bytes, in 32 caches. All of them are retired while a reader holds up the grace
 * period; then the reader leaves, and one step of the writer's driver ends the grace period and frees everything: the
 * lines of that step count, each once, those of the header, of the slots and of the caches' records among them. Only
 * those of the two sheaves do not that the thread allocates from: its next allocations touch them in any case.
 *
 *     whole           sheaves that are at least half full, which go to the barn as they are
 *     arrays          sheaves that are less than half full: their objects are moved to those that the thread allocates from
 *     arrays-and-own  the same, and the lines where they are moved to count as well
 *     list            objects that wait through their own RcuHeads, as where kfreeRcu is a linked list
 */
import { Heap } from '../../src/index.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SHEAF, SHEAF_WORDS } from '../../src/layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../../src/layout/thread-slot.js';
import type { Address } from '../../src/words/units.js';
import { linesOf, touchedLines } from '../line-counter.js';
import { serveRounds } from '../subject.js';

const CACHES = 32;
const OBJECT_BYTES = 64;
/** Objects in a sheaf that is sealed early: two lines of them, with the sheaf's own words. */
const PART_FILLED = 26;
/** What the two sheaves that a thread allocates from have room for. */
const MOST_OF_A_CACHE = 4 * PART_FILLED;
const way = process.argv[2]!;
const isArrays = way.startsWith('arrays');

const heap = Heap.create({ pointerPageSource: way === 'list' ? 'none' : 'opportunistic' });
const reader = Heap.attach(heap.handle, { name: 'reader' });
const { words, geometry } = heap;
const caches = Array.from({ length: CACHES }, (_, i) => heap.slabCache(`lines ${i}`, OBJECT_BYTES));
type Cache = (typeof caches)[number];

/** The two sheaves that this thread, which has made the heap, allocates from; 0 for one that it has not. */
function ownSheaves({ id }: Cache): [main: number, spare: number] {
  const start = slotStart(geometry, 0) + SLOT.caches + id * CACHE_SLOT_WORDS;
  return [words.loadPlain(start + CACHE_SLOT.main), words.loadPlain(start + CACHE_SLOT.spare)];
}

/** Has the thread have two of them, which then are full. */
function fillOwnSheaves(cache: Cache): void {
  const objects = Array.from({ length: 2 * SHEAF_WORDS }, () => cache.alloc());
  for (const object of objects) heap.kfree(object);
}

/** Takes objects until both are empty: what is freed has room there, and what is allocated next is what was freed. */
function takeAll(cache: Cache): Address[] {
  const objects: Address[] = [];
  const isEmpty = (sheaf: number) => sheaf !== 0 && words.loadPlain(sheaf + SHEAF.count) === 0;
  while (objects.length < MOST_OF_A_CACHE || !ownSheaves(cache).every(isEmpty)) objects.push(cache.alloc());
  return objects;
}

/** Retires them all; the grace periods asked for are over when what is returned resolves. */
function retire(objects: readonly (readonly Address[])[]): Promise<unknown> {
  const asked: Promise<void>[] = [];
  for (let i = 0; i < objects[0]!.length; i++) {
    for (const ofCache of objects) heap.kfreeRcu(ofCache[i]!);
    // To ask for a grace period seals what is in hand.
    if (isArrays && (i + 1) % PART_FILLED === 0) asked.push(heap.synchronizeRcu());
  }
  asked.push(heap.synchronizeRcu());
  return Promise.all(asked);
}

/** One turn in which nothing is done: the driver makes a step at its end. */
function step(): void {
  heap.turn(() => {});
}

function requireWaiting(objects: number, when: string): void {
  const { objectsWaiting } = heap.stats();
  if (objectsWaiting === objects) return;
  throw new Error(`${objectsWaiting} objects wait ${when}, expected ${objects}`);
}

/** The lines of the step that count. */
function countLines(): number {
  const lines = touchedLines(words, step);
  if (way === 'arrays-and-own') return lines.size;
  for (const sheaf of caches.flatMap(ownSheaves)) {
    for (const line of linesOf(sheaf, sheaf + SHEAF_WORDS - 1)) lines.delete(line);
  }
  return lines.size;
}

await serveRounds(async (operations) => {
  const ofEach = Math.min(MOST_OF_A_CACHE, Math.ceil(operations / CACHES));
  caches.forEach(fillOwnSheaves);
  const taken = caches.map(takeAll);
  // Opens a turn of the reader's.
  reader.kfree(reader.kmalloc(OBJECT_BYTES));
  const asked = retire(taken.map((objects) => objects.slice(0, ofEach)));
  // Ends the writer's turn, and at last the reader's.
  heap.quiesce();
  requireWaiting(CACHES * ofEach, 'for the reader');
  heap.idle(() => {});
  const reused = heap.stats().sheavesReused;
  const lines = countLines();
  requireWaiting(0, 'when nobody reads');
  const isWhole = heap.stats().sheavesReused > reused;
  if (isWhole !== (way === 'whole')) throw new Error(`sheaves went ${isWhole ? '' : 'not '}whole`);
  await asked;
  for (const objects of taken) for (const rest of objects.slice(ofEach)) heap.kfree(rest);
  return lines / (CACHES * ofEach);
});
