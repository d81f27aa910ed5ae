/** A thread that allocates from a group until it is full, and frees in all ways there are. */
import { type Address, GroupLimitError, Heap, type MemoryGroup } from '../../src/index.js';
import type { GroupLimitBriefing } from './group-limit.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const MOST_HELD = 1000;
const IN_A_TURN = 500;

const { handle, group: name, operations, worker, seed } = takeBriefing<GroupLimitBriefing>();
const heap = Heap.attach(handle, { name: `payer ${worker}` });
const group = heap.group(name);
const random = new Random(seed, worker);
const held: Address[] = [];
const result = { granted: 0, refused: 0, failed: 0, passed: 0 };

for (let i = 0; i < operations; i++) {
  if (held.length < MOST_HELD && !random.oneIn(3)) take(group);
  else if (held.length > 0) giveBack(held.splice(random.below(held.length), 1)[0]!);
  if (i % IN_A_TURN !== 0) continue;
  const { usageBytes, maxBytes } = group.stats();
  if (usageBytes > maxBytes) result.passed++;
  heap.quiesce();
}
for (const p of held) heap.kfree(p);
heap.detach();
report(result);

function take(from: MemoryGroup): void {
  const p = allocate(from, 1 + random.below(2000));
  if (p === 0) return;
  result.granted++;
  held.push(p);
}

function allocate(from: MemoryGroup, bytes: number): number & Address {
  if (random.oneIn(2)) {
    const p = from.kmallocNolock(bytes);
    if (p === 0) result.refused++;
    return p;
  }
  try {
    return from.kmalloc(bytes);
  } catch (error) {
    if (!(error instanceof GroupLimitError)) throw error;
    result.failed++;
    return 0 as Address;
  }
}

function giveBack(p: Address): void {
  const way = random.below(3);
  if (way === 0) heap.kfreeRcu(p);
  else if (way === 1) heap.kfreeNolock(p);
  else heap.kfree(p);
}
