/** Threads that come and go: those that end without detach(), and those that join and leave all the time. */
import { parentPort } from 'node:worker_threads';
import { type Address, Heap, NoFreeSlotError } from '../../src/index.js';
import type { DeparturesBriefing } from './departures.js';
import { GUEST_MAP, OBJECTS } from './departures.js';
import { HEAD_OFFSET, Patterns } from './pattern.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

/** For a slot that other threads leave within some milliseconds. */
const SLOT_LIMIT_MILLIS = 10_000;

const briefing = takeBriefing<DeparturesBriefing>();
const random = new Random(briefing.seed, briefing.worker);

switch (briefing.departure) {
  case 'detaches':
    rejoin(briefing.times);
    break;
  case 'returns':
    leaveTraces(Heap.attach(briefing.handle));
    parentPort!.unref();
    break;
  case 'calls process.exit()':
    leaveTraces(Heap.attach(briefing.handle));
    process.exit(0);
    break;
  case 'throws':
    leaveTraces(Heap.attach(briefing.handle));
    throw new Error('as the test asks for');
  case 'calls process.exit() inside turn()': {
    const heap = Heap.attach(briefing.handle);
    leaveTraces(heap);
    heap.turn(() => process.exit(0));
    break;
  }
  case 'calls process.exit() inside update()': {
    const heap = Heap.attach(briefing.handle);
    leaveTraces(heap);
    heap.map<string, number>(GUEST_MAP).update('left', () => process.exit(0));
  }
}

/** Keeps some objects, whose addresses go into the ledger, and has others waiting. */
function leaveTraces(heap: Heap): void {
  const patterns = new Patterns(heap.words);
  for (let i = 0; i < OBJECTS; i++) {
    const p = heap.kmalloc(32);
    patterns.write(p, 8, random.next() | 0);
    heap.words.store(briefing.ledger + i, p);
    const deferred = heap.kmalloc(i % 16 === 0 ? 10_000 : 16 + i);
    heap.kfreeRcu(deferred, HEAD_OFFSET);
    heap.map<string, number>(GUEST_MAP).set(`guest ${i}`, i);
  }
}

/** Joins, works a little and leaves, so many times; where no slot is free, tries again. */
function rejoin(times: number): void {
  let refusals = 0;
  let deadline = performance.now() + SLOT_LIMIT_MILLIS;
  let mine: Address[] = [];
  for (let i = 0; i < times; ) {
    const heap = tryAttach();
    if (heap === undefined) {
      refusals++;
      if (performance.now() > deadline) throw new Error('no thread has left its slot for too long');
      continue;
    }
    deadline = performance.now() + SLOT_LIMIT_MILLIS;
    mine = workALittle(heap, mine);
    if (++i === times) heap.kfreeBulk(mine);
    heap.detach();
  }
  report(refusals);
}

function tryAttach(): Heap | undefined {
  try {
    return Heap.attach(briefing.handle, { name: `guest ${briefing.worker}` });
  } catch (error) {
    if (error instanceof NoFreeSlotError) return undefined;
    throw error;
  }
}

/** Frees half of what was taken in earlier stays, and takes as much anew. */
function workALittle(heap: Heap, before: readonly Address[]): Address[] {
  const patterns = new Patterns(heap.words);
  const kept: Address[] = [];
  for (const p of before) {
    const problem = patterns.problemAt(p);
    if (problem !== '') throw new Error(problem);
    const keep = random.oneIn(2);
    const freeAtOnce = random.oneIn(2);
    if (keep) kept.push(p);
    else if (freeAtOnce) heap.kfree(p);
    else heap.kfreeRcu(p, HEAD_OFFSET);
  }
  while (kept.length < OBJECTS) {
    const bytes = 16 + random.below(100);
    const p = heap.kmalloc(bytes);
    patterns.write(p, bytes >>> 2, random.next() | 0);
    kept.push(p);
  }
  const map = heap.map<string, number>(GUEST_MAP);
  map.update('stays', (stays) => (stays ?? 0) + 1);
  return kept;
}
