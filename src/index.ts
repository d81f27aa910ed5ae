export type { MapKey } from './collections/key-codec.js';
export type { SharedMap } from './collections/shared-map.js';
export type { MapValue } from './collections/value-codec.js';
export type { AnnouncedLock, Announcement, LockClassOptions } from './heap/announced-lock.js';
export type { DebugOptions } from './heap/debug-options.js';
export type { MemoryOwner } from './heap/debug-view.js';
export { GroupLimitError } from './heap/group-limit-error.js';
export { AttachError, type AttachErrorCode, OutOfMemoryError } from './heap/heap-errors.js';
export type { GroupOptions } from './heap/heap-groups.js';
export type { HeapHandle } from './heap/heap-handle.js';
export { type AttachOptions, type HeapOptions, TINY } from './heap/heap-options.js';
export type { HeapRcu } from './heap/heap-rcu.js';
export type { GroupStats, MemoryGroup } from './heap/memory-group.js';
export type { Mempool } from './heap/mempool.js';
export type { MempoolElements } from './heap/mempool-element.js';
export type { NamedCache } from './heap/named-cache.js';
export type { SlabCacheOptions } from './heap/named-cache-creation.js';
export type { ReapReport } from './heap/reaper.js';
export type { SpawnedWorker } from './heap/spawn.js';
export type { ValidateOptions } from './heap/validation.js';
export type { WorkerThread } from './heap/watch.js';
export type { BalanceReport } from './inspect/balance-report.js';
export { formatProc, type ProcFile } from './inspect/format-proc.js';
export type { HeapStats } from './inspect/statistics.js';
export { LockOrderError, type LockReport } from './lockdep/report.js';
export type { CondVar } from './locks/cond-var.js';
export { LockTimeoutError, NotRecoverableError, OwnerDiedError } from './locks/lock-errors.js';
export type { HolderState } from './locks/lock-holder.js';
export type { LockOptions, WaitLimit } from './locks/lock-options.js';
export type { Mutex, MutexGuard } from './locks/mutex.js';
export type { ReadGuard, RwLock, WriteGuard } from './locks/rw-lock.js';
export type { Permit, Semaphore } from './locks/semaphore.js';
export type { SeqLock, SeqLockChange } from './locks/seq-lock.js';
export type { FaultAttr, FaultSettings } from './pages/fault-attr.js';
export {
  __GFP_ACCOUNT,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_NOFAIL,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_NOWARN,
  __GFP_RETRY_MAYFAIL,
  __GFP_ZERO,
  allowBlocking,
  allowSpinning,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_KERNEL_ACCOUNT,
  GFP_NOLOCK,
  GFP_NOWAIT,
  type Gfp,
  GfpError,
} from './pages/gfp.js';
export { type CorruptionKind, MemoryCorruptionError } from './pages/memory-corruption-error.js';
export type { Shrinker } from './pages/shrinker.js';
export type { CallbackFunction } from './rcu/callback-functions.js';
export type {
  CallbackErrorEvent,
  Holdout,
  RcuEventMap,
  RcuEventName,
  StallEvent,
  StrandedEvent,
} from './rcu/rcu-events.js';
export { RcuTimeoutError } from './rcu/rcu-timeout-error.js';
export type { RcuCookie } from './rcu/sequence.js';
export { Heap, type MapOptions } from './shared-heap.js';
export { ContextError } from './threads/context.js';
export { NoFreeSlotError } from './threads/thread-registry.js';
export type { SpawnOptions } from './words/host.js';
export { type Address, NONE } from './words/units.js';
export type { Words } from './words/words.js';
