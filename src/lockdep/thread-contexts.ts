/**
 * ThreadContexts: what this thread is in the middle of, and what may come in between.
 *
 *     task  ->  callback inside  ->  hook inside      each has its own stack of held locks
 *
 * A hook may run inside of everything but hooks; a callback inside of everything but both. disable() keeps one
 * away for a while; no callback runs where no hook may, as no softirq runs where interrupts are off.
 */
import { WAIT, type WaitType } from '../locks/lock-class.js';
import { type Context, USAGE } from './usage.js';
import { CONTEXT_WAIT, type WaitRules } from './wait-context.js';

const BITS: Readonly<Record<Context, number>> = { callback: 1, hook: 2 };

type Frame = { readonly context: Context; readonly wait: WaitType };

export class ThreadContexts {
  /** Which contexts the thread is inside of; 0 is its own. */
  bits = 0;
  /** USAGE bits of a lock that a writer takes now, for where it is taken. */
  used = 0;
  /** USAGE bits of a lock that a writer holds now, for what may interrupt. */
  enabled: number = USAGE.enabledHook | USAGE.enabledCallback;
  /** How much waiting the innermost context allows. */
  allowed: WaitType;
  private readonly _rules: WaitRules;
  private readonly _ofThread: WaitType;
  private readonly _frames: Frame[] = [];
  private readonly _disabled: Record<Context, number> = { hook: 0, callback: 0 };

  /** @param ofThread how much waiting the thread itself allows */
  constructor(rules: WaitRules, ofThread: WaitType = WAIT.most) {
    this._rules = rules;
    this._ofThread = rules.effective(ofThread);
    this.allowed = this._ofThread;
  }

  enter(context: Context, wait: WaitType = CONTEXT_WAIT[context]): void {
    this._frames.push({ context, wait: this._rules.effective(wait) });
    this._disabled[context]++;
    this._update();
  }

  exit(context: Context): void {
    const at = this._frames.findLastIndex((frame) => frame.context === context);
    if (at < 0)
      throw new Error(`left a ${context} that was not entered; call enterContext('${context}') first`);
    this._frames.splice(at, 1);
    this.enable(context);
  }

  disable(context: Context): void {
    this._disabled[context]++;
    this._update();
  }

  enable(context: Context): void {
    if (this._disabled[context] === 0) {
      throw new Error(
        `enabled ${context}s, which were not disabled; call disableContext('${context}') first`,
      );
    }
    this._disabled[context]--;
    this._update();
  }

  /** What the thread is in, in words. */
  describe(): string {
    return this._frames.at(-1)?.context ?? 'thread';
  }

  private _update(): void {
    this.bits = 0;
    for (const { context } of this._frames) this.bits |= BITS[context];
    this.used =
      (this.bits & BITS.hook ? USAGE.usedInHook : 0) | (this.bits & BITS.callback ? USAGE.usedInCallback : 0);
    const hooks = this._disabled.hook === 0;
    const callbacks = hooks && this._disabled.callback === 0;
    this.enabled = (hooks ? USAGE.enabledHook : 0) | (callbacks ? USAGE.enabledCallback : 0);
    const wait = this._frames.at(-1)?.wait ?? this._ofThread;
    this.allowed = wait < this._ofThread ? wait : this._ofThread;
  }
}
