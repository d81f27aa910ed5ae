/** The processes of a litmus test: `P0(int *x, spinlock_t *s) { body }`, numbered from 0 in order. */
import type { Globals } from './globals.js';
import { LitmusSyntaxError } from './litmus-error.js';
import { lowerProcess, type Surroundings } from './lower-process.js';
import { skipType } from './parse-expression.js';
import type { InitialRegisters } from './parse-initial.js';
import { parseBlock } from './parse-statement.js';
import { ADDRESS_BASE, type LitmusProcess } from './syntax.js';
import type { TokenReader } from './token-reader.js';

const MAX_PROCESSES = 16;

interface Processes {
  readonly processes: readonly LitmusProcess[];
  /** How many domains of readers they use: RCU and one for each srcu_struct. */
  readonly domains: number;
}

/** Reads all processes, up to what is none. */
export function parseProcesses(reader: TokenReader, globals: Globals, initial: InitialRegisters): Processes {
  const processes: LitmusProcess[] = [];
  const names = new Names(reader, globals);
  while (/^(P[0-9]+|static|void)$/.test(reader.peek().text)) {
    skipType(reader);
    const { line } = reader;
    const number = processes.length;
    const name = reader.expectName('a process');
    if (name !== `P${number}`) throw new LitmusSyntaxError(line, `expected P${number} and found ${name}`);
    if (number === MAX_PROCESSES) reader.fail(`there are more than ${MAX_PROCESSES} processes`);
    processes.push(parseProcess(reader, name, names, initial.get(number) ?? new Map()));
  }
  if (processes.length === 0) reader.fail(`expected P0 and found ${reader.peek().text}`);
  for (const process of initial.keys()) {
    if (process >= processes.length) reader.fail(`the initial state names P${process}, and there is none`);
  }
  return { processes, domains: 1 + names.domains.size };
}

/** What the words of a body stand for. */
class Names implements Surroundings {
  /** Number of the domain that belongs to each srcu_struct, by its pointer. */
  readonly domains = new Map<number, number>();
  private readonly _reader: TokenReader;
  private readonly _globals: Globals;
  private readonly _declared: ReadonlySet<string>;
  private _parameters: ReadonlySet<string> = new Set();

  constructor(reader: TokenReader, globals: Globals) {
    this._reader = reader;
    this._globals = globals;
    this._declared = new Set(globals.all().map(({ name }) => name));
  }

  /** `(int *x, spinlock_t *s)`: each names the global whose address it is. */
  parseParameters(): void {
    const reader = this._reader;
    const names = new Set<string>();
    reader.expect('(');
    while (!reader.accept(')')) {
      const name = parseParameter(reader);
      if (name === undefined) continue;
      this._globals.cellOf(name, reader);
      names.add(name);
      if (!reader.is(')')) reader.expect(',');
    }
    this._parameters = names;
  }

  addressOf(word: string): number | undefined {
    const isGlobal = this._parameters.has(word) || this._declared.has(word);
    return isGlobal ? this._globals.addressOf(word, this._reader) : undefined;
  }

  domainOf(pointer: number): number {
    this._globals.use(pointer - ADDRESS_BASE, 'srcu');
    const known = this.domains.get(pointer) ?? this.domains.size + 1;
    this.domains.set(pointer, known);
    return known;
  }

  lockOf(pointer: number): number {
    this._globals.use(pointer - ADDRESS_BASE, 'lock');
    return pointer - ADDRESS_BASE;
  }
}

/** The name of one parameter; undefined for `void`. */
function parseParameter(reader: TokenReader): string | undefined {
  let stars = skipType(reader);
  if (reader.is(')')) return undefined;
  // A type that is no keyword: `foo *x`.
  if (stars === 0 && reader.is('*', 1)) {
    reader.take();
    stars = skipType(reader);
  }
  const name = reader.expectName('a parameter');
  if (stars === 0) reader.fail(`parameter ${name} is not a pointer`);
  return name;
}

function parseProcess(
  reader: TokenReader,
  name: string,
  names: Names,
  initial: ReadonlyMap<string, number>,
): LitmusProcess {
  names.parseParameters();
  const code = lowerProcess(parseBlock(reader), initial, names);
  const registers = code.registerNames();
  return {
    name,
    registers,
    initial: registers.map((register) => initial.get(register) ?? 0),
    code: code.instructions(),
  };
}
