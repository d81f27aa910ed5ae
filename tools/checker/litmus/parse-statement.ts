/** Statements of a process: declarations, expressions, if and blocks. Loops and jumps are refused. */
import { isTypeWord, parseExpression, skipType } from './parse-expression.js';
import type { Expression, Statement } from './syntax.js';
import type { TokenReader } from './token-reader.js';

const REFUSED = new Set(['while', 'for', 'do', 'goto', 'switch', 'return', 'break', 'continue']);

/** `{ statements }`. */
export function parseBlock(reader: TokenReader): Statement {
  reader.expect('{');
  const statements: Statement[] = [];
  while (!reader.accept('}')) {
    if (reader.isKind('end')) reader.fail('a } is missing before the end of the file');
    statements.push(parseStatement(reader));
  }
  return { kind: 'block', statements };
}

function parseStatement(reader: TokenReader): Statement {
  const { text } = reader.peek();
  if (text === '{') return parseBlock(reader);
  if (reader.accept(';')) return { kind: 'block', statements: [] };
  if (text === 'if') return parseIf(reader);
  if (REFUSED.has(text)) reader.fail(`${text} is not supported`);
  if (isDeclaration(reader)) return parseDeclaration(reader);
  const expression = parseExpression(reader);
  reader.expect(';');
  return { kind: 'expression', expression };
}

function parseIf(reader: TokenReader): Statement {
  reader.expect('if');
  reader.expect('(');
  const test = parseExpression(reader);
  reader.expect(')');
  const yes = parseStatement(reader);
  return { kind: 'if', test, yes, no: reader.accept('else') ? parseStatement(reader) : undefined };
}

/** A type's word, or any word with another behind it: `foo r1 = ..`, `foo *r1;`. */
function isDeclaration(reader: TokenReader): boolean {
  if (!reader.isKind('name')) return false;
  if (isTypeWord(reader.peek().text)) return true;
  let ahead = 1;
  while (reader.is('*', ahead)) ahead++;
  return reader.isKind('name', ahead) && ['=', ';', ','].some((text) => reader.is(text, ahead + 1));
}

function parseDeclaration(reader: TokenReader): Statement {
  if (!isTypeWord(reader.peek().text)) reader.take();
  const statements: Statement[] = [];
  do statements.push(parseDeclarator(reader));
  while (reader.accept(','));
  reader.expect(';');
  return { kind: 'block', statements };
}

function parseDeclarator(reader: TokenReader): Statement {
  skipType(reader);
  const { line } = reader.peek();
  const name = reader.expectName('the name of a register');
  if (reader.is('[')) reader.fail('local arrays are not supported');
  const value: Expression | undefined = reader.accept('=') ? parseExpression(reader) : undefined;
  return { kind: 'declare', name, value, line };
}
