/** What a thread is told that has left a heap, or leaves it in the middle of something. */

/** The error of a call that needs the heap, after detach(). */
export function usedAfterDetach(): Error {
  return new Error('used a heap after detach(): attach to it again, and use the new Heap object');
}

/**
 * What a wait is called off with when its thread leaves the heap.
 *
 * @param what was waited for: 'a lock'
 */
export function leftHeap(what: string): Error {
  return new Error(
    `detached from the heap while a task of this thread waited for ${what}, which called the wait off; ` +
      'await the task before detach(), or abort it by its signal',
  );
}
