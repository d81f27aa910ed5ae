/**
 * LocalLock: keeps what one thread does with its own words from being mixed with what its own hooks and callbacks
 * do, where none of them can come in between. It stores nothing: that no callback runs inside is known, and the
 * observer is told so that a validator can hold it against what happens.
 *
 * The operations have the names that LocalTrylock gives them, and no tryAcquire: without storage nobody could say
 * whether the lock is taken. Code in which a callback can come in between needs a LocalTrylock.
 *
 * Who may call: the thread whose words it guards.
 *
 * Follows include/linux/local_lock_internal.h (local_lock_t without PREEMPT_RT).
 */
import { type LockClass, type LockObserver, lockClass, UNOBSERVED, WAIT } from './lock-class.js';

export class LocalLock {
  private readonly _instance: number;
  private readonly _class: LockClass;
  private readonly _observer: LockObserver;

  /**
   * @param instance tells the locks of the class apart: where the words that it guards begin
   * @param observer told of every acquisition and release
   */
  constructor(
    name: string,
    instance: number,
    kind: LockClass = lockClass(name, WAIT.config, { kind: 'percpu' }),
    observer: LockObserver = UNOBSERVED,
  ) {
    this._instance = instance;
    this._class = kind;
    this._observer = observer;
  }

  /** Enters. */
  acquire(): void {
    this._observer.lockAcquire(this._class, this._instance, 0);
  }

  release(): void {
    this._observer.lockRelease(this._class, this._instance);
  }
}
