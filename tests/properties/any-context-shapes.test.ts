/**
 * Random programs in heaps of all shapes: one page and many, slabs of one object, sheaves of one, batches larger than the
 * heap, marks above it, every source of kfreeRcu's arrays; by threads that may wait, spin, or neither, which come and go;
 * with calls of any context in the middle of others. No call spins where it may not, nothing is handed out twice, and at the
 * end nothing is lost.
 *
 * LULL_LONG=1 runs ten times as many.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeapOptions } from '../../src/index.js';
import { POINTER_PAGE_SOURCES } from '../../src/slab/pointer-page-source.js';
import { Random, SEED, SEED_NOTE } from '../threads/seed.js';
import { Program } from './any-context-program.js';

const PROGRAMS = process.env.LULL_LONG === '1' ? 600 : 60;
const STEPS = 300;
/** One hold of a lock in so many has calls in its middle. */
const HOOK_ONE_IN = 3;
/** What must come about in all programs together, for them to show anything. */
const OUTCOMES = [
  ...[
    'kmalloc',
    'kmallocNolock',
    'allocPages',
    'allocPagesNolock',
    'kfreeRcu',
    'kfree',
    'freePages',
    'detach',
  ],
  ...['kfreeNolock', 'freePagesNolock', 'Mempool.alloc', 'Mempool.free', 'shrink', 'attach', 'end of turn'],
].map((call) => `${call} served`);
const REFUSALS = ['kmallocNolock refused', 'allocPagesNolock refused', 'kmalloc OutOfMemoryError'];
const IN_HOOKS = ['kmallocNolock', 'allocPagesNolock', 'kfreeNolock', 'freePagesNolock', 'kfreeRcu'].map(
  (call) => `${call} in a hook served`,
);

function drawOptions(random: Random): HeapOptions {
  const pages = 1 + random.below(random.oneIn(4) ? 4 : 200);
  const most = random.oneIn(5) ? pages + 6 : Math.max(1, pages >> 2);
  return {
    pages,
    threads: 1 + random.below(5),
    maxCaches: 80,
    sheafCapacity: 1 + random.below(5),
    barnSheaves: random.below(3),
    minPartialSlabs: random.below(3),
    maxSlabObjects: random.oneIn(3) ? 1 : 1 + random.below(8),
    pageListFloor: random.below(6),
    ...(random.oneIn(2) ? { pageListHigh: random.below(10) } : {}),
    ...(random.oneIn(2) ? { pageListBatch: 1 + random.below(random.oneIn(3) ? 4096 : 6) } : {}),
    ...(random.oneIn(2) ? { minFreePages: random.below(most) } : {}),
    pointerPageSource: POINTER_PAGE_SOURCES[random.below(POINTER_PAGE_SOURCES.length)]!,
    reservedSheaves: random.below(5),
    turnOperations: 3,
    drainMillis: 1,
    spinRounds: 300,
    mapBucketsLog2: 1,
    firstSequence: random.oneIn(2) ? 0x7ffffff0 : -8,
    hashSeed: [1, 2],
  };
}

/** Runs one program in a heap of a shape drawn for it; its problems name both. */
function runOne(number: number, hasHooks: boolean, outcomes: Set<string>): string[] {
  const random = new Random(SEED, number);
  const options = drawOptions(random);
  const program = new Program(options, random);
  if (hasHooks) program.hookIn(HOOK_ONE_IN);
  program.run(STEPS);
  if (program.problems.length === 0) program.end();
  for (const outcome of program.outcomes.keys()) outcomes.add(outcome);
  const note = `program ${number} of ${JSON.stringify(options)}:\n${program.trace()}`;
  if (program.problems.length > 0) return [...program.problems, note];
  const { problems, unreachable, pages } = program.heap.balance();
  const rest = [pages.allocated, pages.deferred, pages.threadLists];
  if (problems.length + unreachable.length === 0 && rest.every((n) => n === 0)) return [];
  return [...problems, `lost: ${unreachable.join(' ')}; pages left: ${rest.join(' ')}`, note];
}

for (const hasHooks of [false, true]) {
  test(`calls of threads in every context, ${hasHooks ? 'with others in their middle' : 'while locks are busy'}, lose nothing in heaps of all shapes`, () => {
    const outcomes = new Set<string>();
    for (let number = 0; number < PROGRAMS; number++) {
      assert.deepEqual(runOne(number, hasHooks, outcomes), [], SEED_NOTE);
    }
    for (const outcome of [...OUTCOMES, ...REFUSALS, ...(hasHooks ? IN_HOOKS : [])]) {
      assert.ok(outcomes.has(outcome), `no ${outcome} ${SEED_NOTE}`);
    }
  });
}
