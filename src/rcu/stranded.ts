/**
 * Stranded callbacks: they wait, their thread is gone, and no live thread has a function for them. They are called once
 * one has, and never through the function of another id; until then the heap keeps them, and what they stand for.
 *
 * This is the kernel's hazard of the module that is unloaded while callbacks of it wait; there nothing but rcu_barrier()
 * before the end helps. Here the end of a thread does as much by itself, and the rest is told.
 */
import type { Geometry } from '../layout/heap-header.js';
import { counted } from '../words/counted.js';
import type { Words } from '../words/words.js';
import { isRunnable } from './callback-records.js';
import type { CallbackCount } from './orphans.js';
import type { RcuEvents } from './rcu-events.js';

/** Tells of those among `left`, the callbacks of a thread that is gone, that nobody can call: events, and one line. */
export function reportStranded(
  words: Words,
  geometry: Geometry,
  events: RcuEvents,
  left: readonly CallbackCount[],
): void {
  const stranded = left.filter(({ record }) => record === 0 || !isRunnable(words, geometry, record));
  if (stranded.length === 0) return;
  for (const { name, id, callbacks } of stranded) events.emit('stranded', { name, id, callbacks });
  const what = stranded
    .map(({ name, callbacks }) => `${counted(callbacks, 'callback')} '${name}'`)
    .join(', ');
  const isOne = stranded.length === 1 && stranded[0]!.callbacks === 1;
  const fate = isOne
    ? 'waits, its thread is gone, and no other has a function for it; it is called'
    : 'wait, their thread is gone, and no other has a function for them; they are called';
  console.error(`lull: ${what} ${fate} once a thread calls heap.rcu.register() with that name`);
}
