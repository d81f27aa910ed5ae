/**
 * What a model is: a few threads over one small shared memory, and what must hold whatever their interleaving.
 *
 *     prepare (once) -> memory -> [ setup -> threads, interleaved -> final ]  again for every execution
 *                                            invariant after every step
 *
 * A thread is an ordinary synchronous function over `Words`, or over `Atomics` and an Int32Array: the checker holds it before each access that
 * another thread could notice. What threads share must be in words: JavaScript objects that two threads of a
 * model change are shared behind the checker's back.
 */
import type { Host } from '../../src/words/host.js';
import type { Words } from '../../src/words/words.js';

/** How far an exploration goes. */
export interface Bounds {
  /** Most preemptions in one execution: switches away from a thread that could go on. Absent: every schedule. */
  readonly preemptions?: number;
  /** Plain stores lie in a buffer of their thread and reach memory in any order between different words. */
  readonly storeBuffers?: boolean;
  /** Threads of which one in each execution is stopped for good before one of its accesses: each of them, at each. */
  readonly kills?: readonly string[];
  /** True: one allocation of each execution fails, each in turn (`Stage.shouldFail`). */
  readonly failures?: boolean;
  /**
   * Threads whose waits with a limit may time out at any moment, while others go on: each of them once in an
   * execution, and again only where nobody else can go on. True: all threads.
   */
  readonly timeouts?: readonly string[] | true;
  /** Races of plain accesses are reported, unless they are `explored`: every order of them is, as far as it goes. */
  readonly races?: 'reported' | 'explored';
  /** Most steps of one execution; one that is longer is reported as a livelock. */
  readonly steps?: number;
  /** Most executions: an exploration that is not through by then is reported as incomplete. */
  readonly executions?: number;
}

/** A thread's Host, driven by the model. When the thread's function returns, its microtasks are run. */
export interface ModelHost extends Host {
  /** The synchronous run ends here: runs the microtasks that are queued, and those that they queue. */
  runMicrotasks(): void;
  /** Fires every timer that is started, as if its time had come. */
  fireTimers(): void;
}

/** What the objects of one execution are made of. */
export interface Stage {
  readonly words: Words;
  /** The same memory, for code that uses `Atomics` and an Int32Array itself. */
  readonly buffer: SharedArrayBuffer;
  /** The host of a thread of the model. */
  host(thread: string): ModelHost;
  /** Holds the calling thread until `thread` has ended or was killed; false when it was killed. */
  awaitEnd(thread: string): boolean;
  /** Whether the allocation about to be made fails. Asked by the model's allocator; see `Bounds.failures`. */
  shouldFail(): boolean;
}

export interface ModelDefinition<S> {
  /** The claim, as a sentence. */
  readonly name: string;
  /** Words of the memory, 64 unless given. */
  readonly lengthWords?: number;
  /** Writes the memory that every execution starts from: zeroes but for this. Called once. */
  prepare?(words: Words): void;
  /** Makes the objects of one execution, before its threads start. */
  setup(stage: Stage): S;
  /** The threads by name; each is one synchronous run. */
  readonly threads: Readonly<Record<string, (state: S) => void>>;
  /** Throws where what must always hold does not. Called after every step; changes nothing. */
  invariant?(state: S): void;
  /** Throws where the end is wrong. Called when every thread has ended or was killed. */
  final?(state: S): void;
  /** What a word is called in a report. */
  nameOf?(index: number): string;
  /** True for a word whose plain accesses may race: every order of them is explored instead of reported. */
  mayRace?(index: number): boolean;
  readonly bounds?: Bounds;
  /** Bounds of a nightly run, on top of `bounds`; what they cost is noted beside them. */
  readonly nightly?: Bounds;
}

const MODEL = Symbol.for('lull.checker.model');

export interface Model<S = unknown> extends ModelDefinition<S> {
  readonly [MODEL]: true;
}

/** Declares a model: a model file exports what this returns. */
export function model<S>(definition: ModelDefinition<S>): Model<S> {
  return { ...definition, [MODEL]: true };
}

/** True for what `model()` returned. */
export function isModel(value: unknown): value is Model {
  return typeof value === 'object' && value !== null && (value as Partial<Model>)[MODEL] === true;
}
