/**
 * Locks that call a hook just after they are taken and just before they are released: what a debugger, a tracer or
 * an interrupt in the middle of a locked region would be.
 *
 *     const hook = new LockHook();
 *     Heap.create(options, { lockMaker: hook.lockMaker });
 *     hook.run = (region) => { ... }          must not throw
 *
 * The hook does not run inside itself: what it calls takes locks too.
 */
import { LocalTrylock } from '../../src/locks/local-trylock.js';
import type { LockClass } from '../../src/locks/lock-class.js';
import { LockMaker } from '../../src/locks/lock-maker.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import type { Words } from '../../src/words/words.js';

type Given = ConstructorParameters<typeof LockMaker>;

export class LockHook {
  /** Called with the name of the class of the lock that is held, and the lock's own name. */
  run: (region: string, lock: string) => void = () => {};
  private _isInside = false;

  readonly lockMaker = (...given: Given): LockMaker => new HookedLockMaker(this, ...given);

  call(region: string, lock: string): void {
    if (this._isInside) return;
    this._isInside = true;
    this.run(region, lock);
    this._isInside = false;
  }
}

class HookedLockMaker extends LockMaker {
  private readonly _hook: LockHook;
  private readonly _given: Given;

  constructor(hook: LockHook, ...given: Given) {
    super(...given);
    this._hook = hook;
    this._given = given;
  }

  override rawSpinLock(word: number, { name: region }: LockClass, name: string): RawSpinLock {
    const [words, tag, rounds] = this._given;
    return new HookedRawSpinLock(this._hook, region, words, word, tag, rounds, name);
  }

  override localTrylock(word: number, { name: region }: LockClass): LocalTrylock {
    return new HookedLocalTrylock(this._hook, region, this._given[0], word);
  }
}

class HookedRawSpinLock extends RawSpinLock {
  private readonly _hook: LockHook;
  private readonly _region: string;

  constructor(hook: LockHook, region: string, ...given: ConstructorParameters<typeof RawSpinLock>) {
    super(...given);
    this._hook = hook;
    this._region = region;
  }

  override acquire(): void {
    super.acquire();
    this._hook.call(this._region, this.name);
  }

  override tryAcquire(): boolean {
    if (!super.tryAcquire()) return false;
    this._hook.call(this._region, this.name);
    return true;
  }

  override release(): void {
    this._hook.call(this._region, this.name);
    super.release();
  }
}

class HookedLocalTrylock extends LocalTrylock {
  private readonly _hook: LockHook;
  private readonly _region: string;

  constructor(hook: LockHook, region: string, words: Words, word: number) {
    super(words, word);
    this._hook = hook;
    this._region = region;
  }

  override acquire(): void {
    super.acquire();
    this._hook.call(this._region, this._region);
  }

  override tryAcquire(): boolean {
    if (!super.tryAcquire()) return false;
    this._hook.call(this._region, this._region);
    return true;
  }

  override release(): void {
    this._hook.call(this._region, this._region);
    super.release();
  }
}
