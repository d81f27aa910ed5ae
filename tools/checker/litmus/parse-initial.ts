/**
 * The initial state: `{ int x = 1; int *p = &x; p = x; 0:r1 = x; spinlock_t s; int a[2] = {1, 2}; }`. What it leaves
 * out is 0. A name on the right stands for its address, with & and without.
 */
import type { Globals } from './globals.js';
import { isTypeWord, skipType } from './parse-expression.js';
import type { TokenReader } from './token-reader.js';

/** What the registers of each process start with, by process number and name. */
export type InitialRegisters = Map<number, Map<string, number>>;

export function parseInitial(reader: TokenReader, globals: Globals): InitialRegisters {
  const registers: InitialRegisters = new Map();
  reader.expect('{');
  while (!reader.accept('}')) {
    if (reader.accept(';') || reader.accept(',')) continue;
    if (reader.isKind('end')) reader.fail('the initial state does not end');
    parseItem(reader, globals, registers);
  }
  return registers;
}

function parseItem(reader: TokenReader, globals: Globals, registers: InitialRegisters): void {
  skipDeclaredType(reader);
  if (reader.isKind('number') || (/^P[0-9]+$/.test(reader.peek().text) && reader.is(':', 1))) {
    parseRegister(reader, globals, registers);
  } else {
    parseGlobal(reader, globals);
  }
  if (!reader.is('}') && !reader.is(',')) reader.expect(';');
}

/** A type's words; any word counts as one with another word behind it. */
function skipDeclaredType(reader: TokenReader): void {
  if (!isTypeWord(reader.peek().text) && reader.isKind('name')) {
    let ahead = 1;
    while (reader.is('*', ahead)) ahead++;
    if (reader.isKind('name', ahead)) reader.take();
  }
  skipType(reader);
}

/** A process as conditions and initial states name it: `0` or `P0`. */
export function parseProcessNumber(reader: TokenReader): number {
  const { text } = reader.take();
  return Number(text.replace(/^P/, ''));
}

function parseRegister(reader: TokenReader, globals: Globals, registers: InitialRegisters): void {
  const process = parseProcessNumber(reader);
  reader.expect(':');
  skipType(reader);
  const name = reader.expectName('the name of a register');
  const value = reader.accept('=') ? parseValue(reader, globals) : 0;
  if (!registers.has(process)) registers.set(process, new Map());
  registers.get(process)!.set(name, value);
}

function parseGlobal(reader: TokenReader, globals: Globals): void {
  reader.accept('[');
  const name = reader.expectName('the name of a global');
  reader.accept(']');
  globals.declare(name, parseLength(reader), reader);
  if (reader.accept('=')) globals.setInitial(name, parseValues(reader, globals), reader);
}

function parseLength(reader: TokenReader): number {
  if (!reader.accept('[')) return 1;
  const length = reader.expectInteger('the length of an array');
  reader.expect(']');
  return length;
}

function parseValues(reader: TokenReader, globals: Globals): number[] {
  if (!reader.accept('{')) return [parseValue(reader, globals)];
  const values: number[] = [];
  while (!reader.accept('}')) {
    values.push(parseValue(reader, globals));
    if (!reader.is('}')) reader.expect(',');
  }
  return values;
}

/** A number, or the address of a global. */
export function parseValue(reader: TokenReader, globals: Globals): number {
  if (reader.is('(') && isTypeWord(reader.peek(1).text)) {
    reader.take();
    skipType(reader);
    reader.expect(')');
  }
  if (reader.is('-') || reader.isKind('number')) return reader.expectInteger('a value');
  if (reader.is('ATOMIC_INIT') && reader.is('(', 1)) return parseAtomicInit(reader, globals);
  reader.accept('&');
  const name = reader.expectName('a number or the name of a global');
  if (name === 'NULL') return 0;
  const address = globals.addressOf(name, reader);
  if (!reader.accept('[')) return address;
  const index = reader.expectInteger('an index');
  reader.expect(']');
  return address + index;
}

function parseAtomicInit(reader: TokenReader, globals: Globals): number {
  reader.take();
  reader.expect('(');
  const value = parseValue(reader, globals);
  reader.expect(')');
  return value;
}
