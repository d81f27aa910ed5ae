/**
 * The parent's end of the line protocol in subject.ts: one child that is asked for one round at a time.
 *
 * A child that is not asked sleeps on its input, so the subject that is measured has the machine for itself.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** What to run: a program and what it is given. */
export interface Command {
  readonly program: string;
  readonly given: readonly string[];
}

/** A subject ended, or answered something that is not a round's value. */
export class SubjectError extends Error {
  override readonly name = 'SubjectError';
}

/** A subject that needs longer than this for its set-up or a round, or for ending, is killed. */
const ANSWER_MILLIS = 120_000;
const STOP_MILLIS = 10_000;

/** The line of a dead subject's error output that says why: the one that names an error, or else the last. */
function reasonIn(errorOutput: string): string {
  const lines = errorOutput.trim().split('\n');
  return (lines.find((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines.at(-1)!).trim();
}

export class RunningSubject {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #answers: AsyncIterator<string>;
  #errorOutput = '';

  private constructor(name: string, child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#name = name;
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput += text;
    });
    child.on('error', (error) => {
      this.#errorOutput += error.message;
    });
    // A write to a child that has just ended fails here; the missing answer tells of it.
    child.stdin.on('error', () => {});
  }

  /**
   * Starts a subject and waits until its set-up is done.
   *
   * Errors    SubjectError: the program is not there, or ended before it was ready; its reason is quoted.
   */
  static async start(name: string, command: Command): Promise<RunningSubject> {
    const child = spawn(command.program, command.given, { stdio: ['pipe', 'pipe', 'pipe'] });
    const subject = new RunningSubject(name, child);
    const answer = await subject.#nextAnswer();
    if (!('ready' in answer))
      throw new SubjectError(`${name} began with ${JSON.stringify(answer)}, not with ready`);
    return subject;
  }

  /**
   * Runs one round.
   *
   * @param operations  how many, at least 1.
   * @returns           the value in the unit of the comparison.
   *
   * Errors    SubjectError: the subject ended; its reason is quoted.
   */
  async round(operations: number): Promise<number> {
    this.#child.stdin.write(`round ${operations}\n`);
    const { value } = await this.#nextAnswer();
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new SubjectError(
        `${this.#name} answered a round with ${JSON.stringify(value)}, not with a number`,
      );
    }
    return value;
  }

  /** Ends the subject's input and waits until it has gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    await this.#killAfter(STOP_MILLIS, gone);
  }

  async #killAfter<T>(limitMillis: number, awaited: Promise<T>): Promise<T> {
    const alarm = setTimeout(() => this.#child.kill('SIGKILL'), limitMillis);
    try {
      return await awaited;
    } finally {
      clearTimeout(alarm);
    }
  }

  /** The next line that is JSON; a library may write others. */
  async #nextAnswer(): Promise<{ ready?: boolean; value?: unknown }> {
    for (;;) {
      const { value: line, done } = await this.#killAfter(ANSWER_MILLIS, this.#answers.next());
      if (done) throw await this.#deathNotice();
      if (line.startsWith('{')) return JSON.parse(line) as { ready?: boolean; value?: unknown };
    }
  }

  async #deathNotice(): Promise<SubjectError> {
    const running = this.#child.exitCode === null && this.#child.signalCode === null;
    if (running) await once(this.#child, 'close');
    const how = this.#child.signalCode ?? `code ${this.#child.exitCode}`;
    const reason = reasonIn(this.#errorOutput);
    return new SubjectError(`${this.#name} ended with ${how}${reason === '' ? '' : `: ${reason}`}`);
  }
}
