/**
 * Reads a C litmus test of the Linux kernel's memory model.
 *
 *     C name
 *     (* comment, in which `Result: Never` says what its author expects *)
 *     { initial state }
 *     P0(int *x, int *y) { body }   P1(..) { body }
 *     locations [x; 0:r1]   filter (condition)   exists (condition)
 *
 * Throws LitmusSyntaxError for what it cannot read: nothing is skipped.
 */
import { parseCondition, parsePlace, placesOf } from './conditions.js';
import { Globals } from './globals.js';
import { endOfSlashComment, endOfStarComment, tokenize } from './lexer.js';
import { LitmusSyntaxError } from './litmus-error.js';
import { skipType } from './parse-expression.js';
import { parseInitial } from './parse-initial.js';
import { parseProcesses } from './parse-process.js';
import type { Condition, LitmusProcess, LitmusTest, Quantifier } from './syntax.js';
import { TokenReader } from './token-reader.js';

/** Reads the text of `file`, whose name only reports use. */
export function parseLitmus(text: string, file: string): LitmusTest {
  const { name, bodyAt } = parseHeader(text);
  const line = lineAt(text, bodyAt);
  const reader = new TokenReader(tokenize(text, bodyAt, line));
  const globals = new Globals();
  const initial = parseInitial(reader, globals);
  const { processes, domains } = parseProcesses(reader, globals, initial);
  const tail = parseTail(reader, globals, processes);
  return {
    name,
    file,
    expected: /Result:\s*(\w+)/.exec(text.slice(0, bodyAt))?.[1] ?? /Result:\s*(\w+)/.exec(text)?.[1],
    globals: globals.all(),
    processes,
    domains,
    ...tail,
  };
}

/** The first line says the language and the name; all up to the first brace is comment. */
function parseHeader(text: string): { name: string; bodyAt: number } {
  const header = /^\uFEFF?\s*(\S+)[ \t]*([^\n]*)\n/.exec(text);
  if (header === null) throw new LitmusSyntaxError(1, 'the file is empty');
  const [whole, language, name] = header;
  const line = lineAt(text, whole.length - 1);
  if (language !== 'C') throw new LitmusSyntaxError(line, `${language}, not C`);
  return { name: name!.trim().replace(/^"(.*)"$/, '$1'), bodyAt: findBody(text, whole.length) };
}

function findBody(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '{') {
    const line = lineAt(text, at);
    if (text.startsWith('(*', at)) at = endOfStarComment(text, at, line);
    else if (text.startsWith('/', at)) at = Math.max(at + 1, endOfSlashComment(text, at, line));
    else at++;
  }
  if (at >= text.length) throw new LitmusSyntaxError(lineAt(text, at), 'there is no initial state { .. }');
  return at;
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

type Tail = Pick<LitmusTest, 'filter' | 'quantifier' | 'proposition'>;

function parseTail(reader: TokenReader, globals: Globals, processes: readonly LitmusProcess[]): Tail {
  if (reader.accept('locations')) parseLocations(reader, globals);
  const filter = reader.accept('filter') ? parseCondition(reader, globals) : undefined;
  if (reader.isKind('end'))
    return { filter, quantifier: 'forall', proposition: { kind: 'truth', value: true } };
  const quantifier = parseQuantifier(reader);
  const proposition = parseCondition(reader, globals);
  reader.accept(';');
  if (!reader.isKind('end')) reader.fail(`expected the end of the file and found ${reader.peek().text}`);
  requireProcesses(proposition, processes.length, reader);
  if (filter !== undefined) requireProcesses(filter, processes.length, reader);
  return { filter, quantifier, proposition };
}

function parseLocations(reader: TokenReader, globals: Globals): void {
  reader.expect('[');
  while (!reader.accept(']')) {
    skipType(reader);
    parsePlace(reader, globals);
    if (!reader.is(']') && !reader.accept(',')) reader.expect(';');
  }
}

function parseQuantifier(reader: TokenReader): Quantifier {
  if (reader.accept('forall')) return 'forall';
  const isDenied = reader.accept('~') || reader.accept('not');
  if (!reader.accept('exists'))
    reader.fail(`expected exists, ~exists or forall and found ${reader.peek().text}`);
  return isDenied ? '~exists' : 'exists';
}

function requireProcesses(condition: Condition, processes: number, reader: TokenReader): void {
  for (const place of placesOf(condition)) {
    if (place.kind !== 'register' || place.process < processes) continue;
    reader.fail(`the condition names P${place.process}, and there is none`);
  }
}
