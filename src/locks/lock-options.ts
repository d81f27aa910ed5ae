/** What every lock that may be waited for takes as options, and how an async task's wait becomes a promise. */
import { shown } from '../words/shown.js';
import type { LockThread } from './lock-thread.js';
import type { Waiters, Wish } from './waiters.js';

/** How long to wait, for a synchronous caller. */
export interface WaitLimit {
  /** Milliseconds, 0 or more; for ever unless given. */
  readonly timeoutMillis?: number;
}

/** How long to wait, for an async task, and what calls it off. */
export interface LockOptions extends WaitLimit {
  /** Calls the wait off; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The limit in milliseconds that a synchronous caller gives.
 *
 * @param attempted what was to be done with the lock, for messages
 *
 * Errors   TypeError for what is no object of such options; RangeError for a limit that is none.
 */
export function limitOf(options: WaitLimit | undefined, lockName: string, attempted = 'locked'): number {
  return options === undefined ? Number.POSITIVE_INFINITY : requireLimit(options, lockName, attempted, false);
}

/** limitOf() for an async task, whose `signal` is looked at as well. */
export function asyncLimitOf(
  options: LockOptions | undefined,
  lockName: string,
  attempted = 'locked',
): number {
  if (options === undefined) return Number.POSITIVE_INFINITY;
  const limitMillis = requireLimit(options, lockName, attempted, true);
  const signal: Partial<AbortSignal> | null | undefined = options.signal;
  // Not by its class: signals of other realms serve as well.
  const isSignal = typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function';
  if (signal === undefined || isSignal) return limitMillis;
  throw new TypeError(
    `${attempted} ${lockName} with signal: ${shown(signal)}; it is an AbortSignal, such as an AbortController's signal`,
  );
}

function requireLimit(
  options: LockOptions,
  lockName: string,
  attempted: string,
  takesSignal: boolean,
): number {
  const known = takesSignal ? 'timeoutMillis and signal' : 'timeoutMillis';
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `${attempted} ${lockName} with ${shown(options)} as options; they are an object of ${known}`,
    );
  }
  // No array of keys: options may be given at each of many calls.
  for (const key in options) {
    if (key === 'timeoutMillis' || (key === 'signal' && takesSignal) || !Object.hasOwn(options, key))
      continue;
    throw new TypeError(`${attempted} ${lockName} with an unknown option '${key}'; there is ${known}`);
  }
  const { timeoutMillis = Number.POSITIVE_INFINITY } = options;
  if (typeof timeoutMillis === 'number' && timeoutMillis >= 0) return timeoutMillis;
  throw new RangeError(
    `${attempted} ${lockName} with timeoutMillis: ${shown(timeoutMillis)}; it is a number of milliseconds, 0 or more`,
  );
}

/** One async wait for a lock. */
interface AsyncRequest<T> {
  readonly mode: number;
  /** The lock is taken: makes what the promise resolves to; what it throws rejects the promise. */
  granted(promise: Promise<T>): T;
  /** What the promise is rejected with when the time is over. */
  timedOut(limitMillis: number): Error;
  /** Takes the lock where nobody has it and nobody waits for it: then the thread need not queue. */
  tryNow?(): boolean;
}

/** Waits for a lock; the promise settles once it is taken, given up, or called off. */
export function awaitLock<T>(
  thread: LockThread,
  waiters: Waiters,
  request: AsyncRequest<T>,
  limitMillis: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = newPromise<T>();
  const settle = () => {
    try {
      resolve(request.granted(promise));
    } catch (error) {
      reject(error);
    }
  };
  // Behind tasks of this thread that wait already.
  if (!waiters.hasWishes() && request.tryNow?.() === true) {
    settle();
    return promise;
  }
  const onAbort = () => {
    if (waiters.withdraw(wish)) reject(signal!.reason);
  };
  const wish: Wish = {
    mode: request.mode,
    deadlineMillis: thread.host.nowMillis() + limitMillis,
    grant() {
      signal?.removeEventListener('abort', onAbort);
      settle();
    },
    giveUp(reason) {
      signal?.removeEventListener('abort', onAbort);
      reject(reason ?? request.timedOut(limitMillis));
    },
  };
  signal?.addEventListener('abort', onAbort);
  waiters.wait(wish);
  return promise;
}

function newPromise<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
