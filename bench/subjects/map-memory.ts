/**
 * Memory of 16 maps that have room for 65,536 entries each and hold 655, one in a hundred, with whole numbers as keys and
 * 64 bytes as values; in pages.
 *
 *     map-memory.js on-demand|preallocated
 *
 * One operation is one map. `preallocated` takes what a BPF hash map takes that is made without BPF_F_NO_PREALLOC: the
 * table of buckets, and every element with room for its key and value, from the same heap and as large as the entries
 * of heap.map(). It is memory only: nothing is looked up in it.
 */
import { Heap } from '../../src/index.js';
import { ENTRY } from '../../src/layout/map-record.js';
import { BYTES_PER_WORD } from '../../src/words/units.js';
import { serveRounds } from '../subject.js';

const SLOTS = 65_536;
const IN_USE = Math.floor(SLOTS / 100);
const VALUE_BYTES = 64;
const ENTRY_BYTES = (ENTRY.key + 1) * BYTES_PER_WORD + VALUE_BYTES;

/** Pages that something made now takes: lists and reserves of the thread do not count. */
function pagesOf(heap: Heap, make: () => void): number {
  heap.shrink();
  const before = heap.stats().pages.inUse;
  make();
  heap.synchronizeRcuSync();
  heap.shrink();
  return heap.stats().pages.inUse - before;
}

function fillOnDemand(heap: Heap, maps: number): void {
  for (let i = 0; i < maps; i++) {
    const map = heap.map<number, Uint8Array>(`bench ${i}`);
    for (let key = 0; key < IN_USE; key++) map.set(key, new Uint8Array(VALUE_BYTES));
    if (map.size !== IN_USE) throw new Error(`map ${i} has ${map.size} entries, expected ${IN_USE}`);
  }
}

function takePreallocated(heap: Heap, maps: number): void {
  for (let i = 0; i < maps; i++) {
    heap.kmalloc(SLOTS * BYTES_PER_WORD);
    for (let slot = 0; slot < SLOTS; slot++) heap.kmalloc(ENTRY_BYTES);
    heap.quiesce();
  }
}

const fill = process.argv[2] === 'preallocated' ? takePreallocated : fillOnDemand;
await serveRounds((maps) => {
  const heap = Heap.create();
  const pages = pagesOf(heap, () => fill(heap, maps));
  heap.detach();
  return pages;
});
