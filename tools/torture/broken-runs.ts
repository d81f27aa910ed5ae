/** How each step of the reaper is missed: what has to run, and where kills have to hit, for a reaper without it to be found out. */
import type { ReaperStep } from '../../src/heap/reaper-steps.js';
import type { TortureOptions } from './torture-options.js';

type Run = Partial<Pick<TortureOptions, 'scenarios' | 'aims' | 'oom' | 'heapBytes'>>;

const MEBIBYTE = 2 ** 20;

/** A step that is not here is made up for by other threads: the lock of the orphans is taken over by whoever comes for it. */
export const BROKEN_RUNS: Readonly<Partial<Record<ReaperStep, Run>>> = {
  zones: { scenarios: ['objects'], aims: ['zone lock'] },
  slabs: { scenarios: ['objects'], aims: ['slab lock'] },
  barns: { scenarios: ['objects', 'kfree-rcu'], aims: ['barn lock'] },
  registry: { scenarios: ['joins'], aims: ['names lock'] },
  maps: { scenarios: ['maps'], aims: ['map bucket'] },
  mempools: { scenarios: ['objects'], aims: ['mempool lock'], oom: 40 },
  'named-locks': { scenarios: ['locks'], aims: ['named lock'] },
  borrowing: { scenarios: ['objects'], aims: ['borrowing'], heapBytes: 9 * MEBIBYTE },
  intents: { scenarios: ['objects', 'maps'], aims: ['intent'] },
  sheaves: { scenarios: ['objects'] },
  estate: { scenarios: ['callbacks', 'kfree-rcu'] },
  charges: { scenarios: ['groups'], aims: ['group stock'] },
  pages: { scenarios: ['objects'] },
  slot: { scenarios: ['objects'] },
};
