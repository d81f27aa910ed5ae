/**
 * Cuts a litmus test, from its initial state on, into tokens.
 *
 *     { initial state }   P0(..) { body }   P1(..) { body }   locations [..] filter (..) exists (..)
 *
 * Comments: slashes everywhere, (* *) too. But inside a body, and in a condition, `(*x` is a dereference in
 * parentheses: there only `(*` with a blank, a star or the end of the line behind it starts a comment.
 */
import { LitmusSyntaxError } from './litmus-error.js';

export interface Token {
  readonly kind: 'name' | 'number' | 'symbol' | 'end';
  readonly text: string;
  readonly line: number;
}

const TOKEN =
  /([A-Za-z_$][\w$]*)|(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*|(\/\\|\\\/|&&|\|\||[=!<>+\-*&|^]=|<>|<<|>>|=>|->|\+\+|--|[{}()[\];:,=<>+\-*/%!~&|^?.])/y;
const BLANK = /\s/;
/** Words behind which `(*x` is a place in memory. */
const CONDITION_WORDS = new Set(['exists', 'forall', 'filter', 'locations']);

class Lexer {
  private readonly _text: string;
  private _at: number;
  private _line: number;
  private _depth = 0;
  private _inCode = false;
  private readonly _tokens: Token[] = [];

  constructor(text: string, start: number, line: number) {
    this._text = text;
    this._at = start;
    this._line = line;
  }

  tokens(): Token[] {
    while (this._at < this._text.length) {
      if (!this._skipBlank()) this._token();
    }
    this._tokens.push({ kind: 'end', text: 'the end of the file', line: this._line });
    return this._tokens;
  }

  private _skipBlank(): boolean {
    const text = this._text;
    if (BLANK.test(text[this._at]!)) {
      this._advance(this._at + 1);
      return true;
    }
    const end = this._endOfComment();
    if (end < 0) return false;
    this._advance(end);
    return true;
  }

  private _endOfComment(): number {
    const text = this._text;
    if (text.startsWith('(*', this._at) && this._isComment())
      return endOfStarComment(text, this._at, this._line);
    return endOfSlashComment(text, this._at, this._line);
  }

  private _isComment(): boolean {
    return !this._inCode || /[\s*]/.test(this._text[this._at + 2] ?? ' ');
  }

  private _token(): void {
    TOKEN.lastIndex = this._at;
    const match = TOKEN.exec(this._text);
    if (match === null) {
      throw new LitmusSyntaxError(
        this._line,
        `${JSON.stringify(this._text[this._at])} is no part of the language`,
      );
    }
    const [whole, name, number, symbol] = match;
    const kind = name !== undefined ? 'name' : number !== undefined ? 'number' : 'symbol';
    this._tokens.push({ kind, text: name ?? number ?? symbol!, line: this._line });
    this._follow(whole);
    this._advance(this._at + whole.length);
  }

  /** Where in the file this is: the first brace that closes ends the initial state. */
  private _follow(text: string): void {
    if (text === '{') this._depth++;
    if (text === '}') this._depth--;
    if (text === '{' && this._tokens.length > 1) this._inCode = true;
    if (text === '}' && this._depth === 0) this._inCode = false;
    if (CONDITION_WORDS.has(text) && this._depth === 0) this._inCode = true;
  }

  private _advance(to: number): void {
    for (let i = this._at; i < to; i++) if (this._text[i] === '\n') this._line++;
    this._at = to;
  }
}

/** Tokens of `text` from offset `start` on, which lies in line `line`. */
export function tokenize(text: string, start = 0, line = 1): Token[] {
  return new Lexer(text, start, line).tokens();
}

/** Offset behind the comment of slashes that starts at `at`, or -1. */
export function endOfSlashComment(text: string, at: number, line: number): number {
  if (text.startsWith('//', at)) {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end;
  }
  if (!text.startsWith('/*', at)) return -1;
  const end = text.indexOf('*/', at + 2);
  if (end < 0) throw new LitmusSyntaxError(line, 'this /* comment does not end');
  return end + 2;
}

/** Offset behind the comment that starts with (* at `at`; comments in it count where they close as well. */
export function endOfStarComment(text: string, at: number, line: number): number {
  let depth = 0;
  for (let i = at; i < text.length - 1; i++) {
    if (text.startsWith('(*', i)) depth++;
    else if (text.startsWith('*)', i)) depth--;
    else continue;
    i++;
    if (depth === 0) return i + 1;
  }
  const first = text.indexOf('*)', at + 2);
  if (first < 0) throw new LitmusSyntaxError(line, 'this (* comment does not end');
  return first + 2;
}
