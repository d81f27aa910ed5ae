/**
 * What RCU must do, in one word and without any of Lull's code: a grace period notes which outermost sections are
 * open, all at one moment, and then waits until each of those has ended.
 *
 *     4 bits a process:  how often it has begun or ended an outermost section; odd = it is in one
 */
import type { Words } from '../../../src/words/words.js';
import { type ReadSide, SelfDeadlockError, UnbalancedSectionError } from './read-side.js';

const BITS = 4;
/** Processes that one word has room for, each with 7 sections. */
export const MOST_SPECIFIED = 8;

export class SpecifiedReadSide implements ReadSide {
  private readonly _words: Words;
  private readonly _word: number;
  private readonly _step: number;
  private _nesting = 0;

  /** @param word the word of all sections of the domain */
  constructor(words: Words, word: number, process: number) {
    this._words = words;
    this._word = word;
    this._step = 1 << (BITS * process);
  }

  readLock(): void {
    if (this._nesting === 0) this._words.add(this._word, this._step);
    this._nesting++;
  }

  readUnlock(): void {
    if (this._nesting === 0) throw new UnbalancedSectionError();
    this._nesting--;
    if (this._nesting === 0) this._words.add(this._word, this._step);
  }

  synchronize(): void {
    if (this._nesting > 0) throw new SelfDeadlockError();
    const noted = this._words.load(this._word);
    let now = noted;
    while (!haveEnded(noted, now)) {
      this._words.pause();
      now = this._words.load(this._word);
    }
  }
}

/** Whether each section that was open in `noted` is over in `now`. */
function haveEnded(noted: number, now: number): boolean {
  for (let at = 0; at < BITS * MOST_SPECIFIED; at += BITS) {
    const isOpen = ((noted >>> at) & 1) === 1;
    if (isOpen && ((noted ^ now) >>> at) % (1 << BITS) === 0) return false;
  }
  return true;
}
