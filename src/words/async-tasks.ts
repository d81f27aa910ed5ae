/**
 * AsyncTasks: which of the things that were granted to async tasks does the task hold that runs now?
 *
 *     const guard = await mutex.lock();     mutex.lock() returned P; noteGranted(held, P) is called
 *        |                                  P resolves, and what goes on because of it holds `held`:
 *        +-- await work(guard);             so do the functions that it calls, and what they await
 *        +-- guard.release();               held.isHeld is false: nobody holds it any more
 *
 *     whoever awaits the end of all this, or was started beside it, does not hold it
 *
 * A task is known by the promise that it goes on from. When a promise is made, it gets what the task that makes
 * it holds; when a task goes on because P has resolved, it holds in addition what was granted with P. Only then is
 * it looked up, because a task that has to wait awaits P long before anything is granted.
 *
 * A guard that is handed on as a result is not followed: who awaits an async function that locks and returns the
 * guard holds nothing here. Neither does a timer's or an emitter's callback.
 *
 * Who may call: the thread that made it. Between start() and stop() every promise of the thread costs about 60 ns
 * more, and up to half a microsecond where its task holds something: for heaps that are validated.
 *
 * I1  What is held was granted and is in `_granted`. So while that is empty no task holds anything.
 * I2  Lists in `_heldBy` are never changed, so that tasks can share them.
 * I3  `_granted` has at most twice as many entries as there were locks held when it was last swept, or a few; what a
 *     task remembers goes with the promise that it goes on from.
 *
 * Follows node:async_hooks; AsyncLocalStorage would do, but for the step from P to who goes on because of it.
 */

/** What of node:async_hooks is used. */
interface AsyncHooks {
  createHook(hooks: {
    init(asyncId: number, type: string, triggerAsyncId: number, resource: object): void;
  }): Hook;
  executionAsyncResource(): object;
  triggerAsyncId(): number;
}

interface Hook {
  enable(): void;
  disable(): void;
}

/** What can be granted: an object of its own each time, which says itself whether it is still held. */
export interface Held {
  readonly isHeld: boolean;
}

const NOBODY = -1;
const NOTHING: readonly Held[] = [];
/** What is no longer held is not looked for among fewer. */
const FEW = 16;
const ignore = (): void => {};

function findAsyncHooks(): AsyncHooks | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.('node:async_hooks') as AsyncHooks | undefined;
}

export class AsyncTasks {
  private readonly _hooks: AsyncHooks | undefined;
  private _hook: Hook | undefined;
  /** By the async id of the promise that it came with. */
  private readonly _granted = new Map<number, Held>();
  private _sweepAt = FEW;
  /** By the promise that a task goes on from. */
  private _heldBy = new WeakMap<object, readonly Held[]>();
  private _isProbing = false;
  private _probed = NOBODY;

  constructor() {
    this._hooks = findAsyncHooks();
  }

  /** Begins to follow tasks. False where the engine does not tell enough of them: then nobody ever holds anything. */
  start(): boolean {
    if (this._hook !== undefined) return true;
    const hook = this._hooks?.createHook({
      init: (_asyncId, type, trigger, resource) => this._onInit(type, trigger, resource),
    });
    if (hook === undefined) return false;
    this._hook = hook;
    hook.enable();
    if (this._asyncIdOf(Promise.resolve()) !== NOBODY) return true;
    this.stop();
    return false;
  }

  /** Forgets everything that was granted, and follows no more. */
  stop(): void {
    this._hook?.disable();
    this._hook = undefined;
    this._granted.clear();
    this._heldBy = new WeakMap();
  }

  /** What the running task holds, oldest first; undefined where it holds nothing. */
  heldByTask(): Held[] | undefined {
    const held = this._heldNow();
    return held.length === 0 ? undefined : [...held];
  }

  /**
   * Whoever goes on when `granted` resolves holds `held`, as long as it says so.
   *
   * @param granted the promise that the caller of lock() got, pending or resolved; anything else is not followed
   */
  noteGranted(held: Held, granted: object): void {
    if (this._hook === undefined || !(granted instanceof Promise)) return;
    const asyncId = this._asyncIdOf(granted);
    if (asyncId === NOBODY) return;
    if (this._granted.size >= this._sweepAt) this._sweep();
    this._granted.set(asyncId, held);
  }

  private _onInit(type: string, trigger: number, resource: object): void {
    if (type !== 'PROMISE') return;
    if (this._isProbing) {
      this._probed = trigger;
    } else if (this._granted.size > 0) {
      const held = this._heldNow();
      if (held.length > 0) this._heldBy.set(resource, held);
    }
  }

  private _heldNow(): readonly Held[] {
    const hooks = this._hooks;
    if (hooks === undefined || this._granted.size === 0) return NOTHING;
    const resource = hooks.executionAsyncResource();
    // What a callback of another kind was triggered by says nothing of why it runs.
    if (!(resource instanceof Promise)) return NOTHING;
    const before = this._heldBy.get(resource) ?? NOTHING;
    const now = addTo(before, this._granted.get(hooks.triggerAsyncId()));
    if (now !== before) this._heldBy.set(resource, now);
    return now;
  }

  private _sweep(): void {
    for (const [asyncId, { isHeld }] of this._granted) if (!isHeld) this._granted.delete(asyncId);
    this._sweepAt = Math.max(FEW, 2 * this._granted.size);
  }

  /**
   * The only way to learn a promise's id is to be told what a promise that is made of it was triggered by. From then
   * on its rejection counts as handled.
   */
  private _asyncIdOf(promise: Promise<unknown>): number {
    this._probed = NOBODY;
    this._isProbing = true;
    try {
      void Promise.prototype.then.call(promise, ignore, ignore);
    } finally {
      this._isProbing = false;
    }
    return this._probed;
  }
}

/** `before` without what is held no longer, and with `more`; the same list where nothing changes. */
function addTo(before: readonly Held[], more: Held | undefined): readonly Held[] {
  const isAdded = more?.isHeld === true && !before.includes(more);
  if (!isAdded && before.every(({ isHeld }) => isHeld)) return before;
  const now = before.filter(({ isHeld }) => isHeld);
  if (isAdded) now.push(more);
  return now;
}
