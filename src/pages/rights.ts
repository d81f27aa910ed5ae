/**
 * Rights: what one allocation may do: the least of what its gfp says and what the thread may where it is now.
 *
 *     gfp          may-wait     may-spin      may-neither
 *     omitted      GFP_KERNEL   GFP_KERNEL without waiting   GFP_NOLOCK
 *     GFP_KERNEL   waits        ContextError                 ContextError
 *     GFP_ATOMIC   spins        spins                        as GFP_NOLOCK
 *     GFP_NOLOCK   tries        tries                        tries
 *
 * Where locks are held that forbid it, the validator reports; sections of raw locks and hooks are part of the
 * context.
 */
import { ContextError, type ThreadContext } from '../threads/context.js';
import {
  __GFP_ACCOUNT,
  __GFP_DIRECT_RECLAIM,
  __GFP_RAW_LOCK,
  __GFP_ZERO,
  allowBlocking,
  allowSpinning,
  describeGfp,
  GFP_KERNEL,
  GFP_NOLOCK,
  type Gfp,
  requireGfp,
} from './gfp.js';

/** What is left where not even spinning is allowed. */
const NOT_OF_RIGHTS = __GFP_ZERO | __GFP_ACCOUNT;

export class Rights {
  private readonly _context: ThreadContext;

  constructor(context: ThreadContext) {
    this._context = context;
  }

  /** What a caller that says nothing may do here. */
  most(): Gfp {
    return this._context.waitRight() === 'may-neither' ? GFP_NOLOCK : GFP_KERNEL;
  }

  /**
   * Checks what a caller asks for. `call` is named in the message.
   *
   * Errors   GfpError for bits that contradict each other; ContextError where it asks to wait and may not.
   */
  require(gfp: Gfp, call: string): void {
    requireGfp(gfp);
    if (!allowBlocking(gfp) || this._context.waitRight() === 'may-wait') return;
    throw new ContextError(
      `called ${call} with ${describeGfp(gfp)} ${this._context.where()}, which may not wait; ` +
        'use GFP_NOWAIT or GFP_NOLOCK, or leave gfp out for the most that is allowed',
    );
  }

  /** `gfp` without the rights that this thread does not have here. */
  narrow(gfp: Gfp): Gfp {
    const right = this._context.waitRight();
    if (right === 'may-wait') return gfp;
    if (right === 'may-spin') return gfp & ~__GFP_DIRECT_RECLAIM;
    return allowSpinning(gfp) && (gfp & __GFP_RAW_LOCK) === 0 ? gfp & NOT_OF_RIGHTS : gfp;
  }
}
