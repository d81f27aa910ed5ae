export type { MapKey } from './collections/key-codec.js';
export type { SharedMap } from './collections/shared-map.js';
export type { MapValue } from './collections/value-codec.js';
export type { AnnouncedLock, Announcement, LockClassOptions } from './heap/announced-lock.js';
export { AttachError, type AttachErrorCode, OutOfMemoryError } from './heap/heap-errors.js';
export type { HeapHandle } from './heap/heap-handle.js';
export { type AttachOptions, type HeapOptions, TINY } from './heap/heap-options.js';
export type { NamedCache } from './heap/named-cache.js';
export type { ValidateOptions } from './heap/validation.js';
export type { WorkerThread } from './heap/watch.js';
export type { BalanceReport } from './inspect/balance-report.js';
export type { HeapStats } from './inspect/statistics.js';
export { LockOrderError, type LockReport } from './lockdep/report.js';
export type { CondVar } from './locks/cond-var.js';
export { LockTimeoutError, NotRecoverableError, OwnerDiedError } from './locks/lock-errors.js';
export type { LockOptions, WaitLimit } from './locks/lock-options.js';
export type { Mutex, MutexGuard } from './locks/mutex.js';
export type { ReadGuard, RwLock, WriteGuard } from './locks/rw-lock.js';
export type { Permit, Semaphore } from './locks/semaphore.js';
export type { SeqLock, SeqLockChange } from './locks/seq-lock.js';
export {
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  type Gfp,
} from './pages/gfp.js';
export { Heap } from './shared-heap.js';
export { ContextError } from './threads/context.js';
export { NoFreeSlotError } from './threads/thread-registry.js';
export { type Address, NONE } from './words/units.js';
export type { Words } from './words/words.js';
