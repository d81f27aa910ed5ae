/**
 * A thread leaves the heap: it gives back what it keeps, hands over what waits, and leaves its slot.
 *
 * Where the thread may wait it calls the callbacks that it has queued, for a second at most. What is left goes to the
 * orphans, and so to a thread that has functions for it. What kfreeRcu() was given needs none, and goes there at once.
 *
 * Who may call: the thread that leaves, outside of every turn(fn).
 */
import { HEADER } from '../layout/heap-header.js';
import { CALLBACK_LIST, SLOT } from '../layout/thread-slot.js';
import { allowSpinning } from '../pages/gfp.js';
import { callbackRecords, forgetCallback } from '../rcu/callback-records.js';
import type { CallbackCount } from '../rcu/orphans.js';
import { reportStranded } from '../rcu/stranded.js';
import { ContextError } from '../threads/context.js';
import { leaveHeap } from '../threads/thread-registry.js';
import { canLeaveAll, leaveAll } from '../words/host.js';
import type { HeapParts } from './heap-parts.js';

/** How long a thread that leaves waits for grace periods that its callbacks need. */
const LONGEST_MILLIS = 1000;

/** Calls the callbacks that are queued now, as far as there is time; none where this thread may not wait, or in one. */
export function callQueued(parts: HeapParts): void {
  const { callbacks, context, driver, host, words, geometry, membership } = parts;
  if (!callbacks.isWaiting() || callbacks.isInvoking() || context.waitRight() !== 'may-wait') return;
  // Another heap's turn would be pulled from under the caller.
  if (!canLeaveAll(host)) return;
  leaveAll(host);
  const list = membership.start + SLOT.callbacks;
  // Publishes nothing: this thread's own counts.
  const target = words.load(list + CALLBACK_LIST.queued);
  let sleeps = LONGEST_MILLIS / geometry.pollMillis;
  const deadline = host.nowMillis() + LONGEST_MILLIS;
  // Publishes nothing: as above.
  while (((words.load(list + CALLBACK_LIST.finished) - target) | 0) < 0) {
    driver.flush();
    // Callbacks may have begun turns, of other heaps as well.
    leaveAll(host);
    if (callbacks.hasDone()) continue;
    if (!callbacks.isWaiting() || --sleeps < 0 || host.nowMillis() >= deadline) return;
    // Publishes nothing: the number to sleep on; the end of a grace period changes it and wakes.
    const sequence = words.load(HEADER.gracePeriodSequence);
    words.wait(HEADER.gracePeriodSequence, sequence, geometry.pollMillis);
  }
}

/**
 * Gives back all that this thread keeps, and hands over what waits.
 * @returns the callbacks that were handed over
 *
 * Errors   ContextError: another thread is at the orphans, and this one may not spin; what is left can be given back later.
 */
export function giveBackAll(parts: HeapParts): readonly CallbackCount[] {
  const { turn, driver, callbacks, orphans, orphanWatch, decay, deadThreads } = parts;
  const { kfreeRcu, caches, pages, charges, rights } = parts;
  const maySpin = allowSpinning(rights.most());
  driver.stop();
  callbacks.stop();
  orphanWatch.stop();
  orphans.stop();
  decay.stop();
  deadThreads.stop();
  return turn.run(() => {
    // First: slabs of type-stable caches wait for a grace period, with what is handed over next.
    caches.flush(maySpin);
    kfreeRcu.seal();
    if (!kfreeRcu.abandon()) refuseToLeave(parts);
    const left = leaveCallbacks(parts) ?? refuseToLeave(parts);
    caches.flush(maySpin);
    pages.drain();
    charges.drain();
    return left;
  });
}

/** Leaves the slot, which keeps nothing any more, and tells of callbacks that were `left` and nobody can call. */
export function leaveSlot(parts: HeapParts, left: readonly CallbackCount[]): void {
  const { turn, rcu, barrier, host, words, membership, geometry, fittings, rcuEvents } = parts;
  turn.close();
  rcu.stop();
  barrier.stop();
  host.entered.delete(turn);
  leaveHeap(words, membership, geometry.spinRounds);
  fittings.close();
  reportStranded(words, geometry, rcuEvents, left);
}

/** Hands over the callbacks that wait; undefined, and keeps them, where their lock is not to be had. */
function leaveCallbacks(parts: HeapParts): CallbackCount[] | undefined {
  const { words, membership, callbackList, orphans, rights } = parts;
  for (const { record } of callbackRecords(words)) forgetCallback(words, record, membership.slot);
  const leaver = { leaves: () => void callbackList.takeAll() };
  return orphans.putCallbacks(callbackList.first(), allowSpinning(rights.most()), leaver);
}

function refuseToLeave({ context }: HeapParts): never {
  throw new ContextError(
    `called detach() ${context.where()}, with objects that wait for a grace period, while another thread has ` +
      'the list that they go to, for which this one may not spin; call detach() again',
  );
}
