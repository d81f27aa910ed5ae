/** What kfreeRcu of one thread works with. */
import type { Geometry } from '../layout/heap-header.js';
import type { LocalTrylock } from '../locks/local-trylock.js';
import type { Rights } from '../pages/rights.js';
import type { CallbackList } from '../rcu/callback-list.js';
import type { GracePeriod } from '../rcu/grace-period.js';
import type { Orphans } from '../rcu/orphans.js';
import type { Words } from '../words/words.js';
import type { Kmalloc } from './kmalloc.js';
import type { PointerPageSource } from './pointer-page-source.js';
import type { SlabCaches } from './slab-caches.js';

export interface KfreeRcuParts {
  readonly words: Words;
  readonly geometry: Geometry;
  /** Word index of this thread's slot. */
  readonly slot: number;
  readonly kmalloc: Kmalloc;
  readonly caches: SlabCaches;
  readonly gracePeriod: GracePeriod;
  /** At SLOT.heads. */
  readonly heads: CallbackList;
  readonly orphans: Orphans;
  readonly rights: Rights;
  /** At SLOT.rcuAcquired. */
  readonly lock: LocalTrylock;
  readonly source: PointerPageSource;
  /** Called when a sheaf is begun or a head queued: something waits that was not waiting before. */
  readonly onPosted: () => void;
}
