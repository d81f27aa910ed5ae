/**
 * LockChecks: what is checked of one lock before it is taken.
 *
 *     wait       does the place allow as much waiting as the lock asks for?          each time, two numbers
 *     usage      is its usage in contexts known of its class?                        each time, two numbers
 *     chain      is it in order with what is held?                                   once a chain
 *
 * What is known costs a comparison. What is new is checked with the graph to itself, and learnt.
 */
import { type LockClass, WAIT, type WaitType } from '../locks/lock-class.js';
import { RCU_READ } from '../locks/lull-classes.js';
import { ChainRules, type Taking } from './chain-rules.js';
import type { ChainStack } from './chain-stack.js';
import { type Chain, isRead } from './chain-trie.js';
import type { ClassGraph } from './class-graph.js';
import type { Findings } from './findings.js';
import type { HeldLock } from './held-locks.js';
import { nestLockText, waitContextText } from './report-hold.js';
import { shortName } from './report-text.js';
import type { ThreadContexts } from './thread-contexts.js';
import { conflictWith, lowestBit } from './usage-rules.js';
import type { WaitRules } from './wait-context.js';

/** What the checks of one thread work with. */
export interface CheckedThread {
  readonly thread: string;
  readonly graph: ClassGraph;
  readonly held: ChainStack;
  readonly contexts: ThreadContexts;
  readonly waits: WaitRules;
  readonly findings: Findings;
  captureStack(): string;
}

export class LockChecks {
  private readonly _of: CheckedThread;
  private readonly _rules: ChainRules;

  constructor(of: CheckedThread) {
    this._of = of;
    this._rules = new ChainRules(of.graph, of.thread, of.findings);
  }

  /** The thread itself is about to wait, and stops meanwhile. */
  checkWait(chain: Chain, instance: number): void {
    const allowed = this._of.held.allowed();
    if (this._of.waits.asked(chain.lock) > allowed) this._breach(chain, instance, allowed, false);
  }

  /** An async task is about to wait, and the thread goes on: only what is held matters. */
  checkAsyncWait(chain: Chain, instance: number): void {
    const { held, waits } = this._of;
    let allowed = held.allowedByTasks();
    for (let at = 0; at < held.own.depth; at++) {
      const { lock } = held.own.entries[at]!.chain;
      if (endsBeforeWait(lock)) continue;
      allowed = waits.inside(lock, allowed);
    }
    if (this._of.waits.asked(chain.lock) > allowed) this._breach(chain, instance, allowed, true);
  }

  /** Who names a nest lock must hold it. */
  checkNestLock(chain: Chain, instance: number, nestLock: number): void {
    if (this._of.held.holdsInstance(nestLock)) return;
    const here = { chain, instance, stack: this._of.captureStack() };
    this._of.findings.add('not-held', `nest lock of ${shortName(chain.node)}`, (scene) =>
      nestLockText(scene, here, nestLock),
    );
  }

  /** Checks the innermost lock of a new chain against all that is held. */
  checkChain(chain: Chain, instance: number, nestLock: number | undefined): void {
    const { held, contexts } = this._of;
    const isNested = nestLock !== undefined && held.holdsInstance(nestLock);
    const stack = this._of.captureStack();
    const next: Taking = { chain, instance, stack, contexts: contexts.bits, isNested };
    this._check(held.tasks.list(), held.own.list(), next);
  }

  /** Checks a lock that a task awaits against what the task holds. */
  checkTaskChain(task: readonly HeldLock[], chain: Chain, instance: number): void {
    this._check(task, [], { chain, instance, stack: this._of.captureStack(), contexts: 0, isNested: false });
  }

  /**
   * Compares what is known of the class's usage with this one.
   *
   * @param used  USAGE bits for where it is taken; 0 when nobody waits for it there
   * @param stack where it was asked for, unless that is here
   */
  checkUsage(chain: Chain, instance: number, used: number, stack?: string): void {
    const writers = used | this._of.contexts.enabled;
    const bits = isRead(chain.how) ? writers << 1 : writers;
    if ((chain.node.usage & bits) !== bits) {
      this._learnUsage(chain, instance, bits, stack ?? this._of.captureStack());
    }
  }

  private _check(tasks: readonly HeldLock[], own: readonly HeldLock[], next: Taking): void {
    this._of.graph.exclusively(() => this._rules.check(tasks, own, next));
    next.chain.isChecked = true;
  }

  private _breach(chain: Chain, instance: number, allowed: WaitType, isAsync: boolean): void {
    const { findings, waits, contexts } = this._of;
    const held = this._limitingLock(allowed, isAsync);
    const context = contexts.describe();
    const place = held === undefined ? `in a ${context}` : shortName(held.chain.node);
    const limit = { allowed, asked: waits.asked(chain.lock), held, context, isAsync };
    findings.add('wait-context', `${place} > ${shortName(chain.node)}`, (scene) =>
      waitContextText(scene, { chain, instance, stack: this._of.captureStack() }, limit),
    );
  }

  /** The innermost lock that allows no more than `allowed`; undefined when that is the context's doing. */
  private _limitingLock(allowed: WaitType, isAsync: boolean): HeldLock | undefined {
    if (!isAsync && this._of.contexts.allowed <= allowed) return undefined;
    const { held, waits } = this._of;
    return held
      .list()
      .filter(({ chain: { lock } }) => !(isAsync && endsBeforeWait(lock)))
      .findLast(({ chain }) => waits.inside(chain.lock, WAIT.most) === allowed);
  }

  private _learnUsage(chain: Chain, instance: number, bits: number, stack: string): void {
    const { graph, findings, thread } = this._of;
    const { node } = chain;
    if (chain.lock.kind === 'waitOverride') return;
    graph.exclusively(() => {
      const missing = bits & ~node.usage;
      for (let rest = missing; rest !== 0; rest -= lowestBit(rest)) {
        const conflict = conflictWith(chain, lowestBit(rest));
        if (conflict !== undefined) findings.usage({ chain, instance, stack }, conflict);
      }
      if (missing !== 0) graph.addUsage(node, { bits: missing, stack, thread });
    });
  }
}

/** turn(fn) has returned before anything is awaited: what fn waits for, it waits for later. */
function endsBeforeWait(lock: LockClass): boolean {
  return lock === RCU_READ;
}
