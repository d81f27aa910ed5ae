/**
 * Who drives a grace period read `slotsClaimed` with a plain load in its second look, while a thread that joins
 * raises it: a data race. Any value would have done, but ECMAScript says nothing of what a race reads.
 */
import { HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { joinHeap } from '../../src/threads/thread-registry.js';
import type { Words } from '../../src/words/words.js';
import { model } from '../../tools/checker/model.js';
import { RcuMemory } from '../interleavings/support/rcu-memory.js';

const memory = new RcuMemory({ threads: 2 });

export const joinsWhileAnotherDrives = model({
  name: 'a thread joins while another looks whether a grace period is over',
  lengthWords: memory.lengthWords,
  nameOf: memory.nameOf,
  prepare(words: Words) {
    memory.prepare(words);
    words.storePlain(HEADER.slotsClaimed, 1);
    words.storePlain(slotStart(memory.geometry, 0) + SLOT.state, SLOT_STATE.live);
  },
  setup: ({ words }) => words,
  threads: {
    newcomer(words) {
      joinHeap(words, memory.geometry, 'newcomer');
    },
    driver(words) {
      const gracePeriod = memory.gracePeriod(words, 1);
      gracePeriod.drive(gracePeriod.snap());
    },
  },
});
