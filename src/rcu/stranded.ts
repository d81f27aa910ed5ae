/**
 * Stranded callbacks: they wait, their thread is gone, and no live thread has a function for them. They are called once
 * one has, and never through the function of another id; until then the heap keeps them, and what they stand for.
 *
 * This is the kernel's hazard of the module that is unloaded while callbacks of it wait; there nothing but rcu_barrier()
 * before the end helps. Here the end of a thread does as much by itself, and the rest is told.
 */
import { CALLBACK } from '../layout/callback-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { counted } from '../words/counted.js';
import type { Words } from '../words/words.js';
import { type CallbackCount, type CallbackRecord, isRunnable } from './callback-records.js';
import type { RcuEvents } from './rcu-events.js';

/**
 * Tells of callbacks that nobody can call since a thread is gone: events, and one line.
 *
 * @param left what the thread had queued, and is with the orphans now
 * @param ran  what it had functions for: others may have left some of those, which it was the last to call
 */
export function reportStranded(
  words: Words,
  geometry: Geometry,
  events: RcuEvents,
  left: readonly CallbackCount[],
  ran: readonly CallbackRecord[] = [],
): void {
  const stranded = strandedAmong(words, geometry, left, ran);
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

function strandedAmong(
  words: Words,
  geometry: Geometry,
  left: readonly CallbackCount[],
  ran: readonly CallbackRecord[],
): CallbackCount[] {
  const stranded: CallbackCount[] = [];
  for (const one of left) {
    if (one.record === 0 || !isRunnable(words, geometry, one.record)) stranded.push(one);
  }
  for (const known of ran) {
    if (left.some(({ record }) => record === known.record)) continue;
    // Publishes nothing: how many, for a message.
    const callbacks = words.load(known.record + CALLBACK.orphans);
    if (callbacks !== 0 && !isRunnable(words, geometry, known.record)) stranded.push({ ...known, callbacks });
  }
  return stranded;
}
