export type { MapKey } from './collections/key-codec.js';
export type { SharedMap } from './collections/shared-map.js';
export type { MapValue } from './collections/value-codec.js';
export { AttachError, type AttachErrorCode, OutOfMemoryError } from './heap/heap-errors.js';
export type { HeapHandle } from './heap/heap-handle.js';
export { type HeapOptions, TINY } from './heap/heap-options.js';
export type { NamedCache } from './heap/named-cache.js';
export type { BalanceReport } from './inspect/balance-report.js';
export type { HeapStats } from './inspect/statistics.js';
export { LockTimeoutError } from './locks/raw-spin-lock.js';
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
