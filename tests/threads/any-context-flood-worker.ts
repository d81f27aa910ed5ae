/**
 * A thread that allocates objects and blocks and frees all of them by kfreeRcu, as fast as it can, and now and then leaves
 * the heap in the middle of it and joins again.
 */
import { setImmediate } from 'node:timers/promises';
import { type Address, ContextError, GFP_NOWAIT, Heap } from '../../src/index.js';
import type { FloodBriefing, FloodResult } from './any-context-flood.js';
import { hostWith } from './host-with.js';
import { HEAD_OFFSET, Patterns } from './pattern.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const SIZES = [16, 32, 64, 200, 1000, 4096, 10_000];
const OBJECTS_A_TURN = 60;

const { handle, waitRight, millis, objectsAStay, worker, seed } = takeBriefing<FloodBriefing>();
const random = new Random(seed, worker);
const host = hostWith(waitRight);
const result = { posted: 0, refused: 0, stays: 0, problems: [] as string[] };
const end = Date.now() + millis;

while (Date.now() < end) await stay();
report(result satisfies FloodResult);

async function stay(): Promise<void> {
  const heap = Heap.attach(handle, { name: `flood ${worker}` }, { host });
  const patterns = new Patterns(heap.words);
  const held: Address[] = [];
  for (let i = 0; i < objectsAStay && Date.now() < end; i += OBJECTS_A_TURN) {
    for (let j = 0; j < OBJECTS_A_TURN; j++) step(heap, patterns, held);
    // Now and then all wait at once: others take what its lists keep.
    if (random.oneIn(3)) await setImmediate();
    else heap.quiesce();
  }
  for (const p of held) free(heap, patterns, p);
  // At times in the middle of a turn, with sheaves in every state.
  if (random.oneIn(2)) await setImmediate();
  await leave(heap);
  result.stays++;
}

/** Who may not spin for what it leaves to others is told to come again. */
async function leave(heap: Heap): Promise<void> {
  for (;;) {
    try {
      heap.detach();
      return;
    } catch (error) {
      if (waitRight !== 'may-neither' || !(error instanceof ContextError)) throw error;
      await setImmediate();
    }
  }
}

function step(heap: Heap, patterns: Patterns, held: Address[]): void {
  const bytes = SIZES[random.below(SIZES.length)]!;
  const p = random.oneIn(2) ? heap.kmallocNolock(bytes) : heap.kmalloc(bytes, GFP_NOWAIT);
  if (p === 0) result.refused++;
  else {
    patterns.write(p, bytes >> 2, random.next() | 0);
    held.push(p);
  }
  if (held.length > 30 || (p === 0 && held.length > 0)) free(heap, patterns, held.shift()!);
}

function free(heap: Heap, patterns: Patterns, p: Address): void {
  const problem = patterns.problemAt(p);
  if (problem !== '') result.problems.push(problem);
  heap.kfreeRcu(p, HEAD_OFFSET);
  result.posted++;
}
