/** Checks: named checks that run where there is no test runner: each ends as 'ok', or as what went wrong. */

export class Checks {
  readonly results: Record<string, string> = {};

  run(name: string, body: () => void): void {
    try {
      body();
      this.results[name] = 'ok';
    } catch (error) {
      this._note(name, error);
    }
  }

  async runAsync(name: string, body: () => Promise<void>): Promise<void> {
    try {
      await body();
      this.results[name] = 'ok';
    } catch (error) {
      this._note(name, error);
    }
  }

  /** Is well when `body` throws an error of the class, and its message says `words`. */
  throws(name: string, kind: new (message: string) => Error, words: string, body: () => unknown): void {
    try {
      body();
      this.results[name] = 'threw nothing';
    } catch (error) {
      if (error instanceof kind && error.message.includes(words)) this.results[name] = 'ok';
      else this._note(name, error);
    }
  }

  equal(actual: unknown, expected: unknown): void {
    if (Object.is(actual, expected)) return;
    throw new Error(`is ${String(actual)}, expected ${String(expected)}`);
  }

  private _note(name: string, error: unknown): void {
    this.results[name] =
      error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error);
  }
}
