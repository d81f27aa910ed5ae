/**
 * The final states of a litmus test: what the registers of each process and the globals hold at the end of each
 * execution, every distinct one once.
 *
 *     values of a state:  P0's named registers, P1's .., then the cells that belong to states
 */
import type { Words } from '../../../src/words/words.js';
import { holds, placesOf } from './conditions.js';
import { ADDRESS_BASE, type Global, type LitmusTest, type Place } from './syntax.js';

/** A value as it is shown: a number, or the name of the global that it points to. */
export type Shown = number | string;

export interface FinalState {
  /** By `process:register`. */
  readonly regs: Readonly<Record<string, Shown>>;
  /** By the name of the global. */
  readonly mem: Readonly<Record<string, Shown>>;
}

export type Observation = 'Never' | 'Sometimes' | 'Always';

/** What of a running process a final state needs. */
interface Registers {
  readonly registers: readonly number[];
}

export class FinalStates {
  private readonly _test: LitmusTest;
  private readonly _cells: readonly number[];
  private readonly _isLock: ReadonlySet<number>;
  private readonly _places = new Map<string, number>();
  private readonly _states = new Map<string, readonly number[]>();

  constructor(test: LitmusTest) {
    this._test = test;
    this._cells = cellsOf(test);
    const locks = test.globals.filter(({ use }) => use === 'lock');
    this._isLock = new Set(locks.flatMap(({ cell, initial }) => initial.map((_, i) => cell + i)));
    this._numberPlaces();
  }

  /** Notes the end of an execution. A lock is 1 where it is held. */
  note(processes: readonly Registers[], words: Pick<Words, 'loadPlain'>, cellsStart: number): void {
    const values: number[] = [];
    for (const [number, { registers }] of this._test.processes.entries()) {
      for (let i = 0; i < registers.length; i++) {
        if (registers[i] !== '') values.push(processes[number]!.registers[i]!);
      }
    }
    for (const cell of this._cells) {
      const value = words.loadPlain(cellsStart + cell);
      values.push(this._isLock.has(cell) && value !== 0 ? 1 : value);
    }
    this._add(values);
  }

  /** How many distinct states there are that pass the filter. */
  get size(): number {
    return this._states.size;
  }

  /** How many of them satisfy the proposition. */
  positive(): number {
    let count = 0;
    for (const values of this._states.values()) if (this._holds(values)) count++;
    return count;
  }

  observation(): Observation {
    const positive = this.positive();
    if (positive === 0) return 'Never';
    return positive === this.size ? 'Always' : 'Sometimes';
  }

  /** Every state, in an order of their values. */
  all(): FinalState[] {
    return [...this._states.values()].sort(compareValues).map((values) => this._show(values));
  }

  /** Every state as a line: the same set, the same lines. */
  lines(): string[] {
    return this.all().map(stateLine);
  }

  private _add(values: readonly number[]): void {
    const key = values.join(' ');
    if (this._states.has(key)) return;
    const { filter } = this._test;
    if (filter !== undefined && !holds(filter, (place) => this._valueAt(place, values))) return;
    this._states.set(key, values);
  }

  private _holds(values: readonly number[]): boolean {
    return holds(this._test.proposition, (place) => this._valueAt(place, values));
  }

  private _numberPlaces(): void {
    for (const [process, { registers }] of this._test.processes.entries()) {
      for (const name of registers)
        if (name !== '') this._places.set(`${process}:${name}`, this._places.size);
    }
    for (const cell of this._cells) this._places.set(`${cell}`, this._places.size);
  }

  /** A register that its process does not have is 0. */
  private _valueAt(place: Place, values: readonly number[]): number {
    const key = place.kind === 'cell' ? `${place.cell}` : `${place.process}:${place.name}`;
    const at = this._places.get(key);
    return at === undefined ? 0 : values[at]!;
  }

  private _show(values: readonly number[]): FinalState {
    const regs: Record<string, Shown> = {};
    const mem: Record<string, Shown> = {};
    for (const [key, at] of this._places) {
      const value = showValue(this._test, values[at]!);
      if (key.includes(':')) regs[key] = value;
      else mem[cellName(this._test, Number(key))] = value;
    }
    return { regs, mem };
  }
}

/** A state on one line: `0:r1=0; 1:r2=x; x=1;`. */
export function stateLine({ regs, mem }: FinalState): string {
  const parts = [...Object.entries(regs), ...Object.entries(mem)];
  return parts.map(([name, value]) => `${name}=${value};`).join(' ');
}

/** The cells that belong to a state: data, and what a condition names. */
function cellsOf(test: LitmusTest): number[] {
  const conditions = test.filter === undefined ? [test.proposition] : [test.proposition, test.filter];
  const named = conditions.flatMap(placesOf).flatMap((place) => (place.kind === 'cell' ? [place.cell] : []));
  const isShown = ({ cell, use }: Global): boolean => use === 'data' || named.includes(cell);
  return test.globals.filter(isShown).flatMap(({ cell, initial }) => initial.map((_, i) => cell + i));
}

function compareValues(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

function showValue(test: LitmusTest, value: number): Shown {
  const cell = value - ADDRESS_BASE;
  const last = test.globals.at(-1);
  const isAddress = last !== undefined && cell >= 0 && cell < last.cell + last.initial.length;
  return isAddress ? cellName(test, cell) : value;
}

/** The global that a cell belongs to, with its index in an array. */
export function cellName(test: LitmusTest, cell: number): string {
  const global = test.globals.find(
    (candidate) => cell >= candidate.cell && cell < candidate.cell + candidate.initial.length,
  );
  if (global === undefined) return `cell ${cell}`;
  return global.initial.length === 1 ? global.name : `${global.name}[${cell - global.cell}]`;
}
