/**
 * Makes instructions of a process: every access to shared memory becomes one of its own, in the order in which C
 * would make it; what is left between them is computed over registers alone.
 *
 *     r1 = READ_ONCE(*x) + 1    ->    t0 = read [x];   r1 = t0 + 1
 *     if (r1) A else B          ->    branchUnless r1 -> L;   A;   jump -> M;   L: B;   M:
 */
import { type Call, findCall } from './calls.js';
import { LitmusSyntaxError } from './litmus-error.js';
import { ProcessCode, ZERO } from './process-code.js';
import type { Expression, Operation, Pure, Statement } from './syntax.js';

/** What a process knows of the test around it. */
export interface Surroundings {
  /** The pointer that a name stands for: a parameter, or a global that the initial state names. */
  addressOf(name: string): number | undefined;
  /** Number of the domain of readers that belongs to an srcu_struct. */
  domainOf(pointer: number): number;
  /** Notes that a cell is a lock. Returns the cell. */
  lockOf(pointer: number): number;
}

class Lowering {
  readonly code = new ProcessCode();
  private readonly _surroundings: Surroundings;
  private _line = 0;

  constructor(surroundings: Surroundings) {
    this._surroundings = surroundings;
  }

  statement(statement: Statement): void {
    switch (statement.kind) {
      case 'block':
        for (const inner of statement.statements) this.statement(inner);
        break;
      case 'if':
        this._if(statement);
        break;
      case 'declare':
        this._declare(statement);
        break;
      case 'expression':
        this._value(statement.expression);
    }
  }

  private _declare({ name, value, line }: Statement & { kind: 'declare' }): void {
    this._line = line;
    const register = this.code.register(name);
    if (value !== undefined) this.code.assign(register, this._value(value), line);
  }

  private _if({ test, yes, no }: Statement & { kind: 'if' }): void {
    const branch = this.code.emit('branchUnless', this._line, { value: this._value(test) });
    this.statement(yes);
    if (no === undefined) {
      this.code.land(branch);
      return;
    }
    const jump = this.code.emit('jump', this._line);
    this.code.land(branch);
    this.statement(no);
    this.code.land(jump);
  }

  private _value(expression: Expression): Pure {
    switch (expression.kind) {
      case 'number':
        return { kind: 'constant', value: expression.value };
      case 'name':
        return this._name(expression.name, expression.line);
      case 'unary':
        return { kind: 'unary', operator: expression.operator, operand: this._value(expression.operand) };
      case 'binary':
        return this._binary(expression);
      case 'conditional':
        return this._conditional(expression);
      case 'dereference':
        this._line = expression.line;
        return this.code.emitResult('read', expression.line, { address: this._value(expression.address) });
      case 'call':
        return this._call(expression);
      case 'assign':
        return this._assign(expression);
    }
  }

  private _name(name: string, line: number): Pure {
    this._line = line;
    if (!this.code.has(name)) {
      const address = this._surroundings.addressOf(name);
      if (address !== undefined) return { kind: 'constant', value: address };
    }
    return { kind: 'register', register: this.code.register(name) };
  }

  private _binary({ operator, left, right }: Expression & { kind: 'binary' }): Pure {
    const isLogical = operator === '&&' || operator === '||';
    if (!isLogical || !touchesMemory(right)) {
      return { kind: 'binary', operator, left: this._value(left), right: this._value(right) };
    }
    const no: Expression = { kind: 'number', value: operator === '&&' ? 0 : 1 };
    const truth: Expression = {
      kind: 'unary',
      operator: '!',
      operand: { kind: 'unary', operator: '!', operand: right },
    };
    const [yes, other] = operator === '&&' ? [truth, no] : [no, truth];
    return this._conditional({ kind: 'conditional', test: left, yes, no: other });
  }

  private _conditional({ test, yes, no }: Expression & { kind: 'conditional' }): Pure {
    const condition = this._value(test);
    if (!touchesMemory(yes) && !touchesMemory(no)) {
      return { kind: 'conditional', test: condition, yes: this._value(yes), no: this._value(no) };
    }
    const register = this.code.temporary();
    const branch = this.code.emit('branchUnless', this._line, { value: condition });
    this.code.emit('set', this._line, { destination: register, value: this._value(yes) });
    const jump = this.code.emit('jump', this._line);
    this.code.land(branch);
    this.code.emit('set', this._line, { destination: register, value: this._value(no) });
    this.code.land(jump);
    return { kind: 'register', register };
  }

  private _assign({ target, value, line }: Expression & { kind: 'assign' }): Pure {
    const place = target.kind === 'call' && target.name === 'ACCESS_ONCE' ? target.args[0]! : target;
    if (place.kind === 'name') return this._assignRegister(place.name, value, line);
    if (place.kind !== 'dereference')
      throw new LitmusSyntaxError(line, 'only a register or *address can be assigned to');
    const address = this._value(place.address);
    const stored = this._value(value);
    this.code.emit('write', line, { address, value: stored });
    return stored;
  }

  private _assignRegister(name: string, value: Expression, line: number): Pure {
    const result = this._value(value);
    const register = this.code.register(name);
    this.code.assign(register, result, line);
    return { kind: 'register', register };
  }

  private _call({ name, args, line }: Expression & { kind: 'call' }): Pure {
    this._line = line;
    const call = findCall(name);
    if (call === undefined) throw new LitmusSyntaxError(line, `${name}() is not supported`);
    if (call.parameters.length !== args.length) {
      throw new LitmusSyntaxError(
        line,
        `${name}() takes ${call.parameters.length} arguments and is given ${args.length}`,
      );
    }
    if (call.operation === 'nothing') return ZERO;
    const values = this._arguments(name, call, args, line);
    return this._operate(call.operation, call, values, line);
  }

  private _arguments(name: string, call: Call, args: readonly Expression[], line: number): Arguments {
    const values: Arguments = { pointer: ZERO, value: ZERO, expected: ZERO, ignored: ZERO };
    for (const [i, parameter] of call.parameters.entries()) {
      const arg = args[i]!;
      if (parameter !== 'lvalue') values[parameter] = this._value(arg);
      else if (arg.kind === 'dereference') values.pointer = this._value(arg.address);
      else throw new LitmusSyntaxError(line, `${name}() takes a place in memory such as *x`);
    }
    if (call.amount !== undefined) values.value = { kind: 'constant', value: call.amount };
    if (call.subtract === true) values.value = { kind: 'unary', operator: '-', operand: values.value };
    if (call.invert === true) values.value = { kind: 'unary', operator: '~', operand: values.value };
    return values;
  }

  private _operate(operation: Operation, call: Call, values: Arguments, line: number): Pure {
    const { pointer: address, value, expected } = values;
    const subject = this._subject(operation, call, address, line);
    const details = { address, value, expected, subject };
    if (!HAS_RESULT.has(operation)) {
      this.code.emit(operation, line, details);
      if (call.fenced === true) this.code.emit('fence', line);
      return ZERO;
    }
    const old = this.code.emitResult(operation, line, details);
    if (call.result === undefined) return old;
    const fresh: Pure = { kind: 'binary', operator: '+', left: old, right: value };
    if (call.result === 'new') return fresh;
    return { kind: 'binary', operator: call.result === 'newIsZero' ? '==' : '<', left: fresh, right: ZERO };
  }

  /** The lock or the domain that a call is about; both must be known before the process runs. */
  private _subject(operation: Operation, call: Call, address: Pure, line: number): number {
    const isLock = operation.startsWith('spin');
    const isDomain = READ_SIDE.has(operation) && call.parameters.length > 0;
    if (!isLock && !isDomain) return 0;
    if (address.kind !== 'constant') {
      throw new LitmusSyntaxError(
        line,
        `the ${isLock ? 'lock' : 'srcu_struct'} must be a parameter, not computed`,
      );
    }
    return isLock ? this._surroundings.lockOf(address.value) : this._surroundings.domainOf(address.value);
  }
}

type Arguments = Record<'pointer' | 'value' | 'expected' | 'ignored', Pure>;

const READ_SIDE = new Set<Operation>(['readLock', 'readUnlock', 'synchronize']);
const HAS_RESULT = new Set<Operation>([
  'read',
  'loadAcquire',
  'exchange',
  'compareExchange',
  'fetchAdd',
  'fetchAnd',
  'fetchOr',
  'fetchXor',
  'addUnless',
  'spinTrylock',
  'spinIsLocked',
]);

function touchesMemory(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
    case 'name':
      return false;
    case 'unary':
      return touchesMemory(expression.operand);
    case 'binary':
      return touchesMemory(expression.left) || touchesMemory(expression.right);
    case 'conditional':
      return [expression.test, expression.yes, expression.no].some(touchesMemory);
    default:
      return true;
  }
}

/** The code of a process whose registers `initial` are there from the start. */
export function lowerProcess(
  body: Statement,
  initial: ReadonlyMap<string, number>,
  surroundings: Surroundings,
): ProcessCode {
  const lowering = new Lowering(surroundings);
  for (const name of initial.keys()) lowering.code.register(name);
  lowering.statement(body);
  return lowering.code;
}
