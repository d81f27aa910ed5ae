/** A thread that allocates and frees at full speed, in the ordinary way. */
import { type Address, Heap } from '../../src/index.js';
import {
  type HammerBriefing,
  type HammerResult,
  isValueFor,
  KEYS,
  SHARED_MAP,
  valueFor,
} from './any-context.js';
import { HEAD_OFFSET, Patterns } from './pattern.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const OPERATIONS_A_ROUND = 1000;
const OPERATIONS_A_TURN = 100;
const PAGE_WORDS = 1024;
const SIZES = [16, 32, 64, 200, 1000, 4000];

const { handle, rounds, worker, seed } = takeBriefing<HammerBriefing>();
const random = new Random(seed, worker);
const heap = Heap.attach(handle, { name: 'hammer' });
const patterns = new Patterns(heap.words);
const map = heap.map<number, number>(SHARED_MAP);
const objects: Address[] = [];
const blocks: Address[] = [];
const problems: string[] = [];
let allocated = 0;
let freed = 0;

for (let round = 0; round < rounds; round++) {
  for (let i = 1; i <= OPERATIONS_A_ROUND; i++) {
    take();
    if (i % OPERATIONS_A_TURN === 0) heap.quiesce();
  }
  for (let i = 1; i <= OPERATIONS_A_ROUND; i++) {
    free();
    if (i % OPERATIONS_A_TURN === 0) heap.quiesce();
  }
}
while (objects.length + blocks.length > 0) free();
heap.detach();
const result: HammerResult = { allocated, freed, problems };
report(result);

function take(): void {
  allocated++;
  if (random.oneIn(8)) {
    const order = random.below(3);
    const block = heap.allocPages(order);
    patterns.write(block, PAGE_WORDS << order, random.next() | 0);
    blocks.push(block);
    return;
  }
  if (random.oneIn(16)) write();
  const bytes = SIZES[random.below(SIZES.length)]!;
  const p = heap.kmalloc(bytes);
  patterns.write(p, bytes / 4, random.next() | 0);
  objects.push(p);
}

function free(): void {
  freed++;
  const block = objects.length === 0 || random.oneIn(8) ? blocks.pop() : undefined;
  if (block !== undefined) {
    look(block);
    heap.freePages(block);
    return;
  }
  const p = objects.pop();
  if (p === undefined) return;
  look(p);
  if (random.oneIn(2)) heap.kfree(p);
  else heap.kfreeRcu(p, HEAD_OFFSET);
}

function write(): void {
  const key = random.below(KEYS);
  map.set(key, valueFor(key, allocated));
  const other = random.below(KEYS);
  if (!isValueFor(other, map.get(other))) problems.push(`key ${other} has value ${map.get(other)}`);
}

function look(p: Address): void {
  const problem = patterns.problemAt(p);
  if (problem !== '') problems.push(problem);
}
