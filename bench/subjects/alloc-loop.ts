/**
 * The allocation workload: 100 objects allocated, the first word of each written, then the 100 freed in the
 * order they came. peers/alloc-loop.h is its mirror in C.
 *
 * A process holds one allocator only, so every call here has one target and the engine may inline it.
 */
import { nanosPerOperation, serveRounds } from '../subject.js';
import { ALLOC_BATCH_OBJECTS, ALLOC_SIZE_COUNT, allocationSizes } from '../workloads.js';

/** Copies, which the engine folds into the loop; imported bindings it would load each time. */
const BATCH = ALLOC_BATCH_OBJECTS;
const SIZES = ALLOC_SIZE_COUNT;

/** What is measured: a heap, or a peer that speaks like one. */
export interface Allocator {
  kmalloc(bytes: number): number;
  kfree(address: number): unknown;
}

/** Writes to the first word of an object. */
export interface FirstWord {
  storePlain(address: number, value: number): void;
}

/**
 * Serves rounds of the allocation workload; one operation is one allocation with its free.
 *
 * @param sizes  ALLOC_SIZE_COUNT of them, in bytes.
 */
export async function serveAllocations(
  allocator: Allocator,
  firstWord: FirstWord,
  sizes = allocationSizes(),
): Promise<void> {
  // Made once a process, the loop holds its heap in constants, as a module that uses a heap does.
  const heap = allocator;
  const words = firstWord;
  const held = new Int32Array(BATCH);
  const allocateAndFree = (start: number) => {
    const at = start | 0;
    for (let i = 0; i < BATCH; i++) {
      const address = heap.kmalloc(sizes[at + i]!);
      words.storePlain(address, i);
      held[i] = address;
    }
    for (let i = 0; i < BATCH; i++) heap.kfree(held[i]!);
  };
  // A builtin calls the loop for each batch of the table. A caller in JavaScript would in some runs take the loop
  // into itself, and leave an allocator no room to be taken into the loop.
  const starts = Int32Array.from({ length: SIZES / BATCH }, (_, batch) => batch * BATCH);
  await serveRounds((operations) => {
    const passes = Math.floor(operations / SIZES);
    return nanosPerOperation(passes * SIZES, () => {
      for (let pass = 0; pass < passes; pass++) starts.forEach(allocateAndFree);
    });
  });
}
