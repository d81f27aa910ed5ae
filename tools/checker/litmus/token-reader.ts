/** Walks over tokens: what the parsers look at and take. */
import type { Token } from './lexer.js';
import { LitmusSyntaxError } from './litmus-error.js';

export class TokenReader {
  private readonly _tokens: readonly Token[];
  private _at = 0;

  /** @param tokens the last of them says that the file ends */
  constructor(tokens: readonly Token[]) {
    this._tokens = tokens;
  }

  get line(): number {
    return this.peek().line;
  }

  peek(ahead = 0): Token {
    return this._tokens[Math.min(this._at + ahead, this._tokens.length - 1)]!;
  }

  /** True when the token `ahead` is this symbol or word. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && token.kind !== 'end';
  }

  isKind(kind: Token['kind'], ahead = 0): boolean {
    return this.peek(ahead).kind === kind;
  }

  take(): Token {
    const token = this.peek();
    this._at++;
    return token;
  }

  /** Takes the next token if it is `text`. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this._at++;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`expected ${text} and found ${this.peek().text}`);
  }

  expectName(what: string): string {
    if (!this.isKind('name')) this.fail(`expected ${what} and found ${this.peek().text}`);
    return this.take().text;
  }

  /** A whole number, with its sign, as 32 bits. */
  expectInteger(what: string): number {
    const negative = this.accept('-');
    if (!this.isKind('number')) this.fail(`expected ${what} and found ${this.peek().text}`);
    const value = Number(this.take().text) | 0;
    return negative ? -value | 0 : value;
  }

  fail(reason: string): never {
    throw new LitmusSyntaxError(this.line, reason);
  }
}
