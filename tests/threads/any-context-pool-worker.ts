/** A thread that takes elements of a mempool, more than one at a time, and gives them back in some way. */
import { setImmediate } from 'node:timers/promises';
import { type Address, Heap, type Mempool } from '../../src/index.js';
import type { PoolBriefing, PoolResult } from './any-context-flood.js';
import { hostWith } from './host-with.js';
import { Patterns } from './pattern.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const { handle, waitRight, pool: name, minimum, bytes, rounds, worker, seed } = takeBriefing<PoolBriefing>();
const random = new Random(seed, worker);
const heap = Heap.attach(handle, { name: `pool ${worker}` }, { host: hostWith(waitRight) });
const pool = heap.mempool(name, minimum, { bytes });
const patterns = new Patterns(heap.words);
const result = { served: 0, refused: 0, problems: [] as string[] };

for (let round = 0; round < rounds; round++) {
  const p = await take(pool);
  if (p === 0) {
    result.refused++;
    if (waitRight === 'may-wait')
      result.problems.push(`round ${round}: nothing, though this thread may wait`);
    await setImmediate();
    continue;
  }
  result.served++;
  patterns.write(p, bytes >> 2, random.next() | 0);
  if (random.oneIn(8)) await setImmediate();
  const problem = patterns.problemAt(p);
  if (problem !== '') result.problems.push(problem);
  if (random.oneIn(2)) pool.freeNolock(p);
  else pool.free(p);
}
heap.detach();
report(result satisfies PoolResult);

async function take(from: Mempool): Promise<Address> {
  if (random.oneIn(4)) return from.allocAsync(waitRight === 'may-wait' ? {} : { timeoutMillis: 1 });
  return from.alloc();
}
