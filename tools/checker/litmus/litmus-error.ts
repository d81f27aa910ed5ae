/** Why a litmus test cannot be run, and the line that says so. */
export class LitmusSyntaxError extends Error {
  override readonly name = 'LitmusSyntaxError';
  readonly line: number;
  readonly reason: string;

  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.line = line;
    this.reason = reason;
  }
}
