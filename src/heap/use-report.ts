/** Who holds what: the sentence that an out-of-memory error ends with. */
import { readStatistics } from '../inspect/statistics.js';
import type { HeapParts } from './heap-parts.js';

/** Describes how the heap's pages and waiting objects stand. */
export function reportUse(parts: HeapParts): string {
  const { pages, objectsWaiting, threads } = readStatistics(parts.words);
  const held = pages.total - pages.metadata;
  const waiting =
    objectsWaiting === 0
      ? ''
      : `; ${objectsWaiting} objects wait for a grace period` +
        (parts.turn.pinned ? ', which this turn holds up: call quiesce(), or return to the event loop' : '');
  return (
    `of ${held} pages ${pages.free} are free and ${pages.threadLists} kept by ${threads.length} threads` +
    waiting
  );
}
