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
import { type CallbackCount, type CallbackRecord, forgetCallbacks } from '../rcu/callback-records.js';
import { reportStranded } from '../rcu/stranded.js';
import { ContextError } from '../threads/context.js';
import { leaveHeap } from '../threads/thread-registry.js';
import { canLeaveAll, leaveAll } from '../words/host.js';
import type { HeapParts } from './heap-parts.js';

/** How long a thread that leaves waits for grace periods that its callbacks need. */
const LONGEST_MILLIS = 1000;

/** Callbacks that a thread which leaves has handed over, and those that it had functions for. */
export interface Left {
  readonly left: readonly CallbackCount[];
  readonly ran: readonly CallbackRecord[];
}

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
 * Errors   ContextError: another thread is at the orphans, and this one may not spin. LockTimeoutError: their lock is not to be
 *          had at all. What is left can be given back later.
 */
export function giveBackAll(parts: HeapParts): Left {
  const { turn, driver, callbacks, orphans, orphanWatch, decay } = parts;
  const { kfreeRcu, caches, pages, charges, rights } = parts;
  const maySpin = allowSpinning(rights.most());
  driver.stop();
  callbacks.stop();
  orphans.stop();
  const wasWatching = orphanWatch.stop();
  try {
    return turn.run(() => {
      // First: slabs of type-stable caches wait for a grace period, with what is handed over next.
      caches.flush(maySpin);
      kfreeRcu.seal();
      const left = kfreeRcu.abandon() ? leaveCallbacks(parts) : undefined;
      if (left === undefined) throw notYet(parts);
      decay.stop();
      caches.flush(maySpin);
      pages.drain();
      charges.drain();
      return left;
    });
  } catch (error) {
    stay(parts, wasWatching);
    throw error;
  }
}

/** Leaves the slot, which keeps nothing any more, and tells of callbacks that were `left` and nobody can call. */
export function leaveSlot(parts: HeapParts, { left, ran }: Left): void {
  const { turn, rcu, barrier, host, words, membership, geometry, fittings, rcuEvents } = parts;
  turn.close();
  rcu.stop();
  barrier.stop();
  host.entered.delete(turn);
  leaveHeap(words, membership, geometry.spinRounds);
  fittings.close();
  reportStranded(words, geometry, rcuEvents, left, ran);
}

/** Hands over the callbacks that wait; undefined, and keeps them, where their lock is not to be had. */
function leaveCallbacks({ words, membership, callbackList, orphans, rights }: HeapParts): Left | undefined {
  const leaver = { leaves: () => void callbackList.takeAll() };
  const left = orphans.putCallbacks(callbackList.first(), allowSpinning(rights.most()), leaver);
  if (left === undefined) return undefined;
  return { left, ran: forgetCallbacks(words, membership.slot) };
}

/** What it has still waiting goes on. */
function stay({ driver, callbacks, orphans, orphanWatch }: HeapParts, wasWatching: boolean): void {
  callbacks.resume();
  orphans.resume();
  driver.resume();
  if (wasWatching) orphanWatch.start();
}

function notYet({ context }: HeapParts): ContextError {
  return new ContextError(
    `called detach() ${context.where()}, with objects that wait for a grace period, while another thread has ` +
      'the list that they go to, for which this one may not spin; call detach() again',
  );
}
