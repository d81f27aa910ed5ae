/**
 * ReadTrail: what a thread has read since it last paused, and in which order: what news is to it, and whether it
 * goes round.
 *
 *     words, versions    each word once, with the version that the thread knows
 *     trail              every read since the thread met something new or wrote:  7 9 12 9 12 9 12 9 12 ...
 *
 * A trail that ends in one piece of up to 16 reads, eight times over, is a loop that only another thread can end.
 * Who walks a list twice does not go round, nor does a loop whose turns look at different words.
 */
import type { Memory } from './memory.js';

const LONGEST_ROUND = 16;
const ROUNDS = 8;
/** What is looked at of a trail. */
const LENGTH = LONGEST_ROUND * ROUNDS;

export class ReadTrail {
  private readonly _words: number[] = [];
  private readonly _versions: number[] = [];
  private readonly _trail: number[] = [];

  /** Notes a read of a word: a change of it later is news. */
  noteRead(word: number, memory: Memory): void {
    const version = memory.versions[word]!;
    const place = this._words.indexOf(word);
    if (place < 0) {
      this._words.push(word);
      this._versions.push(version);
    } else if (this._versions[place] !== version) {
      this._versions[place] = version;
      this._trail.length = 0;
    }
    if (this._trail.length >= 4 * LENGTH) this._trail.splice(0, this._trail.length - LENGTH);
    this._trail.push(word);
  }

  /** Notes that the thread has written a word itself: no news to it, where it knew what was there before. */
  noteWrite(word: number, versionBefore: number, memory: Memory): void {
    this._trail.length = 0;
    const place = this._words.indexOf(word);
    if (place >= 0 && this._versions[place] === versionBefore) this._versions[place] = memory.versions[word]!;
  }

  /** The thread begins to look anew. */
  forget(): void {
    this._words.length = 0;
    this._versions.length = 0;
    this._trail.length = 0;
  }

  /** True when a word has changed since the thread read it. */
  hasNews(memory: Memory): boolean {
    for (let i = 0; i < this._words.length; i++) {
      if (memory.versions[this._words[i]!] !== this._versions[i]) return true;
    }
    return false;
  }

  /** Sorts the words into those that have changed since the thread read them, and the others. */
  sort(memory: Memory, changed: number[], unchanged: number[]): void {
    for (const [i, word] of this._words.entries()) {
      (memory.versions[word] === this._versions[i] ? unchanged : changed).push(word);
    }
  }

  /** The words, each once. */
  words(): readonly number[] {
    return this._words;
  }

  /** True when the thread reads the same over and over. */
  goesRound(): boolean {
    for (let round = 1; round <= LONGEST_ROUND; round++) if (this._endsIn(round)) return true;
    return false;
  }

  /** True when the trail ends in the same `round` reads, often enough. */
  private _endsIn(round: number): boolean {
    const { length } = this._trail;
    const least = length - round * (ROUNDS - 1);
    if (least < round) return false;
    for (let i = length - 1; i >= least; i--) if (this._trail[i] !== this._trail[i - round]) return false;
    return true;
  }
}
