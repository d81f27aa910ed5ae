/** Expressions of C, as far as litmus tests use them: casts are left out, `a[i]` is `*(a + i)`. */
import type { Expression } from './syntax.js';
import type { TokenReader } from './token-reader.js';

/** Binary operators from the loosest to the tightest. */
const PRECEDENCE: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const UNARY = new Set(['!', '-', '~', '+']);
const COMPOUND = new Set(['+=', '-=', '*=', '&=', '|=', '^=']);

const TYPE_WORDS = new Set(
  (
    'int long short char unsigned signed void bool _Bool struct union volatile const static register auto inline ' +
    'u8 u16 u32 u64 s8 s16 s32 s64'
  ).split(' '),
);

/** True for a word that a declaration or a cast starts with. */
export function isTypeWord(word: string): boolean {
  return TYPE_WORDS.has(word) || (word.endsWith('_t') && word.length > 2);
}

/** Takes the words of a type and its stars. Returns how many stars there were. */
export function skipType(reader: TokenReader): number {
  let stars = 0;
  for (;;) {
    if (reader.accept('struct') || reader.accept('union')) reader.expectName('the name of a structure');
    else if (reader.accept('*')) stars++;
    else if (isTypeWord(reader.peek().text)) reader.take();
    else return stars;
  }
}

export function parseExpression(reader: TokenReader): Expression {
  const left = parseConditional(reader);
  const { text, line } = reader.peek();
  if (reader.accept('=')) return { kind: 'assign', target: left, value: parseExpression(reader), line };
  if (!COMPOUND.has(text)) return left;
  reader.take();
  const value: Expression = {
    kind: 'binary',
    operator: text.slice(0, -1),
    left,
    right: parseExpression(reader),
  };
  return { kind: 'assign', target: left, value, line };
}

function parseConditional(reader: TokenReader): Expression {
  const test = parseBinary(reader, 0);
  if (!reader.accept('?')) return test;
  const yes = parseExpression(reader);
  reader.expect(':');
  return { kind: 'conditional', test, yes, no: parseConditional(reader) };
}

function parseBinary(reader: TokenReader, level: number): Expression {
  const operators = PRECEDENCE[level];
  if (operators === undefined) return parseUnary(reader);
  let left = parseBinary(reader, level + 1);
  while (operators.includes(reader.peek().text)) {
    const operator = reader.take().text;
    left = { kind: 'binary', operator, left, right: parseBinary(reader, level + 1) };
  }
  return left;
}

function parseUnary(reader: TokenReader): Expression {
  const { text, line } = reader.peek();
  if (isCast(reader)) {
    reader.expect('(');
    skipType(reader);
    reader.expect(')');
    return parseUnary(reader);
  }
  if (reader.accept('*')) return { kind: 'dereference', address: parseUnary(reader), line };
  if (reader.accept('&')) return addressOf(reader, parseUnary(reader));
  if (UNARY.has(text)) {
    reader.take();
    return { kind: 'unary', operator: text, operand: parseUnary(reader) };
  }
  if (text === '++' || text === '--') reader.fail(`${text} is not supported; write the sum out`);
  return parsePostfix(reader);
}

/** `&x` of a global is what `x` is already: parameters are addresses. */
function addressOf(reader: TokenReader, operand: Expression): Expression {
  if (operand.kind === 'dereference') return operand.address;
  if (operand.kind === 'name') return operand;
  return reader.fail('& is supported for a global and for *address only');
}

function isCast(reader: TokenReader): boolean {
  if (!reader.is('(') || !reader.isKind('name', 1) || !isTypeWord(reader.peek(1).text)) return false;
  let ahead = 2;
  while (reader.is('*', ahead) || reader.isKind('name', ahead)) ahead++;
  return reader.is(')', ahead);
}

function parsePostfix(reader: TokenReader): Expression {
  let expression = parsePrimary(reader);
  for (;;) {
    const { text, line } = reader.peek();
    if (text === '++' || text === '--') {
      return reader.fail(`${text} is not supported; write the sum out`);
    }
    if (text === '->' || text === '.') return reader.fail('members of structures are not supported');
    if (!reader.accept('[')) return expression;
    const right = parseExpression(reader);
    reader.expect(']');
    const address: Expression = { kind: 'binary', operator: '+', left: expression, right };
    expression = { kind: 'dereference', address, line };
  }
}

function parsePrimary(reader: TokenReader): Expression {
  const { line } = reader.peek();
  if (reader.accept('(')) {
    const inner = parseExpression(reader);
    reader.expect(')');
    return inner;
  }
  if (reader.isKind('number')) return { kind: 'number', value: reader.expectInteger('a number') };
  const name = reader.expectName('an expression');
  if (name === 'NULL' || name === 'false') return { kind: 'number', value: 0 };
  if (name === 'true') return { kind: 'number', value: 1 };
  if (!reader.accept('(')) return { kind: 'name', name, line };
  return { kind: 'call', name, args: parseArguments(reader), line };
}

function parseArguments(reader: TokenReader): Expression[] {
  const args: Expression[] = [];
  if (reader.accept(')')) return args;
  do args.push(parseExpression(reader));
  while (reader.accept(','));
  reader.expect(')');
  return args;
}
