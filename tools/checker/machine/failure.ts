/** What an execution can come to grief on. */
import { runPlainly } from '../hold/runtime.js';
import type { ModelThread } from './model-thread.js';
import { OPERATION, operationName } from './operation.js';

export type FailureKind = 'assertion' | 'race' | 'deadlock' | 'livelock' | 'error';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** A failure of what a model's own code threw: an assertion of its, or an error of the code that it runs. */
export function failureOf(error: unknown, where: string): Failure {
  if (!(error instanceof Error)) return { kind: 'error', message: `${where}: threw ${String(error)}` };
  const { name, message, stack } = error;
  const kind = name === 'AssertionError' ? 'assertion' : 'error';
  const place = stack?.split('\n').find((line) => /^\s+at /.test(line) && !isOfChecker(line));
  const at = place === undefined ? '' : ` (${place.trim()})`;
  return { kind, message: `${where}: ${kind === 'error' ? `${name}: ` : ''}${message}${at}` };
}

/** True for a line of a stack that is in the engine or the checker, which may all be bundled into this file. */
function isOfChecker(line: string): boolean {
  return /node:|\/tools\/checker\//.test(line) || line.includes(import.meta.url);
}

/** The failure of threads that cannot go on. */
export function stuckFailure(
  stuck: readonly ModelThread[],
  threads: readonly ModelThread[],
  kind: 'deadlock' | 'livelock',
  nameOf: (word: number) => string,
): Failure {
  const held = stuck.map((thread) => {
    const { name, operation, word } = thread;
    if (operation === OPERATION.awaitEnd)
      return `thread ${name} awaits the end of thread ${threads[word]!.name}`;
    const does = operation === OPERATION.wake ? 'sleeps on' : `spins, at ${operationName(operation)} of`;
    const spunOn = operation === OPERATION.pause ? (thread.trail.words().at(-1) ?? 0) : word;
    return `thread ${name} ${does} ${nameOf(spunOn)}`;
  });
  return { kind, message: `${kind}: ${held.join('; ')}` };
}

/** The error of plain code that runs where only held code may. */
export function notHeld({ name }: ModelThread): Error {
  return new Error(
    `thread ${name} went on where it was to be held: its code was not loaded for the checker. ` +
      'Run its file with lull check, or with checkFiles()',
  );
}

/** Runs what throws where something is wrong. Returns what is, or undefined. */
export function judge(look: () => unknown, where: string): Failure | undefined {
  try {
    runPlainly(look(), where);
    return undefined;
  } catch (error) {
    return failureOf(error, where);
  }
}
