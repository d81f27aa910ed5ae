/**
 * The code of one process while it is made: instructions, registers, and the jumps that wait for their target.
 * Temporaries are registers without a name, of which none is used twice.
 */
import type { Instruction, Operation, Pure } from './syntax.js';

export const ZERO: Pure = { kind: 'constant', value: 0 };

/** What an instruction says beside its operation; the rest is 0 or nothing. */
export type Details = Partial<Omit<Instruction, 'operation' | 'line'>>;

export class ProcessCode {
  private readonly _instructions: Instruction[] = [];
  private readonly _names: string[] = [];
  private readonly _numbers = new Map<string, number>();

  get length(): number {
    return this._instructions.length;
  }

  has(name: string): boolean {
    return this._numbers.has(name);
  }

  /** The number of a register, which is made where it is new. */
  register(name: string): number {
    const known = this._numbers.get(name);
    if (known !== undefined) return known;
    const register = this._names.push(name) - 1;
    this._numbers.set(name, register);
    return register;
  }

  temporary(): number {
    return this._names.push('') - 1;
  }

  emit(operation: Operation, line: number, details: Details = {}): number {
    const {
      destination = -1,
      address = ZERO,
      value = ZERO,
      expected = ZERO,
      target = -1,
      subject = 0,
    } = details;
    return (
      this._instructions.push({ operation, line, destination, address, value, expected, target, subject }) - 1
    );
  }

  /** Emits an operation that has a result. Returns the result. */
  emitResult(operation: Operation, line: number, details: Details): Pure {
    const destination = this.temporary();
    this.emit(operation, line, { ...details, destination });
    return { kind: 'register', register: destination };
  }

  /** `register` takes `value`: straight from the last instruction where that has just made it. */
  assign(register: number, value: Pure, line: number): void {
    const at = this._instructions.length - 1;
    const last = this._instructions[at];
    const isFresh = value.kind === 'register' && this._names[value.register] === '';
    if (isFresh && last?.destination === value.register && last.operation !== 'set') {
      this._instructions[at] = { ...last, destination: register };
    } else {
      this.emit('set', line, { destination: register, value });
    }
  }

  /** Lets the jump at `at` go to the next instruction. */
  land(at: number): void {
    this._instructions[at] = { ...this._instructions[at]!, target: this.length };
  }

  instructions(): readonly Instruction[] {
    return this._instructions;
  }

  registerNames(): readonly string[] {
    return this._names;
  }
}
