/**
 * A schedule as a short string: which thread went how far, in turn, and what fault there was.
 *
 *     kA7.w12,13.A5B3dA12A9      kill thread A before its 8th operation; words 12 and 13 are buffered;
 *                                A runs up to its 5th operation, B up to its 3rd, a store of A to word 12
 *                                reaches memory, A runs up to its 9th
 *
 * It counts operations on shared memory, not steps, so it means the same whatever words are interleaved.
 */
import { type Fault, NO_FAULT } from '../machine/fault.js';
import type { Machine } from '../machine/machine.js';

/** One piece of a schedule: a thread runs until it has done so many operations, or a buffered store drains. */
export type Leg =
  | { readonly kind: 'run'; readonly thread: number; readonly until: number }
  | { readonly kind: 'drain'; readonly thread: number; readonly word: number };

/** What a schedule string says. */
export interface ParsedSchedule {
  readonly fault: Fault;
  /** Words whose plain stores are buffered. */
  readonly buffered: readonly number[];
  readonly legs: readonly Leg[];
}

export class Schedule {
  private readonly _machine: Machine;
  private readonly _processes: number[] = [];
  private readonly _untils: number[] = [];
  private _fault: Fault = NO_FAULT;
  /** Per thread: the operations it did before any step was taken. */
  private _starts: readonly number[] = [];

  constructor(machine: Machine) {
    this._machine = machine;
  }

  begin(fault: Fault): void {
    this._fault = fault;
    this._starts = this._machine.threads.map(({ accesses }) => accesses);
    this._processes.length = 0;
    this._untils.length = 0;
  }

  /** Notes that `process` has taken a step. */
  note(process: number): void {
    const { threads, performer } = this._machine;
    const thread = threads[process];
    this._processes.push(process);
    this._untils.push(
      thread === undefined ? performer.buffers.lanes[process - threads.length]!.word : thread.accesses,
    );
  }

  /** How many steps were noted. */
  steps(): number {
    return this._processes.length;
  }

  toString(): string {
    const { threads, performer } = this._machine;
    const legs = this._startLegs();
    for (let i = 0; i < this._processes.length; i++) {
      const process = this._processes[i]!;
      const thread = threads[process];
      if (thread === undefined) {
        const lane = performer.buffers.lanes[process - threads.length]!;
        legs.push(`d${letter(lane.thread)}${lane.word}`);
      } else if (this._processes[i + 1] !== process) {
        legs.push(`${letter(process)}${this._untils[i]!}`);
      }
    }
    const words = [...new Set(performer.buffers.lanes.map(({ word }) => word))];
    const buffered = words.length === 0 ? '' : `w${words.join(',')}.`;
    return faultText(this._fault) + buffered + legs.join('');
  }

  /** How far each thread came before any step: it may never take one. The first to step gets there by that. */
  private _startLegs(): string[] {
    return this._starts.flatMap((until, thread) =>
      until > 0 && thread !== this._processes[0] ? [`${letter(thread)}${until}`] : [],
    );
  }
}

/** Reads a schedule string. Throws Error that says where it makes no sense. */
export function parseSchedule(text: string): ParsedSchedule {
  const shape = /^(?:([kf])([A-Z])(\d+)\.)?(?:w(\d+(?:,\d+)*)\.)?((?:d?[A-Z]\d+)*)$/.exec(text);
  if (shape === null) {
    throw new Error(
      `read '${text}' as a schedule; it looks like A5B3A9: the threads' letters, and how many operations each has done then`,
    );
  }
  const [, kind, victim, count, words, legs] = shape;
  return {
    fault: faultOf(kind, victim, Number(count)),
    buffered: words === undefined ? [] : words.split(',').map(Number),
    legs: [...legs!.matchAll(/(d?)([A-Z])(\d+)/g)].map(([, drain, thread, number]) =>
      drain === 'd'
        ? { kind: 'drain', thread: numberOf(thread!), word: Number(number) }
        : { kind: 'run', thread: numberOf(thread!), until: Number(number) },
    ),
  };
}

function faultOf(kind: string | undefined, victim: string | undefined, count: number): Fault {
  if (kind === undefined || victim === undefined) return NO_FAULT;
  const thread = numberOf(victim);
  return kind === 'k' ? { kind: 'kill', thread, after: count } : { kind: 'fail', thread, nth: count };
}

function faultText(fault: Fault): string {
  if (fault.kind === 'kill') return `k${letter(fault.thread)}${fault.after}.`;
  return fault.kind === 'fail' ? `f${letter(fault.thread)}${fault.nth}.` : '';
}

/** The letter of a thread: A is the first. */
export function letter(thread: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + thread);
}

function numberOf(thread: string): number {
  return thread.charCodeAt(0) - 'A'.charCodeAt(0);
}
