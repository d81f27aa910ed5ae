/**
 * HeapRcu: RCU of one thread's heap, for its user: callbacks, read sections, cookies, events. What frees memory after a
 * grace period is kfreeRcu() of the heap itself, and synchronizeRcu() waits for one.
 *
 * Follows include/linux/rcupdate.h.
 */

import { asyncLimitOf, type LockOptions, limitOf, type WaitLimit } from '../locks/lock-options.js';
import { RCU_BARRIER } from '../rcu/barrier.js';
import type { CallbackFunction } from '../rcu/callback-functions.js';
import type { RcuEventMap, RcuEventName } from '../rcu/rcu-events.js';
import { COMPLETED, type RcuCookie } from '../rcu/sequence.js';
import { type CallbackNames, registerCallback } from './callback-registry.js';
import type { HeapParts } from './heap-parts.js';
import { condSynchronize, condSynchronizeSync, poll } from './rcu-waits.js';

export class HeapRcu {
  private readonly _parts: HeapParts;
  private readonly _names: CallbackNames;

  constructor(parts: HeapParts, names: CallbackNames) {
    this._parts = parts;
    this._names = names;
  }

  /**
   * Has this thread call `fn` for what is queued here, by call(), with the id that is returned. To register a name again
   * replaces this thread's function.
   *
   * @param name 1 to 4096 bytes in UTF-8; stands for the same id in every thread, for as long as there is the heap
   * @param fn   called with the address of the RcuHead, outside of every turn of the heap, and of every lock that spins; a
   *             mutex that this thread holds when a turn ends is held meanwhile. It may do what any code may: allocate,
   *             free, wait, call() the same head again. What it throws becomes the event 'callbackError', and the next
   *             callback is called all the same. It is over when it returns: a promise is reported.
   * @returns    4096 or more
   *
   * Errors   TypeError for the arguments; OutOfMemoryError for a name that is new. Then nothing has changed.
   * Context  Any for a name that some thread has registered; ContextError for a new one where nobody may spin.
   */
  register(name: string, fn: CallbackFunction): number {
    return registerCallback(this._parts, this._names, name, fn);
  }

  /**
   * Has this thread call the function with this id, with `head`, when every turn that is open now has ended. The kernel's
   * call_rcu(): for what is more than giving memory back, which kfreeRcu() does at a fraction of the cost.
   *
   * Callbacks of a thread are called in the order of their call(), between its turns: some at the end of each, more
   * where many wait. A thread that runs one long turn calls none: see quiesce().
   *
   * @param head address of two words (RcuHead) in an object or a block of pages, which nobody else touches until the
   *             function is called with it: they link what waits. The object must not be freed meanwhile.
   * @param id   what register() returned in this thread
   *
   * Errors   RangeError where no RcuHead can lie at `head`, and for what is no id; TypeError for an id of which this
   *          thread has no function. In a debug heap MemoryCorruptionError for a head that waits already, or lies in an
   *          object that was freed. Then nothing has changed. It never fails for want of memory.
   * Context  Any thread of the heap, in any context, after what readers see was unlinked with an atomic store.
   */
  call(head: number, id: number): void {
    const { turn, callbacks } = this._parts;
    if (turn.pinned === false) turn.pin();
    callbacks.call(head, id);
  }

  /**
   * Runs `fn` in a read section: what it reads stays allocated until it returns. Nests, and costs what turn(fn) costs:
   * inside of a turn nothing. An exception leaves the section.
   *
   * Errors   TypeError where `fn` returns a promise: a section cannot last over an await.
   * Context  Any, also inside any lock, and in a hook. Inside of it Error for quiesce(), detach(), idle(fn) and whatever
   *          would wait.
   */
  read<T>(fn: () => T): T {
    return this._parts.turn.read(fn);
  }

  /**
   * Begins a read section that readUnlock() ends; as read(fn), for code that cannot be put in a function. Nests: the
   * outermost readUnlock() ends it. It ends with its turn at the latest, when the run of synchronous code does.
   *
   * Context  As read(fn). The turn lasts until the synchronous run ends: a long loop calls quiesce() between sections.
   */
  readLock(): void {
    this._parts.turn.readLock();
  }

  /**
   * Ends the innermost read section. Call it in a `finally` block.
   *
   * Errors   Error where none is open: without readLock(), or after an await, which the section cannot outlast.
   */
  readUnlock(): void {
    this._parts.turn.readUnlock();
  }

  /**
   * A cookie for all that this thread has unlinked so far, to be asked for later: poll() says whether a grace period has
   * passed since. Starts nothing, as get_state_synchronize_rcu(). Cookies may go to other threads of the heap, and may
   * be kept for any time.
   */
  getState(): RcuCookie {
    this._parts.rcu.requireMember();
    return this._parts.gracePeriod.snap() as RcuCookie;
  }

  /**
   * getState(), and makes sure that the grace period comes to pass, though nobody waits for it: this thread drives it
   * from the end of its turn on, and by a timer that does not keep the process alive. As start_poll_synchronize_rcu().
   */
  startPoll(): RcuCookie {
    const cookie = this.getState();
    this._parts.driver.want(cookie);
    return cookie;
  }

  /** A cookie that is done already: for what never needs to wait. */
  getCompletedState(): RcuCookie {
    return COMPLETED;
  }

  /**
   * True when a grace period has passed since the cookie was taken: every turn that was open then has ended. Orders as
   * synchronizeRcu() does. A turn of this thread that was open then counts as well.
   *
   * Errors   TypeError for what is no cookie.
   * Context  Any.
   */
  poll(cookie: RcuCookie): boolean {
    return poll(this._parts.rcu, cookie);
  }

  /** Resolves when poll(cookie) is true, at once where it is; errors and options as heap.synchronizeRcu(). */
  condSynchronize(cookie: RcuCookie, options?: LockOptions): Promise<void> {
    return condSynchronize(this._parts, cookie, options);
  }

  /** Returns when poll(cookie) is true, at once where it is; errors and options as heap.synchronizeRcuSync(). */
  condSynchronizeSync(cookie: RcuCookie, options?: WaitLimit): void {
    condSynchronizeSync(this._parts, cookie, options);
  }

  /**
   * Resolves when every callback is over that any thread had queued before this call. Wait for it before what callbacks
   * use goes away. Callbacks that nobody can call are not waited for: see the event 'stranded'.
   *
   * A thread calls its callbacks at the end of its turns and by timers; one that runs code of others for long, or sleeps,
   * is waited for. Do not wait here with a lock that such a thread waits for. A callback may call this, and is waited for.
   *
   * Errors   RcuTimeoutError after `timeoutMillis`, which names the threads that hold it up; the reason of `signal`;
   *          TypeError or RangeError for options that are none; Error where this thread leaves the heap first.
   */
  async barrier(options?: LockOptions): Promise<void> {
    const limitMillis = asyncLimitOf(options, RCU_BARRIER.what, 'waited for');
    await this._parts.barrier.wait(RCU_BARRIER, limitMillis, options?.signal);
  }

  /**
   * barrier() that stops this thread until then, and calls its own callbacks meanwhile. Leaves this thread's turns, so
   * addresses read before are stale.
   *
   * Errors   As barrier(); Error inside turn(fn), a read section or a callback; ContextError where a thread may not wait.
   */
  barrierSync(options?: WaitLimit): void {
    this._parts.barrier.waitSync(RCU_BARRIER, limitOf(options, RCU_BARRIER.what, 'waited for'));
  }

  /**
   * Has `listener` called with each event of that name in this thread: 'callbackError', 'stranded', 'stall'.
   *
   * @returns a function that ends it
   */
  on<Name extends RcuEventName>(name: Name, listener: (event: RcuEventMap[Name]) => void): () => void {
    return this._parts.rcuEvents.on(name, listener);
  }
}
