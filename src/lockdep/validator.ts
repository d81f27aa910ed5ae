/**
 * Validator: watches every lock that this thread takes, and reports what can go wrong before it does.
 *
 *     lockAcquire --> the chain of held locks, with this one
 *                       known: compare wait types and usage bits, push             (no object is made)
 *                       new:   chain rules, with all threads' knowledge read, and nobody else learning
 *
 * Each way of taking locks need happen once, in any thread, without contention, to be held against every other.
 * Each problem is reported once, over all threads; the validator goes on after it. An edge that was
 * reported is not learnt, so that the graph stays free of cycles.
 *
 * Who may call: one thread and what it runs; each thread of a heap has a Validator of its own.
 *
 * I1  Whatever onReport throws, the lock that was about to be taken is not held.
 * I2  Where too much is held or known, the validator stops for good and says so once: it never stands in the way.
 *
 * Follows __lock_acquire() of kernel/locking/lockdep.c, and fs_reclaim_acquire() of mm/page_alloc.c.
 */
import { type LockClass, type LockObserver, TAKEN, WAIT, type WaitType } from '../locks/lock-class.js';
import { RECLAIM } from '../locks/lull-classes.js';
import { AwaitedLocks } from './awaited-locks.js';
import { ChainStack } from './chain-stack.js';
import { type Chain, isTrylock, NESTED, subclassOf } from './chain-trie.js';
import type { ClassGraph } from './class-graph.js';
import { Findings } from './findings.js';
import { HeldLock, isSameClass, MAX_HELD } from './held-locks.js';
import { LockChecks } from './lock-checks.js';
import type { LockReport, ReportKind } from './report.js';
import { assertHeldText, initHeldText, notHeldReleaseText, turnText } from './report-hold.js';
import { shortName } from './report-text.js';
import { ThreadContexts } from './thread-contexts.js';
import type { Context } from './usage.js';
import { WaitRules } from './wait-context.js';

const TOO_MANY_HELD = `it holds more than ${MAX_HELD} locks at once; hold fewer, or name a nest lock for those of one class`;

/** Tells which locks the running async task holds. */
export interface TaskTracker {
  /** What was granted to the running task and those it came from, as passed to noteGranted. */
  heldByTask(): object[] | undefined;
  /** Who goes on when `granted` resolves holds `held`. */
  noteGranted(held: object, granted: object): void;
}

export interface ValidatorOptions {
  /** The thread's name in reports. */
  readonly thread: string;
  readonly graph: ClassGraph;
  /** Tells WAIT.config from WAIT.spin. Default true. */
  readonly proveRawLockNesting?: boolean;
  /** How much waiting the thread itself allows. Default WAIT.most. */
  readonly threadContext?: WaitType;
  readonly tasks?: TaskTracker;
  /** Called once a problem, by the thread that found it. What it throws goes to the lock's caller. */
  onReport(report: LockReport): void;
  captureStack(): string;
}

export class Validator implements LockObserver {
  private readonly _graph: ClassGraph;
  private readonly _tracker: TaskTracker | undefined;
  private readonly _stackOf: () => string;
  private readonly _runningHolds: () => readonly HeldLock[];
  private readonly _contexts: ThreadContexts;
  private readonly _held: ChainStack;
  private readonly _awaited = new AwaitedLocks();
  private readonly _findings: Findings;
  private readonly _checks: LockChecks;
  private _noReclaim = 0;
  private _isOff = false;

  constructor(options: ValidatorOptions) {
    const { thread, graph } = options;
    this._graph = graph;
    this._tracker = options.tasks;
    this._stackOf = () => options.captureStack();
    this._runningHolds = () => this._heldByTask();
    const waits = new WaitRules(options.proveRawLockNesting ?? true);
    this._contexts = new ThreadContexts(waits, options.threadContext);
    this._held = new ChainStack(graph, this._contexts, waits);
    const scene = () => ({ thread, held: this._held.list() });
    this._findings = new Findings(graph, scene, (report) => options.onReport(report));
    this._checks = new LockChecks({
      thread,
      graph,
      held: this._held,
      contexts: this._contexts,
      waits,
      findings: this._findings,
      captureStack: this._stackOf,
    });
  }

  /** True when nothing is checked any more. */
  isOff(): boolean {
    return this._isOff;
  }

  /** @param nestLock instance of a held lock under which locks of this class may be taken in any order */
  lockAcquire(lock: LockClass, instance: number, how: number, nestLock?: number): void {
    if (this._isOff) return;
    if (nestLock !== undefined && this._joinNested(lock, instance, how, nestLock)) return;
    const outer = this._held.outer();
    const key = nestLock === undefined ? how : how | NESTED;
    const chain = outer.find(lock, key) ?? this._step(outer, lock, key);
    if (chain === undefined) {
      this._findings.deliver();
      return;
    }
    if (nestLock !== undefined) this._checks.checkNestLock(chain, instance, nestLock);
    if (!isTrylock(how) && lock.kind !== 'waitOverride') {
      this._checks.checkWait(chain, instance);
      if (!chain.isChecked) this._checks.checkChain(chain, instance, nestLock);
    }
    this._checks.checkUsage(chain, instance, isTrylock(how) ? 0 : this._contexts.used);
    this._noticeOff();
    if (this._held.own.depth >= MAX_HELD) this._turnOff(TOO_MANY_HELD);
    this._findings.deliver();
    if (!this._isOff) this._held.push(chain, instance);
  }

  /**
   * Before an async task waits: ordered after what the same task holds. Nothing is held until lockGranted; a wait
   * that ends without the lock is told to nobody.
   */
  lockAwait(lock: LockClass, instance: number, how: number): void {
    if (this._isOff) return;
    const task = this._heldByTask();
    const outer = this._held.chainOf(task);
    const chain = outer === undefined ? outer : this._step(outer, lock, how | TAKEN.async);
    this._noticeOff();
    if (chain === undefined) {
      this._findings.deliver();
      return;
    }
    this._checks.checkAsyncWait(chain, instance);
    if (!chain.isChecked) this._checks.checkTaskChain(task, chain, instance);
    this._noticeOff();
    this._findings.deliver();
    if (!this._isOff) this._awaited.add(chain, instance);
  }

  lockGranted(lock: LockClass, instance: number, how: number, granted: object): void {
    if (this._isOff) return;
    const chain = this._awaited.take(lock, instance, how | TAKEN.async) ?? this._unawaited(lock, how);
    if (chain === undefined) {
      this._findings.deliver();
      return;
    }
    this._checks.checkUsage(chain, instance, 0, chain.stack);
    this._findings.deliver();
    if (this._isOff) return;
    this._tracker?.noteGranted(this._held.pushTask(chain, instance), granted);
    this._noticeOff();
    this._findings.deliver();
  }

  lockRelease(lock: LockClass, instance: number): void {
    if (this._isOff) return;
    const top = this._held.own.top();
    if (
      top !== undefined &&
      top.instance === instance &&
      top.chain.lock === lock &&
      top.nested === undefined
    ) {
      this._held.own.pop();
      return;
    }
    if (!this._held.remove(lock, instance, this._runningHolds)) {
      const stack = this._stackOf();
      this._findings.add('unlock', lock.name, (scene) => notHeldReleaseText(scene, lock, instance, stack));
    }
    this._noticeOff();
    this._findings.deliver();
  }

  /** Reports unless this thread or one of its tasks holds the lock; any lock of the class without `instance`. */
  assertHeld(lock: LockClass, instance?: number): void {
    if (this._isOff || this._held.find(lock, instance) !== undefined) return;
    const stack = this._stackOf();
    this._findings.add('not-held', lock.name, (scene) => assertHeldText(scene, lock, instance, stack));
    this._findings.deliver();
  }

  /** Before a lock's word is made anew, or its memory is freed. */
  initLock(lock: LockClass, instance: number): void {
    const held = this._isOff ? undefined : this._held.find(lock, instance);
    if (held === undefined) return;
    const stack = this._stackOf();
    this._findings.add('init-held', lock.name, (scene) => initHeldText(scene, held, instance, stack));
    this._findings.deliver();
  }

  /** Before a hook (default WAIT.spin) or callback (default WAIT.config) runs in the middle of what the thread does. */
  enterContext(context: Context, wait?: WaitType): void {
    this._contexts.enter(context, wait);
  }

  exitContext(context: Context): void {
    this._contexts.exit(context);
    this._markHeld();
  }

  /** No hook (or callback) can run in this thread until enableContext(); nests. */
  disableContext(context: Context): void {
    this._contexts.disable(context);
  }

  enableContext(context: Context): void {
    this._contexts.enable(context);
    this._markHeld();
  }

  /** Before an allocation that may reclaim memory: finds what it would wait for, though memory is not short. */
  mayReclaim(): void {
    if (this._noReclaim > 0) return;
    this.lockAcquire(RECLAIM, 0, 0);
    this.lockRelease(RECLAIM, 0);
  }

  /** Before shrinkers run in this thread. An allocation in there that may reclaim is reported. */
  enterReclaim(): void {
    this.lockAcquire(RECLAIM, 0, 0);
  }

  exitReclaim(): void {
    this.lockRelease(RECLAIM, 0);
  }

  /** Until exitNoReclaim() no allocation may reclaim, whatever it asks for; nests. */
  enterNoReclaim(): void {
    this._noReclaim++;
  }

  exitNoReclaim(): void {
    this._noReclaim--;
  }

  /** At the end of a turn: a lock that others spin for may not be held over an await. */
  turnEnded(): void {
    for (let at = 0; at < this._held.own.depth; at++) {
      const held = this._held.own.entries[at]!;
      const { node, lock } = held.chain;
      if (lock.inner === WAIT.none || lock.inner >= WAIT.sleep) continue;
      this._findings.add('turn', shortName(node), (scene) => turnText(scene, held));
    }
    this._findings.deliver();
  }

  /**
   * Reports what somebody else has found, unless it was found before.
   *
   * @param subject which of its kind it is
   */
  report(kind: ReportKind, subject: string, message: string): void {
    if (this._isOff) return;
    this._findings.add(kind, subject, () => message);
    this._findings.deliver();
  }

  /** The chain of a lock that is granted, where no wait for it is known. */
  private _unawaited(lock: LockClass, how: number): Chain | undefined {
    const outer = this._held.chainOf([]);
    return outer === undefined ? outer : this._step(outer, lock, how | TAKEN.async);
  }

  private _step(outer: Chain, lock: LockClass, how: number): Chain | undefined {
    const chain = this._held.step(outer, lock, how, this._stackOf);
    if (chain === undefined) this._noticeOff();
    return chain;
  }

  /** Another lock of the class on top, under a nest lock, joins it: as many as there are take one place. */
  private _joinNested(lock: LockClass, instance: number, how: number, nestLock: number): boolean {
    const top = this._held.own.top();
    if (top === undefined || !isSameClass(top.chain.lock, lock)) return false;
    if (subclassOf(top.chain.how) !== subclassOf(how) || top.contexts !== this._contexts.bits) return false;
    if (!this._held.holdsInstance(nestLock)) return false;
    top.nested ??= [];
    top.nested.push(instance);
    return true;
  }

  /** After contexts were enabled: what is held is now open to them. */
  private _markHeld(): void {
    if (this._isOff) return;
    for (const { chain, instance } of this._held.list()) this._checks.checkUsage(chain, instance, 0);
    this._findings.deliver();
  }

  /** What the running task holds, as far as it is known. */
  private _heldByTask(): HeldLock[] {
    const told = this._tracker?.heldByTask() ?? [];
    return told.filter((held): held is HeldLock => held instanceof HeldLock && held.isHeld);
  }

  private _noticeOff(): void {
    const reason = this._graph.offReason();
    if (reason !== undefined) this._turnOff(reason);
  }

  private _turnOff(reason: string): void {
    if (this._isOff) return;
    this._isOff = true;
    this._findings.off(reason);
  }
}
