/**
 * Remote: a worker that does with the locks of a heap what the test tells it, one thing at a time, and answers. What
 * it is told and does not answer in time is named in the error.
 */
import { Worker } from 'node:worker_threads';
import type { Address, HeapHandle } from '../../src/index.js';
import type { Visit } from './locks-death.js';
import type { Place } from './locks-take.js';
import { SEED_NOTE } from './seed.js';

export type Command =
  /** Takes a lock and keeps it; answers once it has it. */
  | { readonly do: 'take'; readonly place: Place; readonly way: Way; readonly timeoutMillis?: number }
  /** Takes so much of a lock that nobody else can have what the place names. */
  | { readonly do: 'takeAll'; readonly place: Place }
  /** Says that what the lock taken last guards is whole. */
  | { readonly do: 'mend' }
  /** Releases all that it has taken. */
  | { readonly do: 'release' }
  /** Goes in, looks, and out again. */
  | ({ readonly do: 'visit' } & Visit)
  /** Visits until the word LEDGER.stop is set. */
  | ({ readonly do: 'contend' } & Visit)
  /** Uses tokens until they are stopped. */
  | { readonly do: 'consume'; readonly name: string; readonly ledger: Address }
  /** Notifies one that waits for a condition. */
  | { readonly do: 'notify'; readonly name: string }
  | { readonly do: 'detach' };

export type Way = 'sync' | 'async' | 'try';

/** What a visitor was told, or how a command failed. */
export interface Answer {
  /** Of a `take` by `try`: whether it has it. */
  readonly isTaken?: boolean;
  readonly ownerDied?: boolean;
  /** Of a `notify`: whether anybody waited. */
  readonly isNotified?: boolean;
  /** How many visits were told that an owner had died. */
  readonly told?: number;
  readonly visits?: number;
  readonly waitedMillis?: number;
  /** `name: message` of what it threw. */
  readonly error?: string;
}

export interface RemoteBriefing {
  readonly handle: HeapHandle;
  readonly name: string;
}

/** Longest time for anything that has no other limit. */
const LIMIT_MILLIS = 10_000;

/** Fails with what was waited for unless `work` ends in time. */
export async function within<T>(work: Promise<T>, what: string, limitMillis = LIMIT_MILLIS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const error = new Error(`hung for ${limitMillis} ms: ${what} ${SEED_NOTE}`);
    timer = setTimeout(() => reject(error), limitMillis);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `isSo`; fails with `what` where that does not come about. */
export async function until(isSo: () => boolean, what: string, limitMillis = LIMIT_MILLIS): Promise<void> {
  const deadline = performance.now() + limitMillis;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`never came about: ${what} ${SEED_NOTE}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export class Remote {
  readonly name: string;
  readonly worker: Worker;
  private readonly _end: Promise<void>;
  private _answered: (answer: Answer) => void = () => {};
  private _failed: (error: Error) => void = () => {};

  private constructor(handle: HeapHandle, name: string) {
    const workerData: RemoteBriefing = { handle, name };
    this.name = name;
    this.worker = new Worker(new URL('./locks-remote-worker.js', import.meta.url), { workerData });
    this.worker.on('message', (answer: Answer) => this._answered(answer));
    this.worker.on('error', (error) => this._failed(error as Error));
    this._end = new Promise((resolve) => this.worker.on('exit', () => resolve()));
    // Whatever it has not answered it never will.
    void this._end.then(() => this._failed(new Error(`${name} has ended`)));
  }

  /** Resolves once the worker has attached to the heap. */
  static async start(handle: HeapHandle, name: string): Promise<Remote> {
    const remote = new Remote(handle, name);
    await within(remote._nextAnswer(), `${name} attaches`);
    // Who waits for an answer keeps the process; a test that has failed does not.
    remote.worker.unref();
    return remote;
  }

  /** Tells it to do something; the answer may be an error. Only after the last answer has come. */
  call(command: Command, limitMillis = LIMIT_MILLIS): Promise<Answer> {
    const answer = this._nextAnswer();
    this.worker.postMessage(command);
    return within(answer, `${this.name} is to ${describe(command)}`, limitMillis);
  }

  /** call() that must succeed. */
  async ask(command: Command, limitMillis = LIMIT_MILLIS): Promise<Answer> {
    const answer = await this.call(command, limitMillis);
    if (answer.error === undefined) return answer;
    throw new Error(`${this.name} was to ${describe(command)}: ${answer.error} ${SEED_NOTE}`);
  }

  /** Ends it where it stands, and waits until it has been noticed. */
  async terminate(): Promise<void> {
    await within(this.worker.terminate(), `the termination of ${this.name}`);
    await within(this._end, `the end of ${this.name}`);
  }

  /** Has it leave the heap and end by itself. */
  async leave(): Promise<void> {
    await this.ask({ do: 'detach' });
    await within(this._end, `${this.name} ends by itself`);
  }

  private _nextAnswer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this._answered = resolve;
      this._failed = reject;
    });
  }
}

function describe(command: Command): string {
  if (!('place' in command)) return command.do;
  return `${command.do} ${command.place.kind} '${command.place.name}'`;
}
