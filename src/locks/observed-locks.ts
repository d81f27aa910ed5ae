/**
 * The locks of a validating heap that spin, or never wait: each is its plain namesake, and tells an observer.
 *
 * I1  Where the observer throws, the lock is as it was before the call; where a wait ends in LockTimeoutError, the
 *     observer is told that nothing is held.
 */
import type { Geometry } from '../layout/heap-header.js';
import type { Words } from '../words/words.js';
import { LocalTrylock } from './local-trylock.js';
import { type LockClass, type LockObserver, TAKEN } from './lock-class.js';
import { RawSpinLock } from './raw-spin-lock.js';
import type { SpinBound } from './spin-bound.js';

export class ObservedRawSpinLock extends RawSpinLock {
  private readonly _instance: number;
  private readonly _class: LockClass;
  private readonly _observer: LockObserver;

  constructor(
    words: Words,
    word: number,
    tag: number,
    bound: number | SpinBound,
    name: string,
    kind: LockClass,
    observer: LockObserver,
  ) {
    super(words, word, tag, bound, name);
    this._instance = word;
    this._class = kind;
    this._observer = observer;
  }

  override acquire(): void {
    this._observer.lockAcquire(this._class, this._instance, 0);
    try {
      super.acquire();
    } catch (error) {
      this._observer.lockRelease(this._class, this._instance);
      throw error;
    }
  }

  override tryAcquire(): boolean {
    if (!super.tryAcquire()) return false;
    try {
      this._observer.lockAcquire(this._class, this._instance, TAKEN.trylock);
    } catch (report) {
      super.release();
      throw report;
    }
    return true;
  }

  override takeFromDead(geometry: Geometry): boolean {
    if (this.ownerFoundDead(geometry) === 0) return false;
    // First: were it let go where this throws, the next owner would take what it guards to be whole.
    this._observer.lockAcquire(this._class, this._instance, TAKEN.trylock);
    if (super.takeFromDead(geometry)) return true;
    this._observer.lockRelease(this._class, this._instance);
    return false;
  }

  override release(): void {
    this._observer.lockRelease(this._class, this._instance);
    super.release();
  }
}

export class ObservedLocalTrylock extends LocalTrylock {
  private readonly _instance: number;
  private readonly _class: LockClass;
  private readonly _observer: LockObserver;

  constructor(words: Words, word: number, kind: LockClass, observer: LockObserver) {
    super(words, word);
    this._instance = word;
    this._class = kind;
    this._observer = observer;
  }

  override acquire(): void {
    this._observer.lockAcquire(this._class, this._instance, 0);
    if (super.tryAcquire()) return;
    this._observer.lockRelease(this._class, this._instance);
    // Says what is wrong.
    super.acquire();
  }

  override tryAcquire(): boolean {
    if (!super.tryAcquire()) return false;
    try {
      this._observer.lockAcquire(this._class, this._instance, TAKEN.trylock);
    } catch (report) {
      super.release();
      throw report;
    }
    return true;
  }

  override release(): void {
    this._observer.lockRelease(this._class, this._instance);
    super.release();
  }
}
