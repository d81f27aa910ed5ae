/** A thread that takes and gives back blocks so large that each goes through the zone's lock, or past it. */
import { type Address, Heap } from '../../src/index.js';
import type { NolockPagesBriefing, NolockPagesResult } from './nolock-pages.js';
import { Patterns } from './pattern.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const PAGE_WORDS = 1024;
/** The smallest order without a list in the thread's slot. */
const SMALLEST_ORDER = 4;
const MAX_HELD = 6;
const OPERATIONS_A_TURN = 100;

const { handle, operations, worker, seed } = takeBriefing<NolockPagesBriefing>();
const random = new Random(seed, worker);
const heap = Heap.attach(handle, { name: `nolock ${worker}` });
const patterns = new Patterns(heap.words);
const held: Address[] = [];
let refused = 0;

for (let operation = 1; operation <= operations; operation++) {
  if (held.length < MAX_HELD && random.oneIn(2)) take();
  else free();
  if (operation % OPERATIONS_A_TURN === 0) heap.quiesce();
}
while (held.length > 0) free();
heap.detach();
const result: NolockPagesResult = { refused };
report(result);

function take(): void {
  const order = SMALLEST_ORDER + random.below(2);
  const p = random.oneIn(2) ? heap.allocPagesNolock(order) : heap.allocPages(order);
  if (p === 0) {
    refused++;
    return;
  }
  patterns.write(p, PAGE_WORDS << order, random.next() | 0);
  held.push(p);
}

function free(): void {
  const p = held.pop();
  if (p === undefined) return;
  const problem = patterns.problemAt(p);
  if (problem !== '') throw new Error(problem);
  heap.freePagesNolock(p);
}
