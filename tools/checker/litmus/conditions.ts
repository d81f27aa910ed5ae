/**
 * Propositions about a final state: `exists (0:r1=1 /\ ~(x=2 \/ y=&x))`. An address stands where a name does on
 * the right; a word that no process has is 0.
 */
import type { Globals } from './globals.js';
import { parseProcessNumber, parseValue } from './parse-initial.js';
import type { Condition, Place } from './syntax.js';
import type { TokenReader } from './token-reader.js';

const AND = ['/\\', '&&'];
const OR = ['\\/', '||'];

/** `implies` binds loosest, then or, then and. */
export function parseCondition(reader: TokenReader, globals: Globals): Condition {
  const left = parseChain(reader, globals, 'or');
  if (!reader.accept('=>')) return left;
  return { kind: 'or', left: { kind: 'not', operand: left }, right: parseCondition(reader, globals) };
}

function parseChain(reader: TokenReader, globals: Globals, kind: 'and' | 'or'): Condition {
  const next = (): Condition =>
    kind === 'or' ? parseChain(reader, globals, 'and') : parseOne(reader, globals);
  let left = next();
  while ((kind === 'or' ? OR : AND).includes(reader.peek().text)) {
    reader.take();
    left = { kind, left, right: next() };
  }
  return left;
}

function parseOne(reader: TokenReader, globals: Globals): Condition {
  if (reader.accept('~') || reader.accept('not') || reader.accept('!')) {
    return { kind: 'not', operand: parseOne(reader, globals) };
  }
  if (reader.accept('true')) return { kind: 'truth', value: true };
  if (reader.accept('false')) return { kind: 'truth', value: false };
  if (!reader.is('(')) return parseEquality(reader, globals);
  reader.expect('(');
  const inner = parseCondition(reader, globals);
  reader.expect(')');
  return inner;
}

function parseEquality(reader: TokenReader, globals: Globals): Condition {
  const left = parsePlace(reader, globals);
  const operator = reader.take();
  const differs = operator.text === '<>' || operator.text === '!=';
  if (!differs && operator.text !== '=' && operator.text !== '==') {
    reader.fail(`expected = or <> in a condition and found ${operator.text}`);
  }
  const right = isRegister(reader) ? parsePlace(reader, globals) : parseValue(reader, globals);
  const equal: Condition = { kind: 'equal', left, right };
  return differs ? { kind: 'not', operand: equal } : equal;
}

function isRegister(reader: TokenReader): boolean {
  return reader.is(':', 1) && /^P?[0-9]+$/.test(reader.peek().text);
}

/** `0:r1`, `x`, `[x]`, `*x` or `x[1]`. */
export function parsePlace(reader: TokenReader, globals: Globals): Place {
  if (isRegister(reader)) {
    const process = parseProcessNumber(reader);
    reader.expect(':');
    return { kind: 'register', process, name: reader.expectName('the name of a register') };
  }
  reader.accept('*');
  const bracketed = reader.accept('[');
  const cell = globals.cellOf(reader.expectName('a register or a global'), reader);
  if (bracketed) reader.expect(']');
  if (!reader.accept('[')) return { kind: 'cell', cell };
  const index = reader.expectInteger('an index');
  reader.expect(']');
  return { kind: 'cell', cell: cell + index };
}

/** Whether `condition` holds, given what each place holds at the end. */
export function holds(condition: Condition, valueAt: (place: Place) => number): boolean {
  switch (condition.kind) {
    case 'truth':
      return condition.value;
    case 'not':
      return !holds(condition.operand, valueAt);
    case 'and':
      return holds(condition.left, valueAt) && holds(condition.right, valueAt);
    case 'or':
      return holds(condition.left, valueAt) || holds(condition.right, valueAt);
    case 'equal': {
      const right = typeof condition.right === 'number' ? condition.right : valueAt(condition.right);
      return valueAt(condition.left) === right;
    }
  }
}

/** Every place that a condition names. */
export function placesOf(condition: Condition): Place[] {
  switch (condition.kind) {
    case 'truth':
      return [];
    case 'not':
      return placesOf(condition.operand);
    case 'equal':
      return typeof condition.right === 'number' ? [condition.left] : [condition.left, condition.right];
    default:
      return [...placesOf(condition.left), ...placesOf(condition.right)];
  }
}
