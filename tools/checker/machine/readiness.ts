/**
 * Readiness: which processes of an execution can take a step.
 *
 *     a thread    not over, and not spinning or asleep without news; its buffered stores drained where it needs that
 *     a sleeper   whose time may come at any moment (`Bounds.timeouts`)
 *     a lane      not empty
 *
 * When none can, time passes: whoever spins, or waits with a timeout, goes on all the same. It passes for one
 * thread after the other: for the first until it has changed a word, has ended, or has gone round for too long, and
 * only then for the next. Which is first is anybody's choice. When it has passed for all in vain there is no end.
 *
 * I1  That a sleeper's time comes at any moment is a step like any other: it is there whether others can go on or
 *     not, and nobody has to let it go first. Fairness and the passing of time do not know of it.
 */
import { Fairness } from './fairness.js';
import { mix } from './memory.js';
import type { ModelThread } from './model-thread.js';
import { drainsFirst, EFFECT, OPERATION, READS } from './operation.js';
import type { Performer } from './performer.js';

/** So often time passes for a thread that changes nothing: bounded spins must come to their bound before. */
const MOST_ROUNDS = 100;
const NOBODY = -1;

export class Readiness {
  /** True where time has to pass for anybody to go on but those whose time may come at any moment. */
  isQuiet = false;
  private readonly _threads: readonly ModelThread[];
  private readonly _performer: Performer;
  private readonly _hasStoreBuffers: boolean;
  private readonly _fairness: Fairness;
  /** For whom time passes, and how often it has since the last change. */
  private _patient = NOBODY;
  private _rounds = 0;
  /** Those for whom it has passed in vain, as bits. */
  private _hopeless = 0;
  private _changesSeen = 0;

  constructor(threads: readonly ModelThread[], performer: Performer, hasStoreBuffers: boolean) {
    this._threads = threads;
    this._performer = performer;
    this._hasStoreBuffers = hasStoreBuffers;
    this._fairness = new Fairness(threads.length);
  }

  /** An execution begins. */
  begin(): void {
    this._beginQuiet();
    this._fairness.begin();
  }

  /** The processes that can take a step, as bits. */
  enabled(): number {
    const timeouts = this.timeouts();
    let enabled = 0;
    for (const thread of this._threads) if (this._canStep(thread)) enabled |= 1 << thread.number;
    const { lanes } = this._performer.buffers;
    for (let lane = 0; lane < lanes.length; lane++) {
      if (lanes[lane]!.values.length > 0) enabled |= 1 << (this._threads.length + lane);
    }
    this.isQuiet = enabled === 0;
    const chosen = this._fairness.choose(enabled, this._pausing());
    return (this.isQuiet ? this._passTime() : chosen) | timeouts;
  }

  /** The sleepers whose time may come at any moment, as bits. */
  timeouts(): number {
    let timeouts = 0;
    for (const thread of this._threads) if (thread.mayTimeOut()) timeouts |= 1 << thread.number;
    return timeouts;
  }

  /** True where time has to pass for a process to take its step. */
  isLate(process: number): boolean {
    return this.isQuiet && this._threads[process]?.mayTimeOut() !== true;
  }

  /** Notes that a process takes a step. */
  stepped(process: number): void {
    this._fairness.clear(process);
    const thread = this._threads[process];
    if (thread === undefined) return;
    if (this.isLate(process)) this._passed(process);
    if (waitsForNews(thread)) this._fairness.paused(process);
  }

  /** A number for whose turn it is, and for whom time passes. */
  hash(): number {
    const fairness = this._fairness.hash();
    const hasPassed = this._patient !== NOBODY || this._hopeless !== 0;
    // Where a word has changed since, it is forgotten when time next passes.
    if (!hasPassed || this._performer.memory.changes !== this._changesSeen) return fairness;
    return mix(fairness, mix(this._patient, this._hopeless, 17), 19);
  }

  /** The threads that are about to look anew, as bits. */
  private _pausing(): number {
    let pausing = 0;
    for (const thread of this._threads) if (waitsForNews(thread)) pausing |= 1 << thread.number;
    return pausing;
  }

  /** True when threads have gone round for long and nothing has changed. */
  isEndless(): boolean {
    return this._hopeless !== 0;
  }

  /** True before an operation that waits until the thread's stores have reached memory. */
  awaitsDrain(thread: ModelThread, operation = thread.operation): boolean {
    return this._hasStoreBuffers && drainsFirst(operation) && !this._performer.buffers.isEmpty(thread.number);
  }

  private _canStep(thread: ModelThread): boolean {
    if (thread.isOver()) return false;
    const { memory } = this._performer;
    switch (thread.operation) {
      case OPERATION.pause:
        return thread.trail.hasNews(memory);
      case OPERATION.wake:
        if (thread.mayTimeOut()) return false;
        return thread.isWoken || (thread.isTimed && thread.trail.hasNews(memory));
      case OPERATION.awaitEnd:
        return this._threads[thread.word]!.isOver();
    }
    if (this.awaitsDrain(thread)) return false;
    return !goesRound(thread) || thread.trail.hasNews(memory);
  }

  /** Notes that a thread takes its step because time has passed. */
  private _passed(thread: number): void {
    if (thread !== this._patient) this._rounds = 0;
    this._patient = thread;
    if (++this._rounds < MOST_ROUNDS) return;
    this._hopeless |= 1 << thread;
    this._patient = NOBODY;
  }

  private _passTime(): number {
    const { changes } = this._performer.memory;
    if (changes !== this._changesSeen) this._beginQuiet();
    this._changesSeen = changes;
    let enabled = 0;
    for (const thread of this._threads) {
      if (thread.isOver() || thread.operation === OPERATION.awaitEnd) continue;
      if (thread.operation === OPERATION.wake && !thread.isTimed) continue;
      enabled |= 1 << thread.number;
    }
    enabled &= ~this._hopeless;
    const patient = this._patient === NOBODY ? 0 : 1 << this._patient;
    return (enabled & patient) !== 0 ? patient : enabled;
  }

  private _beginQuiet(): void {
    this._patient = NOBODY;
    this._rounds = 0;
    this._hopeless = 0;
  }
}

/** True before an operation that a loop makes again and again while it waits. */
function waitsForNews(thread: ModelThread): boolean {
  if (thread.mayTimeOut()) return false;
  return thread.operation === OPERATION.pause || (thread.operation === OPERATION.wake && thread.isTimed);
}

/** True where a thread goes on because a word that it has read has changed. */
export function comesByNews(thread: ModelThread): boolean {
  const { operation } = thread;
  if (operation === OPERATION.wake) return !thread.isWoken && !thread.mayTimeOut();
  return operation === OPERATION.pause || goesRound(thread);
}

/** True before a read by a thread that goes round without learning anything. */
function goesRound(thread: ModelThread): boolean {
  return thread.trail.goesRound() && EFFECT[thread.operation] === READS;
}
