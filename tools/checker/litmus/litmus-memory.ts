/**
 * How the memory of a litmus test is cut.
 *
 *     domain 0 (RCU)   domain 1 (an srcu_struct) ..   cells of the globals   a word of each process
 *
 * A domain is a heap that has nothing but grace periods: the header, the front of a slot for each process that reads,
 * and the snapshots. Turn and GracePeriod find all they look at in it.
 */
import { type Geometry, HEADER, HEADER_WORDS } from '../../../src/layout/heap-header.js';
import { planHeap, type Shape } from '../../../src/layout/heap-layout.js';
import { SLOT } from '../../../src/layout/thread-slot.js';
import type { AsyncWait, WaitResult, Words } from '../../../src/words/words.js';
import type { Instruction, LitmusProcess, LitmusTest } from './syntax.js';

/** One grace period before the number wraps. */
const FIRST_SEQUENCE = -4;

/** A slot as far as grace periods look at it: its turn word, what is asked of it, its state. */
const SLOT_WORDS = SLOT.state + 1;

/** Nothing of a heap but its threads. */
const SHAPE: Omit<Shape, 'slots'> = {
  ...{ totalPages: 1, maxCaches: 0, sheafCapacity: 0, barnSheaves: 0, minPartialSlabs: 0, maxSlabObjects: 0 },
  ...{ pageListHighMin: 0, pageListHighMax: 0, pageListBatch: 0, pageListFloor: 0, minFreePages: 0 },
  ...{ pointerPageSource: 0, reservedSheaves: 0, debugHooks: 0, faultInjection: 0 },
  ...{ turnOperations: 1, drainMillis: 1, pollMillis: 1, maxWaitingWords: 0, stallMillis: 0, spinRounds: 0 },
  ...{ mapBucketsLog2: 0, hashSeed0: 0, hashSeed1: 0, firstSequence: FIRST_SEQUENCE },
};

export interface LitmusMemory {
  /** Of each domain, counted from its own start. */
  readonly geometry: Geometry;
  readonly domainWords: number;
  readonly cellsStart: number;
  readonly cells: number;
  /** A word of each process, by its number. */
  readonly ownStart: number;
  readonly lengthWords: number;
  /** By domain: the numbers of the processes that read in it; their place is their slot. */
  readonly readers: readonly (readonly number[])[];
}

export function planLitmusMemory(test: LitmusTest): LitmusMemory {
  const slots = test.processes.length;
  const slotsStart = HEADER_WORDS;
  const turnSnapshotsStart = slotsStart + slots * SLOT_WORDS;
  const geometry = {
    ...planHeap({ ...SHAPE, slots }),
    slotsStart,
    slotWords: SLOT_WORDS,
    turnSnapshotsStart,
  };
  const domainWords = turnSnapshotsStart + slots;
  const cellsStart = test.domains * domainWords;
  const last = test.globals.at(-1);
  const cells = last === undefined ? 0 : last.cell + last.initial.length;
  const ownStart = cellsStart + cells;
  return {
    ...{ geometry, domainWords, cellsStart, cells, ownStart },
    lengthWords: ownStart + slots,
    readers: Array.from({ length: test.domains }, (_, domain) => readersOf(test.processes, domain)),
  };
}

function readersOf(processes: readonly LitmusProcess[], domain: number): number[] {
  const reads = ({ operation, subject }: Instruction): boolean =>
    operation === 'readLock' && subject === domain;
  return [...processes.keys()].filter((number) => processes[number]!.code.some(reads));
}

/** Writes what every execution starts from. */
export function writeLitmusMemory(words: Words, test: LitmusTest, memory: LitmusMemory): void {
  for (let domain = 0; domain < test.domains; domain++) {
    const start = domain * memory.domainWords;
    words.storePlain(start + HEADER.gracePeriodSequence, FIRST_SEQUENCE);
    words.storePlain(start + HEADER.slotsClaimed, memory.readers[domain]!.length);
  }
  for (const { cell, initial } of test.globals) {
    for (let i = 0; i < initial.length; i++) words.storePlain(memory.cellsStart + cell + i, initial[i]!);
  }
}

/**
 * The words of one domain, counted from its start. A load whose value nobody looks at only empties the store
 * buffer: it is made of a word of the process's own, so that no other thread's step depends on it.
 */
export class DomainWords implements Words {
  readonly lengthWords: number;
  private readonly _words: Words;
  private readonly _start: number;
  private readonly _fenceWord: number;

  constructor(words: Words, start: number, lengthWords: number, fenceWord: number) {
    this._words = words;
    this._start = start;
    this.lengthWords = lengthWords;
    this._fenceWord = fenceWord;
  }

  /** @param isDiscarded set by the checker's transformation where nobody looks at the value */
  load(index: number, isDiscarded = false): number {
    if (isDiscarded) return this._words.load(this._fenceWord);
    return this._words.load(this._start + index);
  }
  store(index: number, value: number): void {
    this._words.store(this._start + index, value);
  }
  exchange(index: number, value: number): number {
    return this._words.exchange(this._start + index, value);
  }
  compareExchange(index: number, expected: number, value: number): number {
    return this._words.compareExchange(this._start + index, expected, value);
  }
  add(index: number, value: number): number {
    return this._words.add(this._start + index, value);
  }
  and(index: number, mask: number): number {
    return this._words.and(this._start + index, mask);
  }
  or(index: number, mask: number): number {
    return this._words.or(this._start + index, mask);
  }
  wait(index: number, expected: number, timeoutMillis: number): WaitResult {
    return this._words.wait(this._start + index, expected, timeoutMillis);
  }
  waitAsync(index: number, expected: number, timeoutMillis: number): AsyncWait | undefined {
    return this._words.waitAsync(this._start + index, expected, timeoutMillis);
  }
  notify(index: number, count: number): number {
    return this._words.notify(this._start + index, count);
  }
  pause(): void {
    this._words.pause();
  }
  loadPlain(index: number): number {
    return this._words.loadPlain(this._start + index);
  }
  storePlain(index: number, value: number): void {
    this._words.storePlain(this._start + index, value);
  }
  dereference(index: number): number {
    return this._words.dereference(this._start + index);
  }
  fillPlain(from: number, to: number, value: number): void {
    this._words.fillPlain(this._start + from, this._start + to, value);
  }
  readBytesPlain(index: number, target: Uint8Array, byteLength: number): void {
    this._words.readBytesPlain(this._start + index, target, byteLength);
  }
  writeBytesPlain(index: number, source: Uint8Array, byteLength: number): void {
    this._words.writeBytesPlain(this._start + index, source, byteLength);
  }
}
