/**
 * Performer: does operations on memory for threads, and watches them: which words are interleaved, which
 * accesses race, what each thread has seen.
 *
 *     visible[w]  threads are held before their operations on w: two of different threads met there unordered.
 *                 All others are ordered by what visible words order, so holding there could show nothing new.
 *
 * The set of visible words is found out, not declared: `hasGrown` tells an exploration to begin again.
 */
import type { Failure } from './failure.js';
import type { Memory } from './memory.js';
import type { ModelThread } from './model-thread.js';
import { OPERATION, type Operation, operationName } from './operation.js';
import { DATA_RACE, ORDERED, type Ordering, RaceCheck } from './race-check.js';
import { StoreBuffers } from './store-buffers.js';

/** What of a model decides how its accesses are judged. */
export interface Judgement {
  /** Names of the threads. */
  readonly threads: readonly string[];
  readonly hasStoreBuffers: boolean;
  /** True: a load whose value nobody looks at is nothing. */
  readonly ignoresFences: boolean;
  mayRace(word: number): boolean;
  nameOf(word: number): string;
}

/** One operation that was done, for a report. */
export interface Trace {
  readonly thread: number;
  readonly operation: Operation;
  readonly word: number;
  readonly before: number;
  readonly after: number;
  readonly result: number | string;
  /** True where the thread was held before it. */
  readonly isStep: boolean;
}

export class Performer {
  readonly memory: Memory;
  readonly buffers = new StoreBuffers();
  readonly visible: Uint8Array;
  readonly races: RaceCheck;
  hasGrown = false;
  /** True where a word that the invariant reads was written since this was last set to false. */
  looksChanged = false;
  /** The lanes of the store buffers that stores were put into since the last step began. */
  readonly filled: number[] = [];
  failure: Failure | undefined;
  /** Filled in where a report wants it. */
  traces: Trace[] | undefined;
  private readonly _isWaitedOn: Uint8Array;
  private readonly _isLookedAt: Uint8Array;
  private readonly _judgement: Judgement;

  constructor(memory: Memory, judgement: Judgement) {
    this.memory = memory;
    this._judgement = judgement;
    this.visible = new Uint8Array(memory.lengthWords);
    this._isWaitedOn = new Uint8Array(memory.lengthWords);
    this._isLookedAt = new Uint8Array(memory.lengthWords);
    this.races = new RaceCheck(judgement.threads.length, memory.lengthWords);
  }

  /** Puts everything back for an execution. */
  reset(): void {
    this.memory.reset((word) => this.races.forget(word));
    this.races.start();
    this.buffers.reset();
    this.filled.length = 0;
    this.failure = undefined;
    if (this.traces !== undefined) this.traces = [];
  }

  /** Does one operation. Waiting, pausing and threads are the machine's. */
  perform(thread: ModelThread, operation: Operation, word: number, a: number, b: number): number {
    this.memory.touch(word);
    const before = this.memory.values[word]!;
    const result = this._do(thread, operation, word, a, b);
    thread.observe(result);
    if (this.traces !== undefined) this._trace(thread, operation, word, before, result);
    return result;
  }

  /** An operation without a thread: before the threads start, after they have ended, or looking on. */
  performApart(operation: Operation, word: number, a: number, b: number): number {
    this.memory.touch(word);
    const old = this.memory.values[word]!;
    if (operation === OPERATION.compareExchange) {
      if (old === (a | 0)) this.memory.write(word, b);
    } else if (changes(operation)) {
      this.memory.write(word, changed(operation, old, a));
    }
    if (operation === OPERATION.store || operation === OPERATION.storePlain) return a;
    return operation === OPERATION.notify ? 0 : old;
  }

  /** Lets the oldest store of a lane reach memory. Returns the word. */
  drain(lane: number): number {
    const { word } = this.buffers.lanes[lane]!;
    const before = this.memory.values[word]!;
    const value = this.buffers.drain(lane);
    this.memory.write(word, value);
    this.looksChanged ||= this._isLookedAt[word] === 1;
    this.traces?.push({
      thread: this.buffers.lanes[lane]!.thread,
      ...{ operation: OPERATION.drain, word, before, after: value, result: value, isStep: true },
    });
    return word;
  }

  private _do(thread: ModelThread, operation: Operation, word: number, a: number, b: number): number {
    const { memory, races } = this;
    const { number } = thread;
    const old = this._seen(number, word);
    switch (operation) {
      case OPERATION.fence:
        // Where races are explored it orders nothing: what is seen as ordered by it would not be interleaved.
        if (!this._judgement.ignoresFences)
          this._judge(races.read(number, word, true), thread, operation, word);
        return 0;
      case OPERATION.load:
      case OPERATION.dereference:
      case OPERATION.loadPlain:
      case OPERATION.wait:
        this._judge(races.read(number, word, operation !== OPERATION.loadPlain), thread, operation, word);
        thread.trail.noteRead(word, memory);
        return old;
      case OPERATION.notify:
        return 0;
      case OPERATION.storePlain:
        this._judge(races.write(number, word, false), thread, operation, word);
        if (this._judgement.hasStoreBuffers && this.visible[word] === 1)
          this.filled.push(this.buffers.push(number, word, a));
        else this._write(thread, word, a);
        return a;
      case OPERATION.store:
        this._judge(races.write(number, word, true), thread, operation, word);
        this._write(thread, word, a);
        return a;
      case OPERATION.compareExchange:
        if (old !== (a | 0)) {
          this._judge(races.read(number, word, true), thread, operation, word);
          thread.trail.noteRead(word, memory);
          return old;
        }
        this._judge(races.update(number, word), thread, operation, word);
        thread.trail.noteRead(word, memory);
        this._write(thread, word, b);
        return old;
      default:
        this._judge(races.update(number, word), thread, operation, word);
        thread.trail.noteRead(word, memory);
        this._write(thread, word, changed(operation, old, a));
        return old;
    }
  }

  private _write(thread: ModelThread, word: number, value: number): void {
    const before = this.memory.versions[word]!;
    this.memory.write(word, value);
    this.looksChanged ||= this._isLookedAt[word] === 1;
    thread.trail.noteWrite(word, before, this.memory);
  }

  /** What `thread` sees a word hold: the youngest of its own stores, or memory. */
  private _seen(thread: number, word: number): number {
    const old = this.memory.values[word]!;
    return this._judgement.hasStoreBuffers ? (this.buffers.read(thread, word) ?? old) : old;
  }

  private _judge(ordering: Ordering, thread: ModelThread, operation: Operation, word: number): void {
    if (ordering === ORDERED) return;
    if (ordering === DATA_RACE && !this._judgement.mayRace(word)) {
      const other = this._judgement.threads[this.races.other];
      this.failure ??= {
        kind: 'race',
        message:
          `data race on ${this._judgement.nameOf(word)}: ${operationName(operation)} of thread ${thread.name} and ` +
          `an access of thread ${other} are not ordered, and one of them is plain`,
      };
    }
    this.learn(word);
  }

  /** From now on threads are held before their operations on `word`. */
  learn(word: number): void {
    if (this.visible[word] === 1) return;
    this.visible[word] = 1;
    this.hasGrown = true;
  }

  /** Notes an operation that touches no memory, for a report. */
  note({ number, operation, word }: ModelThread, result: number | string): void {
    this.traces?.push({ thread: number, operation, word, before: 0, after: 0, result, isStep: true });
  }

  /** The invariant reads `word`. */
  noteLook(word: number): void {
    if (this._isLookedAt[word] === 1) return;
    this._isLookedAt[word] = 1;
    this.learn(word);
  }

  /** True for a word that a thread has ever waited on: to notify it is a step. */
  isWaitedOn(word: number): boolean {
    return this._isWaitedOn[word] === 1;
  }

  /** A thread waits on `word`. */
  noteWait(word: number): void {
    if (this._isWaitedOn[word] === 1) return;
    this._isWaitedOn[word] = 1;
    this.hasGrown = true;
  }

  /** True for a store, or a read-modify-write, that would leave the word as it is. */
  isSilent(operation: Operation, word: number, operand: number): boolean {
    if (!changes(operation)) return false;
    const old = this.memory.values[word]!;
    return changed(operation, old, operand) === old;
  }

  private _trace(
    thread: ModelThread,
    operation: Operation,
    word: number,
    before: number,
    result: number,
  ): void {
    const after = this._seen(thread.number, word);
    const isStep = this.visible[word] === 1;
    this.traces?.push({ thread: thread.number, operation, word, before, after, result, isStep });
  }
}

function changes(operation: Operation): boolean {
  return (operation >= OPERATION.store && operation <= OPERATION.xor) || operation === OPERATION.storePlain;
}

/** What a read-modify-write, or a store, leaves in a word. */
function changed(operation: Operation, old: number, operand: number): number {
  switch (operation) {
    case OPERATION.add:
      return (old + (operand | 0)) | 0;
    case OPERATION.sub:
      return (old - (operand | 0)) | 0;
    case OPERATION.and:
      return old & operand;
    case OPERATION.or:
      return old | operand;
    case OPERATION.xor:
      return old ^ operand;
    default:
      return operand | 0;
  }
}
