/**
 * Wait contexts: how much waiting a place allows, and how much a lock asks for.
 *
 *     free < spin < config < sleep < most
 *
 *     a place allows      what its thread, hook or callback allows, and no more than any lock held there
 *     a lock asks for     `outer`; inside, it allows `inner`
 *
 * A breach needs no contention to be seen: taking a lock that may sleep under one that may not is wrong each
 * time. Where raw lock nesting is not to be proved, config counts as spin.
 *
 * Follows check_wait_context() of kernel/locking/lockdep.c.
 */
import { type LockClass, WAIT, type WaitType } from '../locks/lock-class.js';
import type { Context } from './usage.js';

/** What a hook and a callback allow unless they say otherwise. */
export const CONTEXT_WAIT: Readonly<Record<Context, WaitType>> = { hook: WAIT.spin, callback: WAIT.config };

const NAMES = ['none', 'free', 'spin', 'config', 'sleep', 'most'] as const;

export class WaitRules {
  private readonly _config: WaitType;

  /** @param proveRawLockNesting tells config from spin */
  constructor(proveRawLockNesting: boolean) {
    this._config = proveRawLockNesting ? WAIT.config : WAIT.spin;
  }

  /** As much as counts here. */
  effective(wait: WaitType): WaitType {
    return wait === WAIT.config ? this._config : wait;
  }

  /** What a lock asks of its place; none where it is not checked. */
  asked(lock: LockClass): WaitType {
    if (lock.inner === WAIT.none) return WAIT.none;
    return this.effective(lock.outer === WAIT.none ? lock.inner : lock.outer);
  }

  /** What is allowed while `lock` is held where `allowed` was allowed before. */
  inside(lock: LockClass, allowed: WaitType): WaitType {
    const inner = this.effective(lock.inner);
    if (inner === WAIT.none) return allowed;
    return lock.kind === 'waitOverride' || inner < allowed ? inner : allowed;
  }
}

export function waitName(wait: WaitType): string {
  return NAMES[wait];
}
