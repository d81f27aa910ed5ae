/**
 * Callbacks of one thread: call() queues one, and after a grace period its function is called with the head.
 *
 *     call(head, id) -> NEXT -> NEXT_READY -> WAIT -> DONE --invoke(), between turns--> functions.get(id)(head)
 *
 * A pass of invoke() is short, so that a thread with thousands of them does not stop for long: `blimit` callbacks, or a
 * 128th of what is queued. A backlog that grows by `qhimark` lifts the limit until `qlowmark` are left; the clock ends
 * such a pass. So what has waited through its grace period does not pile up, however fast it is posted. Where the thread may not spin, as in an audio worklet, no pass is longer than `blimit`.
 *
 * Who may call: the slot's thread. call() in a turn, in any context; invoke() outside of any turn, and not in a callback.
 *
 * Re-entry: call() takes no lock, so no hook runs in the middle of changing the list; a flood's step of the grace
 * period, which takes one, comes after that. A callback may do what any code between turns may: what it calls goes
 * behind what is done already, and so into a later pass; detach() in it ends the pass.
 *
 * I1  Callbacks of one thread are called in the order of their call().
 * I2  A head is counted as queued before it can be reached, and as finished after its callback has returned or thrown:
 *     a barrier that finds as many finished as were queued has waited for all of them.
 * I3  A callback is called through the function of its own id, or not at all.
 * I4  A head is on the list, in SLOT.rcuInHand, or its callback has ended; for a moment it may be in two of these.
 *
 * Follows kernel/rcu/tree.c (call_rcu, rcu_do_batch).
 */
import { RCU_HEAD, SLOT } from '../layout/thread-slot.js';
import type { ThreadContext } from '../threads/context.js';
import type { Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import { isThenable } from '../words/is-thenable.js';
import { requireDeepStack } from '../words/stack-room.js';
import type { Address } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { CallbackFunctions } from './callback-functions.js';
import type { CallbackList } from './callback-list.js';
import type { GracePeriod } from './grace-period.js';
import type { RcuEvents } from './rcu-events.js';

/** Callbacks of a pass, as the kernel's rcutree.blimit. */
export const BLIMIT = 10;
/** Callbacks of a pass while there is a flood: DEFAULT_MAX_RCU_BLIMIT. */
export const MAX_BLIMIT = 10_000;
/** Growth of the backlog that is a flood: rcutree.qhimark; and the backlog at which it is over: rcutree.qlowmark. */
export const QHIMARK = 10_000;
export const QLOWMARK = 100;
/** A pass may always take 1 / 2^n of what is queued: rcutree.rcu_divisor. */
const DIVISOR_SHIFT = 7;
/** Callbacks beyond which a pass looks at the clock at all: the kernel's constant in rcu_do_batch(). */
const UNTIMED = 100;
/** Longest pass of those: rcutree.rcu_resched_ns. The clock is looked at each 32 callbacks. */
const PASS_MILLIS = 3;
const CLOCK_MASK = 31;

/** Where RcuHeads may lie, and what is known of those that wait. */
export interface HeadPlaces {
  /** Returns the address of `head` alone. Throws where it is no place for an RcuHead. */
  admit(head: number): number;
  /** The head waits no longer: its callback is about to be called, and has it from now on. */
  release(head: number): void;
}

/** In a heap of few pages a flood begins sooner: so many callbacks that each holds up a page would fill a quarter of it. */
export function floodMark(totalPages: number): number {
  return Math.max(QLOWMARK, Math.min(QHIMARK, totalPages >> 2));
}

export interface CallbacksParts {
  readonly words: Words;
  /** Word index of this thread's slot. */
  readonly slot: number;
  readonly host: Host;
  readonly context: ThreadContext;
  readonly turn: Turn;
  readonly gracePeriod: GracePeriod;
  /** At SLOT.callbacks. */
  readonly list: CallbackList;
  readonly functions: CallbackFunctions;
  readonly places: HeadPlaces;
  readonly events: RcuEvents;
  /** Something waits that was not waiting before. */
  readonly onPosted: () => void;
  /** Growth of the backlog that is a flood (floodMark). */
  readonly qhimark: number;
}

export class Callbacks {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _host: Host;
  private readonly _context: ThreadContext;
  private readonly _turn: Turn;
  private readonly _gracePeriod: GracePeriod;
  private readonly _list: CallbackList;
  private readonly _functions: CallbackFunctions;
  private readonly _places: HeadPlaces;
  private readonly _events: RcuEvents;
  private readonly _onPosted: () => void;
  private readonly _qhimark: number;
  private _blimit = BLIMIT;
  /** Backlog when it was last looked at for a flood. */
  private _lengthAtCheck = 0;
  private _invoking = false;
  private _stopped = false;

  constructor(parts: CallbacksParts) {
    this._words = parts.words;
    this._slot = parts.slot;
    this._host = parts.host;
    this._context = parts.context;
    this._turn = parts.turn;
    this._gracePeriod = parts.gracePeriod;
    this._list = parts.list;
    this._functions = parts.functions;
    this._places = parts.places;
    this._events = parts.events;
    this._onPosted = parts.onPosted;
    this._qhimark = parts.qhimark;
  }

  /**
   * Queues the RcuHead at `head` for the function with this id. Never fails for want of memory, and takes none.
   *
   * Errors   RangeError: no RcuHead can lie there, or `id` is none; TypeError: this thread has no function for it.
   */
  call(head: number, id: number): void {
    requireDeepStack();
    this._functions.require(id);
    this._list.enqueue(this._places.admit(head), id);
    if (this._list.length() > this._lengthAtCheck + this._qhimark) this._meetFlood();
    this._onPosted();
  }

  /** True when a callback waits for its grace period, or for a pass. */
  isWaiting(): boolean {
    return this._list.length() > 0;
  }

  /** True while a callback runs. */
  isInvoking(): boolean {
    return this._invoking;
  }

  /** Numbers what has no number: `cookie` is a snap() taken after the last call(). */
  accelerate(cookie: number): void {
    this._list.accelerate(cookie);
  }

  /** True when a pass has something to do. Never in a hook or a raw lock: callbacks may take what is held there. */
  hasDone(): boolean {
    if (this._stopped || this._list.length() === 0 || this._context.inAtomic()) return false;
    this._list.advance(this._gracePeriod.sequence());
    return this._list.hasDone();
  }

  /** Calls callbacks whose grace period is over: one pass. */
  invoke(): void {
    const limit = this._passLimit();
    this.invokeUpTo(limit, limit > UNTIMED ? PASS_MILLIS : Number.POSITIVE_INFINITY);
    if (!this._stopped) this._meetEbb();
  }

  /** Calls so many at most, for about so long at most; those alone whose grace period is over now. */
  invokeUpTo(limit: number, millis: number): void {
    if (!this.hasDone()) return;
    const deadline = millis === Number.POSITIVE_INFINITY ? millis : this._host.nowMillis() + millis;
    for (let count = 1; count <= limit && !this._stopped; count++) {
      // I4: before it is off the list.
      this._words.storePlain(this._slot + SLOT.rcuInHand, this._list.firstDone());
      const head = this._list.takeDone();
      if (head === 0) return;
      this._invokeOne(head, this._words.loadPlain(head + RCU_HEAD.func));
      // A read section that it has left open would be in the way of the next one.
      if (this._turn.isReading()) this._turn.finish();
      if ((count & CLOCK_MASK) === 0 && deadline < Number.POSITIVE_INFINITY) {
        if (this._host.nowMillis() >= deadline) return;
      }
    }
  }

  /** This thread leaves: the callback that calls this has ended as far as the heap knows, and no other is called. */
  stop(): void {
    if (this._invoking) this._end();
    this._stopped = true;
  }

  /** This thread could not leave. */
  resume(): void {
    this._stopped = false;
  }

  private _passLimit(): number {
    if (this._context.waitRight() === 'may-neither') return BLIMIT;
    return Math.max(this._blimit, this._list.length() >> DIVISOR_SHIFT);
  }

  private _invokeOne(head: number, id: number): void {
    const callback = this._functions.find(id);
    this._places.release(head);
    this._invoking = true;
    try {
      if (callback === undefined) this._fail(overwrittenError(head, id), '', id, head);
      else this._requireOver(callback.fn(head as Address), callback.name, id, head);
    } catch (error) {
      this._fail(error, callback?.name ?? '', id, head);
    } finally {
      if (this._invoking) this._end();
    }
  }

  /** A callback is over when it returns. What it rejects with later is told too: nobody else could catch it. */
  private _requireOver(result: unknown, name: string, id: number, head: number): void {
    if (!isThenable(result)) return;
    this._fail(asyncError(name), name, id, head);
    void (result as PromiseLike<unknown>).then(undefined, (error) => this._fail(error, name, id, head));
  }

  /** I2: the callback in hand has ended. */
  private _end(): void {
    this._invoking = false;
    this._count(SLOT.callbacksInvoked);
    this._list.finish(1);
    this._words.storePlain(this._slot + SLOT.rcuInHand, 0);
  }

  /** Tells of a callback that went wrong: those behind it go on. */
  private _fail(error: unknown, name: string, id: number, head: number): void {
    if (!this._stopped) this._count(SLOT.callbackErrors);
    if (this._events.emit('callbackError', { error, name, id, head })) return;
    console.error(
      `lull: the RCU callback '${name}' threw; heap.rcu.on('callbackError', listener) is told instead`,
      error,
    );
  }

  /**
   * Too many wait: passes grow, and the grace period that they need starts now rather than when this turn ends. Whoever
   * holds it up is asked to take it on.
   */
  private _meetFlood(): void {
    this._blimit = MAX_BLIMIT;
    this._lengthAtCheck = this._list.length();
    const cookie = this._gracePeriod.snap();
    this._list.accelerate(cookie);
    this._gracePeriod.drive(cookie, true);
  }

  private _meetEbb(): void {
    const length = this._list.length();
    if (this._blimit === MAX_BLIMIT && length <= QLOWMARK) this._blimit = BLIMIT;
    if (length === 0) this._lengthAtCheck = 0;
    else if (length < this._lengthAtCheck - this._qhimark) this._lengthAtCheck = length;
  }

  private _count(word: number): void {
    this._words.storePlain(this._slot + word, this._words.loadPlain(this._slot + word) + 1);
  }
}

function overwrittenError(head: number, id: number): Error {
  return new Error(
    `the RcuHead at address ${head} asks for callback ${id}, for which this thread has no function: its words were ` +
      'overwritten while it waited; nothing was called',
  );
}

function asyncError(name: string): TypeError {
  return new TypeError(
    `the RCU callback '${name}' returned a promise; it is over when it returns, so barriers do not wait for what it ` +
      'does after an await. Register a synchronous function',
  );
}
