/** A thread that frees blocks which another has allocated, one now and then, and is idle in between. */
import { setTimeout } from 'node:timers/promises';
import { Heap } from '../../src/index.js';
import type { GiverBriefing, GiverResult } from './any-context-flood.js';
import { report, takeBriefing } from './team.js';

const { handle, blocks, isolated, pauseMillis } = takeBriefing<GiverBriefing>();
const heap = Heap.attach(handle, { name: 'giver', isolated });
for (const p of blocks) {
  await setTimeout(pauseMillis);
  heap.freePages(p);
}
await setTimeout(pauseMillis);
heap.detach();
report({ given: blocks.length } satisfies GiverResult);
