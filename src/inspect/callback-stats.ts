/** The registered callbacks of a heap, and what waits for whom. Any thread, any context: no lock, no wait. */
import { CALLBACK, CALLBACK_WORDS } from '../layout/callback-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { liesOnPages, readObjects, readSlots } from './plausible.js';
import { readName, readNameRecords } from './record-name.js';

/** A name that was registered with rcu.register(). */
export interface CallbackStat {
  readonly name: string;
  readonly id: number;
  /** Threads of the heap that have a function for it. */
  readonly threads: number;
  /** Callbacks whose thread has left, while no thread has a function: they run when one registers the name. */
  readonly stranded: number;
}

/** In the order in which the names were made. */
export function readCallbacks(words: Words, geometry: Geometry): CallbackStat[] {
  const callbacks: CallbackStat[] = [];
  for (const record of readNameRecords(words, geometry, NAME_KIND.rcuCallback)) {
    const callback = words.loadPlain(record + NAME.target);
    if (!liesOnPages(geometry, callback, CALLBACK_WORDS)) continue;
    const threads = countThreads(words, geometry, callback);
    callbacks.push({
      name: readName(words, geometry, record + NAME.nameBytes, record + NAME.name),
      id: words.loadPlain(callback + CALLBACK.id) >>> 0,
      threads,
      stranded: threads > 0 ? 0 : readObjects(words, geometry, callback + CALLBACK.orphans),
    });
  }
  return callbacks.reverse();
}

/** All callbacks that nobody can run. */
export function countStranded(callbacks: readonly CallbackStat[]): number {
  let stranded = 0;
  for (const callback of callbacks) stranded += callback.stranded;
  return stranded;
}

function countThreads(words: Words, geometry: Geometry, callback: number): number {
  const slots = readSlots(words, geometry);
  let threads = 0;
  for (let slot = 0; slot < slots; slot++) {
    const bits = words.loadPlain(callback + CALLBACK.slots + (slot >>> 5));
    const state = words.loadPlain(slotStart(geometry, slot) + SLOT.state);
    if ((bits & (1 << (slot & 31))) !== 0 && state === SLOT_STATE.live) threads++;
  }
  return threads;
}
