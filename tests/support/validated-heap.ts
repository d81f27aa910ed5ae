/**
 * ValidatedHeap: a validating heap under test, what its validator has reported, and the FakeHost that moves its
 * turns. The same with `validate: false` is the heap to compare it with.
 */
import type { TestContext } from 'node:test';
import type { HeapOptions } from '../../src/heap/heap-options.js';
import type { ValidateOptions } from '../../src/heap/validation.js';
import { LockOrderError, type LockReport } from '../../src/lockdep/report.js';
import { Heap } from '../../src/shared-heap.js';
import type { Host, WaitRight } from '../../src/words/host.js';
import { FakeHost } from './fake-host.js';

const SIZE: HeapOptions = { bytes: 4 * 2 ** 20, threads: 4, hashSeed: [1, 2] };

export interface ValidatedSizes {
  readonly heap?: HeapOptions;
  readonly validate?: ValidateOptions | false;
  readonly waitRight?: WaitRight;
}

export class ValidatedHeap {
  readonly host: FakeHost;
  readonly heap: Heap;
  readonly reports: LockReport[] = [];
  private readonly _heaps: Heap[] = [];

  constructor(t: TestContext, { heap = {}, validate = {}, waitRight = 'may-wait' }: ValidatedSizes = {}) {
    this.host = new FakeHost(waitRight);
    const wanted = validate === false ? false : { onReport: this.note, ...validate };
    this.heap = Heap.create({ ...SIZE, name: 'main', validate: wanted, ...heap }, { host: this.host });
    this._heaps.push(this.heap);
    t.after(() => {
      this.host.runMicrotasks();
      for (const one of this._heaps) one.detach();
    });
  }

  /** One more thread of the heap, played on this one. */
  attach(name: string, host: Host = new FakeHost()): Heap {
    const heap = Heap.attach(this.heap.handle, { name, validate: { onReport: this.note } }, { host });
    this._heaps.push(heap);
    return heap;
  }

  /** The keys of what was reported since the last call. */
  take(): string[] {
    return this.reports.splice(0).map(({ key }) => key.split('\n')[0]!);
  }

  /** The only report since the last call. */
  takeOne(): LockReport {
    const [report, ...more] = this.reports.splice(0);
    if (report === undefined || more.length > 0) {
      throw new Error(`there are ${more.length + (report === undefined ? 0 : 1)} reports instead of one`);
    }
    return report;
  }

  /** Ends the synchronous run, and so the turns. */
  endTurn(): void {
    this.host.runMicrotasks();
  }

  private readonly note = (report: LockReport): void => void this.reports.push(report);
}

/** What `fn` throws, which is a report of the validator. */
export function thrownReport(fn: () => unknown): LockReport {
  try {
    fn();
  } catch (error) {
    if (error instanceof LockOrderError) return error.report;
    throw error;
  }
  throw new Error('nothing was thrown');
}
