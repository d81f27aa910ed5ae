/**
 * Waiters: how one thread waits for one lock: a synchronous caller that sleeps, or async tasks in the order in
 * which they came. All of them share the thread's one place in the lock's queue.
 *
 *     waitSync()  join -> [ attempt -> sleep -> rearm ] .. -> leave
 *     wait()      the same, with the event loop between; what the oldest task wishes is attempted
 *
 * A sleep is cut into slices: where a thread died between letting go and waking, who sleeps finds out by itself.
 *
 * Who may call: the lock's own methods. A caller of waitSync() has left this thread's turns.
 *
 * I1  The thread is in the queue while, and only while, a waitSync() runs or a wish is on the list.
 * I2  A wish is granted or refused once. A granted lock is held from then on, before the task goes on.
 */
import { leftHeap } from '../words/after-detach.js';
import type { Host } from '../words/host.js';
import type { AsyncWait } from '../words/words.js';
import type { LockThread } from './lock-thread.js';
import type { WaitQueue } from './wait-queue.js';

/** What is waited for. `mode` is the lock's own: reading or writing, say. */
export interface Waitable {
  /** Takes it; false only where a change will wake this thread. For one that is in the queue. */
  attempt(mode: number): boolean;
  /** This thread may have been woken for nothing: whoever else has use for the lock is woken. */
  passOn(): void;
}

/** What an async task waits for. */
export interface Wish {
  readonly mode: number;
  /** By Host.nowMillis(); Infinity where it is not given up. */
  readonly deadlineMillis: number;
  /** The lock is taken. Throws nothing. */
  grant(): void;
  /** The deadline has passed; or, where there is a `reason`, that. Throws nothing. */
  giveUp(reason?: Error): void;
}

/** Looks at a taken lock before going to sleep: about as long as a sleep costs. Never more than `spinRounds`. */
export const SPINS = 200;
/** Longest sleep without a look. */
export const SLICE_MILLIS = 1000;
/** Time between looks where the engine cannot wake an async task. */
const POLL_MILLIS = 4;

export class Waiters {
  private readonly _thread: LockThread;
  private readonly _queue: WaitQueue;
  private readonly _lock: Waitable;
  /** Oldest first. */
  private readonly _wishes: Wish[] = [];
  private _isDriven = false;

  constructor(thread: LockThread, queue: WaitQueue, lock: Waitable) {
    this._thread = thread;
    this._queue = queue;
    this._lock = lock;
  }

  /** Sleeps until the lock is taken; false where `limitMillis` are over first. */
  waitSync(mode: number, limitMillis: number): boolean {
    const queue = this._queue;
    const isShared = queue.hasJoined();
    if (!isShared) queue.join();
    const isTaken = this._sleepUntilTaken(mode, limitMillis);
    // The tasks that wait beside it go on from the end of the queue.
    if (isShared) queue.join();
    if (isShared || queue.leave() || !isTaken) this._lock.passOn();
    return isTaken;
  }

  /** Waits for an async task: grants the wish, or gives it up, unless it is withdrawn before. */
  wait(wish: Wish): void {
    this._wishes.push(wish);
    if (!this._isDriven) void this._drive();
    // The driver may sleep for longer than that.
    else if (wish.deadlineMillis < Number.POSITIVE_INFINITY) this._queue.wakeSelf();
  }

  /** True while async tasks wait. */
  hasWishes(): boolean {
    return this._wishes.length > 0;
  }

  /** Takes a wish back; false where it was granted or given up already. */
  withdraw(wish: Wish): boolean {
    const index = this._wishes.indexOf(wish);
    if (index === -1) return false;
    this._wishes.splice(index, 1);
    // The list has another head now, or none: the driver is to see.
    if (index === 0) this._queue.wakeSelf();
    return true;
  }

  /** Gives every wish up: this thread leaves the heap. */
  giveUpAll(): void {
    for (const wish of this._wishes.splice(0)) wish.giveUp(leftHeap('a lock'));
    if (!this._isDriven) return;
    // The driver has nothing left to do, and ends once it is awake.
    this._queue.wakeSelf();
    this._leave();
  }

  private _sleepUntilTaken(mode: number, limitMillis: number): boolean {
    const { host } = this._thread;
    const deadline = host.nowMillis() + limitMillis;
    for (let left = limitMillis; ; left = deadline - host.nowMillis()) {
      if (this._lock.attempt(mode)) return true;
      if (left <= 0) return false;
      const result = this._queue.sleep(Math.min(left, SLICE_MILLIS));
      if (result === 'timed-out') {
        if (left <= SLICE_MILLIS) return this._lock.attempt(mode);
        this._queue.forgetHandoff();
      }
      this._queue.rearm();
    }
  }

  private async _drive(): Promise<void> {
    this._isDriven = true;
    const letGo = this._thread.host.startKeepAlive();
    this._queue.join();
    while (this._wishes.length > 0) {
      if (this._grantFirst()) continue;
      const isIdle = await this._sleep();
      if (!this._queue.hasJoined()) break;
      if (isIdle) this._queue.forgetHandoff();
      this._queue.rearm();
    }
    this._isDriven = false;
    this._leave();
    letGo();
  }

  /** Takes the lock for the first wish, after giving up those whose time is over; true where the list has changed. */
  private _grantFirst(): boolean {
    const first = this._wishes[0]!;
    if (this._lock.attempt(first.mode)) {
      this._wishes.shift();
      // The next starts anew: others that wait are not passed over by a thread with many tasks.
      if (this._wishes.length > 0) this._queue.join();
      first.grant();
      return true;
    }
    const now = this._thread.host.nowMillis();
    const late = this._wishes.filter((wish) => wish.deadlineMillis <= now);
    for (const wish of late) {
      this._wishes.splice(this._wishes.indexOf(wish), 1);
      wish.giveUp();
    }
    return late.length > 0;
  }

  /** True when a whole slice has passed. */
  private async _sleep(): Promise<boolean> {
    const { host } = this._thread;
    const left = Math.min(...this._wishes.map((wish) => wish.deadlineMillis)) - host.nowMillis();
    const millis = Math.max(0, Math.min(left, SLICE_MILLIS));
    return (await sleepAsync(host, this._queue, millis)) && millis === SLICE_MILLIS;
  }

  private _leave(): void {
    if (!this._queue.hasJoined()) return;
    this._queue.leave();
    this._lock.passOn();
  }
}

/** What an async task sleeps on: a word of its thread. */
interface AsyncSleeper {
  sleepAsync(timeoutMillis: number): AsyncWait | undefined;
  wakeSelf(): void;
}

/**
 * Sleeps for an async task until it is woken, or `millis` are over: true then.
 *
 * The host keeps the time. An engine remembers the limit of a wait until it is over, also where the wait has ended long
 * before, so a thread that waits often would be held up for as long as all of them take to expire.
 */
export async function sleepAsync(host: Host, sleeper: AsyncSleeper, millis: number): Promise<boolean> {
  // A worklet has no timers.
  const limitMillis = host.waitRight === 'may-neither' ? millis : Number.POSITIVE_INFINITY;
  const sleep = sleeper.sleepAsync(limitMillis);
  if (sleep === undefined) {
    await host.sleep(Math.min(millis, POLL_MILLIS));
    return false;
  }
  if (!sleep.async) {
    // Not asleep at all: woken meanwhile.
    await Promise.resolve();
    return sleep.value === 'timed-out';
  }
  let isOver = false;
  const callOff = host.startTimer(() => {
    isOver = true;
    sleeper.wakeSelf();
  }, millis);
  const result = await sleep.value;
  callOff();
  return isOver || result === 'timed-out';
}
