/**
 * Machine: executions of one model, a step at a time. Whoever explores decides which process takes the next.
 *
 *     processes:  the threads, 0 to n - 1, then the lanes of the store buffers, each draining one store a step
 *     step(p):    does the operation that p is held before, and runs p's code on to the next one
 *
 * Between two steps a thread's operations on words that are not visible are done at once.
 */

import { runPlainly } from '../hold/runtime.js';
import type { Bounds, Model, Stage } from '../model.js';
import { type Failure, failureOf, judge, notHeld, stuckFailure } from './failure.js';
import { type Fault, NO_FAULT } from './fault.js';
import { HoldRule } from './hold-rule.js';
import { Memory, mix } from './memory.js';
import { registerBuffer } from './model-atomics.js';
import { QuietHost } from './model-host.js';
import { ModelThread, type StepResult } from './model-thread.js';
import { type Accesses, ModelWords } from './model-words.js';
import { drainsFirst, EFFECT, OPERATION, type Operation } from './operation.js';
import { Performer } from './performer.js';
import { comesByNews, Readiness } from './readiness.js';
import { Sleepers } from './sleepers.js';
import { bodyOf, stageOf } from './stage-of.js';
import { stateHash } from './state-hash.js';
import { timeoutsOf } from './timeouts.js';

const DEFAULT_LENGTH_WORDS = 64;
/** Processes are numbered by the bits of a word. */
const MOST_PROCESSES = 31;

export class Machine implements Accesses {
  readonly lengthWords: number;
  readonly threads: readonly ModelThread[];
  readonly performer: Performer;
  readonly words: ModelWords;
  readonly readiness: Readiness;
  /** What the last step did, for whoever explores. */
  lastWord = 0;
  lastEffect = 0;
  /** Where the last step waited for news: the words that had changed. */
  readonly lastNews: number[] = [];
  /** Its other words: had they changed, it could have come too. */
  readonly lastHopes: number[] = [];
  /** True where time had to pass for the last step to happen. */
  lastWasLate = false;
  /** The thread whose end let the last step happen; -1: none. */
  lastJoined = -1;
  /** True where the last step waited for the thread's stores to reach memory. */
  lastDrained = false;
  /** The model's state of the execution that runs. */
  state: unknown;
  private readonly _model: Model;
  private readonly _bounds: Bounds;
  /** By thread: how many of its waits may time out while others go on. */
  private readonly _timeouts: readonly number[];
  private readonly _hosts: QuietHost[] = [];
  private _current: ModelThread | undefined;
  /** True while the invariant is checked. */
  private _isLooking = false;
  private _fault: Fault = NO_FAULT;
  private readonly _holdRule: HoldRule;
  private readonly _sleepers: Sleepers;
  private readonly _stage: Stage;

  constructor(model: Model, bounds: Bounds) {
    const names = Object.keys(model.threads);
    const memory = new Memory(model.lengthWords ?? DEFAULT_LENGTH_WORDS);
    this._model = model;
    this._bounds = bounds;
    this._timeouts = timeoutsOf(bounds, names);
    this.lengthWords = memory.lengthWords;
    this.threads = names.map((name, number) => new ModelThread(name, number));
    this.performer = new Performer(memory, {
      threads: names,
      hasStoreBuffers: bounds.storeBuffers ?? false,
      ignoresFences: bounds.races === 'explored',
      mayRace: (word) => bounds.races === 'explored' || (model.mayRace?.(word) ?? false),
      nameOf: (word) => this.nameOf(word),
    });
    this.words = new ModelWords(this);
    registerBuffer(memory.buffer, this);
    this.readiness = new Readiness(this.threads, this.performer, bounds.storeBuffers ?? false);
    this._holdRule = new HoldRule(this.performer, this.readiness, bounds);
    this._sleepers = new Sleepers(this.performer);
    this._stage = stageOf(this.words, memory.buffer, names, {
      host: (number) => this._hosts[number]!,
      awaitEnd: (number) => this.access(OPERATION.awaitEnd, number, 0, 0) as unknown as boolean,
      shouldFail: () => this._shouldFail(),
    });
    if (model.prepare !== undefined) runPlainly(model.prepare(this.words), 'prepare()');
    memory.keepInitial();
  }

  /** What a report calls a word. */
  nameOf(word: number): string {
    // A name may look at memory, as nobody does: no thread is held for it, and no access of a thread is noted.
    const current = this._current;
    this._current = undefined;
    try {
      return (runPlainly(this._model.nameOf?.(word), 'nameOf()') as string | undefined) ?? `word ${word}`;
    } finally {
      this._current = current;
    }
  }

  /** Begins an execution: every thread runs to where it is first held. */
  begin(fault: Fault): void {
    this.performer.reset();
    this._fault = fault;
    this.readiness.begin();
    this._sleepers.begin();
    this._hosts.length = 0;
    this._current = undefined;
    for (const _ of this.threads) this._hosts.push(new QuietHost());
    this.state = runPlainly(this._model.setup(this._stage), 'setup()');
    for (const thread of this.threads) {
      thread.begin(bodyOf(this._model.threads[thread.name]!, this.state, this._hosts[thread.number]!));
      if (fault.kind === 'kill' && fault.thread === thread.number) thread.killAfter = fault.after;
      thread.timeoutsLeft = this._timeouts[thread.number]!;
    }
  }

  /** Runs every thread to where it is first held; `holdAfter` is set by then where a replay wants it. */
  start(): void {
    for (const thread of this.threads) this._resume(thread, undefined);
  }

  /** The processes that can take a step, as bits; 0 when the execution is over, or stuck. */
  enabled(): number {
    if (this.performer.failure !== undefined) return 0;
    if (this.processes() > MOST_PROCESSES) {
      throw new Error(
        `a model came to ${this.processes()} threads and buffered words; ${MOST_PROCESSES} is the most. ` +
          'Give it fewer threads, or fewer words that race',
      );
    }
    return this.readiness.enabled();
  }

  /** A number for the state that it is in. */
  stateHash(): number {
    return stateHash(this.threads, this.performer, mix(this.readiness.hash(), this._sleepers.hash(), 15));
  }

  /** Number of processes so far. */
  processes(): number {
    return this.threads.length + this.performer.buffers.lanes.length;
  }

  /** The word that process `p` would touch. */
  nextWord(p: number): number {
    const thread = this.threads[p];
    return thread === undefined ? this.performer.buffers.lanes[p - this.threads.length]!.word : thread.word;
  }

  /** What process `p` would do to it. */
  nextEffect(p: number): number {
    const thread = this.threads[p];
    if (thread === undefined) return EFFECT[OPERATION.drain]!;
    return this._holdRule.effectOf(thread);
  }

  /** Process `p` takes its step; it is enabled. */
  step(p: number): void {
    const thread = this.threads[p];
    this.performer.filled.length = 0;
    this.performer.looksChanged = false;
    this.performer.memory.changed.length = 0;
    this.lastNews.length = 0;
    this.lastHopes.length = 0;
    this.lastWasLate = this.readiness.isLate(p);
    this.readiness.stepped(p);
    if (thread === undefined) {
      this.lastEffect = EFFECT[OPERATION.drain]!;
      this.lastWord = this.performer.drain(p - this.threads.length);
      this.lastJoined = -1;
      this.lastDrained = false;
      return;
    }
    this.lastEffect = this._holdRule.effectOf(thread);
    this.lastWord = thread.word;
    this.lastJoined = thread.operation === OPERATION.awaitEnd ? thread.word : -1;
    if (comesByNews(thread)) thread.trail.sort(this.performer.memory, this.lastNews, this.lastHopes);
    this.lastDrained = this._bounds.storeBuffers === true && drainsFirst(thread.operation);
    const result = this._operate(thread);
    if (result !== undefined && this.performer.failure === undefined) this._resume(thread, result);
  }

  /** Why the execution ended badly; undefined when all is well. Called when nothing is enabled. */
  verdict(): Failure | undefined {
    if (this.performer.failure !== undefined) return this.performer.failure;
    const stuck = this.threads.filter((thread) => !thread.isOver());
    if (stuck.length > 0) {
      const kind = this.readiness.isEndless() ? 'livelock' : 'deadlock';
      return stuckFailure(stuck, this.threads, kind, (word) => this.nameOf(word));
    }
    return judge(() => this._model.final?.(this.state), 'at the end');
  }

  /** Checks what must always hold. */
  checkInvariant(): void {
    if (this._model.invariant === undefined || this.performer.failure !== undefined) return;
    this._isLooking = true;
    this.performer.failure = judge(() => this._model.invariant!(this.state), 'the invariant');
    this._isLooking = false;
  }

  /** The words that the last step changed, and what its thread then did without being held. */
  lastChanges(): readonly number[] {
    return this.performer.memory.changed;
  }

  /** True when a process that could go on is no thread of the model, or goes on by itself. */
  isLane(p: number): boolean {
    return p >= this.threads.length;
  }

  access(operation: Operation, word: number, a: number, b: number): number {
    const thread = this._current;
    if (thread === undefined) {
      if (this._isLooking) this.performer.noteLook(word);
      return this.performer.performApart(operation, word, a, b);
    }
    if (this.performer.failure !== undefined) return held(thread);
    if (thread.isAtStep) throw notHeld(thread);
    // A word that is not there is an error of the code, which must meet it where it is, held or not.
    if (operation < OPERATION.pause) this.performer.memory.touch(word);
    if (thread.accesses === thread.killAfter) this._kill(thread);
    if (thread.isKilled || this._holdRule.mustHold(thread, operation, word)) {
      thread.operation = operation;
      thread.word = word;
      thread.a = a;
      thread.b = b;
      return held(thread);
    }
    thread.accesses++;
    return this.performer.perform(thread, operation, word, a, b);
  }

  accessWithin(operation: Operation, word: number, a: number): number {
    const thread = this._current;
    if (thread === undefined) return this.performer.performApart(operation, word, a, 0);
    return this.performer.perform(thread, operation, word, a, 0);
  }

  private _kill(thread: ModelThread): void {
    thread.isKilled = true;
    thread.operation = OPERATION.kill;
    this.performer.note(thread, 0);
  }

  /** Does the operation that a thread is held before; undefined when it sleeps. */
  private _operate(thread: ModelThread): StepResult | undefined {
    const { performer } = this;
    thread.accesses++;
    switch (thread.operation) {
      case OPERATION.pause:
        performer.note(thread, 0);
        // Where it is has changed, though it was told nothing: states before and after are not the same.
        thread.observe(0);
        thread.trail.forget();
        return 0;
      case OPERATION.awaitEnd:
        performer.races.join(thread.number, thread.word);
        performer.note(thread, 0);
        thread.observe(this.threads[thread.word]!.isKilled ? 1 : 0);
        return !this.threads[thread.word]!.isKilled;
      case OPERATION.wait:
        return this._sleepers.sleep(thread);
      case OPERATION.wake:
        return this._sleepers.wake(thread);
      case OPERATION.notify:
        return this._sleepers.notify(thread);
      default:
        return performer.perform(thread, thread.operation, thread.word, thread.a, thread.b);
    }
  }

  /** Runs a thread's code on, with the result of its operation, to where it is held next. */
  private _resume(thread: ModelThread, result: StepResult | undefined): void {
    this._current = thread;
    thread.sinceHeld = 0;
    try {
      thread.isAtStep = false;
      if (thread.body.next(result).done === true) {
        if (thread.isAtStep) throw notHeld(thread);
        thread.isEnded = true;
      }
    } catch (error) {
      this.performer.failure ??= failureOf(error, `thread ${thread.name}`);
      thread.isEnded = true;
    } finally {
      this._current = undefined;
    }
  }

  private _shouldFail(): boolean {
    const thread = this._current;
    if (thread === undefined) return false;
    thread.allocations++;
    const fault = this._fault;
    return fault.kind === 'fail' && fault.thread === thread.number && fault.nth === thread.allocations;
  }
}

/** What held code sees of an operation that it is held before. */
function held(thread: ModelThread): number {
  thread.isAtStep = true;
  return thread.step as unknown as number;
}
