/**
 * enumerateFinals: the final states that a litmus test may have, found without Lull and without the checker: a
 * search of all states, in which RCU is what its specification says and nothing else.
 *
 *     synchronize   notes the open outermost sections of others, all at one moment; goes on when each has ended
 *     a lock        is taken where its cell is 0
 *     all else      one step, sequentially consistent
 */
import { evaluatePure } from './evaluate.js';
import { FinalStates } from './final-states.js';
import { ADDRESS_BASE, type Instruction, type LitmusTest } from './syntax.js';

/** One process between two steps. Never changed: a step makes a new one. */
interface Place {
  readonly at: number;
  readonly registers: readonly number[];
  /** By domain: how deep it is in sections, and how many outermost ones it has begun. */
  readonly depths: readonly number[];
  readonly begun: readonly number[];
  /** The sections that a grace period waits for: by process, the number of the section; undefined: none waits. */
  readonly awaited: readonly (number | undefined)[] | undefined;
}

interface State {
  readonly places: readonly Place[];
  readonly cells: readonly number[];
}

export interface Enumerated {
  readonly finals: FinalStates;
  /** True where some execution comes to a state in which nobody can go on. */
  readonly isStuck: boolean;
  readonly states: number;
}

/** @param limit most states to look at; past it the result is undefined. */
export function enumerateFinals(test: LitmusTest): Enumerated;
export function enumerateFinals(test: LitmusTest, limit: number): Enumerated | undefined;
export function enumerateFinals(test: LitmusTest, limit = Number.POSITIVE_INFINITY): Enumerated | undefined {
  const search = new Search(test);
  if (!search.run(limit)) return undefined;
  return { finals: search.finals, isStuck: search.isStuck, states: search.reached.size };
}

class Search {
  readonly finals: FinalStates;
  readonly reached = new Set<string>();
  isStuck = false;
  private readonly _test: LitmusTest;

  constructor(test: LitmusTest) {
    this._test = test;
    this.finals = new FinalStates(test);
  }

  /** False when it was given up. */
  run(limit: number): boolean {
    const queue = [this._initial()];
    for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
      const key = JSON.stringify(state);
      if (this.reached.has(key)) continue;
      this.reached.add(key);
      if (this.reached.size > limit) return false;
      queue.push(...this._successors(state));
    }
    return true;
  }

  private _initial(): State {
    const none = new Array<number>(this._test.domains).fill(0);
    const places = this._test.processes.map(
      ({ initial }): Place => ({ at: 0, registers: initial, depths: none, begun: none, awaited: undefined }),
    );
    return { places, cells: this._test.globals.flatMap(({ initial }) => initial) };
  }

  private _successors(state: State): State[] {
    const successors: State[] = [];
    let isOver = true;
    for (const [process, place] of state.places.entries()) {
      const instruction = this._test.processes[process]!.code[place.at];
      if (instruction === undefined) continue;
      isOver = false;
      const next = this._step(state, process, place, instruction);
      if (next !== undefined) successors.push(next);
    }
    if (isOver) this.finals.note(state.places, { loadPlain: (cell) => state.cells[cell]! }, 0);
    else if (successors.length === 0) this.isStuck = true;
    return successors;
  }

  /** The state after one step of a process; undefined where it must wait. */
  private _step(state: State, process: number, place: Place, instruction: Instruction): State | undefined {
    const { operation, subject } = instruction;
    switch (operation) {
      case 'set':
      case 'jump':
      case 'branchUnless':
        return withPlace(state, process, this._stepAlone(place, instruction));
      case 'readLock':
      case 'readUnlock':
        return withPlace(state, process, crossSection(place, subject, operation === 'readLock' ? 1 : -1));
      case 'synchronize':
        return this._synchronize(state, process, place, subject);
      default:
        return this._access(state, process, place, instruction);
    }
  }

  private _stepAlone(place: Place, { operation, value, destination, target }: Instruction): Place {
    if (operation === 'jump') return { ...place, at: target };
    const result = evaluatePure(value, place.registers);
    if (operation === 'branchUnless') return { ...place, at: result === 0 ? target : place.at + 1 };
    return put(place, destination, result);
  }

  private _synchronize(state: State, process: number, place: Place, domain: number): State | undefined {
    // Inside of a section of its own it waits for itself.
    if (place.depths[domain]! > 0) return undefined;
    if (place.awaited === undefined) {
      const awaited = state.places.map(({ depths, begun }) =>
        depths[domain]! > 0 ? begun[domain]! : undefined,
      );
      return withPlace(state, process, { ...place, awaited });
    }
    const isOpen = ({ depths, begun }: Place, other: number): boolean =>
      depths[domain]! > 0 && begun[domain] === place.awaited![other];
    if (state.places.some(isOpen)) return undefined;
    return withPlace(state, process, { ...place, at: place.at + 1, awaited: undefined });
  }

  private _access(state: State, process: number, place: Place, instruction: Instruction): State | undefined {
    if (instruction.operation === 'fence') return withPlace(state, process, put(place, -1, 0));
    const cell = evaluatePure(instruction.address, place.registers) - ADDRESS_BASE;
    const old = state.cells[cell];
    if (old === undefined) throw new Error(`line ${instruction.line}: cell ${cell} is none of the test's`);
    const value = evaluatePure(instruction.value, place.registers);
    const effect = effectOf(instruction, old, value, evaluatePure(instruction.expected, place.registers));
    if (effect === undefined) return undefined;
    const cells = state.cells.map((held, i) => (i === cell ? effect.written : held));
    return withPlace({ ...state, cells }, process, put(place, instruction.destination, effect.result));
  }
}

/** What an access leaves in its cell and what it tells; undefined where it must wait. */
function effectOf(
  { operation }: Instruction,
  old: number,
  value: number,
  expected: number,
): { written: number; result: number } | undefined {
  switch (operation) {
    case 'read':
    case 'loadAcquire':
      return { written: old, result: old };
    case 'write':
    case 'storeRelease':
    case 'exchange':
      return { written: value, result: old };
    case 'compareExchange':
      return { written: old === expected ? value : old, result: old };
    case 'addUnless':
      return old === expected ? { written: old, result: 0 } : { written: (old + value) | 0, result: 1 };
    case 'fetchAdd':
      return { written: (old + value) | 0, result: old };
    case 'fetchAnd':
      return { written: old & value, result: old };
    case 'fetchOr':
      return { written: old | value, result: old };
    case 'fetchXor':
      return { written: old ^ value, result: old };
    case 'spinLock':
      return old === 0 ? { written: 1, result: 0 } : undefined;
    case 'spinTrylock':
      return { written: 1, result: old === 0 ? 1 : 0 };
    case 'spinIsLocked':
      return { written: old, result: old === 0 ? 0 : 1 };
    case 'spinUnlockWait':
      return old === 0 ? { written: 0, result: 0 } : undefined;
    default:
      return { written: 0, result: 0 };
  }
}

function withPlace(state: State, process: number, place: Place): State {
  return { ...state, places: state.places.map((other, i) => (i === process ? place : other)) };
}

/** The place behind an instruction, with its result in a register. */
function put(place: Place, register: number, value: number): Place {
  const registers = place.registers.map((held, i) => (i === register ? value : held));
  return { ...place, at: place.at + 1, registers };
}

function crossSection(place: Place, domain: number, step: number): Place {
  const begins = step > 0 && place.depths[domain] === 0;
  return {
    ...place,
    at: place.at + 1,
    depths: place.depths.map((depth, i) => (i === domain ? depth + step : depth)),
    begun: place.begun.map((count, i) => (i === domain && begins ? count + 1 : count)),
  };
}
