/**
 * A thread that stops for good at a chosen access to the heap: between two words, where worker.terminate() hits only by luck.
 *
 *     breakWords() -> arm(n) -----------------------------> n accesses later: process.reallyExit(), so that no `finally`
 *                  -> aim(words, n) -> one of them is taken ^                 and no exit handler runs
 *
 * Who may call: a worker that is to be killed, before it joins a heap. Its accesses cost a call more from then on.
 */
import { NativeWords } from '../../src/words/native-words.js';
import { ACCESSES } from './accesses.js';

/** What takes a word that is not a lock's. */
const WRITES: ReadonlySet<string> = new Set(['store', 'storePlain', 'exchange', 'add', 'or']);

type Access = (this: unknown, a: unknown, b: unknown, c: unknown) => unknown;

/** Accesses left; 0 = the thread goes on. */
let left = 0;
/** Words to wait for, and accesses from then on. */
let aimed: ReadonlySet<number> | undefined;
let leftThen = 0;

/** From the `accesses`-th access on, nothing of this thread happens any more. */
export function arm(accesses: number): void {
  left = accesses;
}

/** As arm(), from when this thread has taken one of these words: by compareExchange, or by storing what is not 0. */
export function aim(words: ReadonlySet<number>, accesses: number): void {
  aimed = words;
  leftThen = accesses;
}

/** Has every access of this thread, to any heap, count. */
export function breakWords(): void {
  const methods = NativeWords.prototype as unknown as Record<string, Access>;
  for (const name of ACCESSES) {
    const access = methods[name]!;
    methods[name] = function count(a, b, c) {
      if (left !== 0 && --left === 0) stopForGood();
      const result = access.call(this, a, b, c);
      if (aimed !== undefined && isTaking(name, result, b) && aimed.has(a as number)) {
        aimed = undefined;
        left = leftThen;
      }
      return result;
    };
  }
}

function isTaking(access: string, result: unknown, given: unknown): boolean {
  if (access === 'compareExchange') return result === given;
  return WRITES.has(access) && given !== 0;
}

function stopForGood(): never {
  (process as unknown as { reallyExit(code: number): void }).reallyExit(0);
  // The engine ends the thread at its next look, which is here.
  for (;;) {
    // Nothing.
  }
}
