/**
 * Patterns: what a test writes into memory that it owns, so that whoever gets the address can tell whether
 * anything else has written there. Every word follows from the tag, the address and the word's place.
 *
 *     word 0  tag      whose it is and what it is; drawn at random
 *     word 1  length   words of the object, masked by tag and address
 *     word 2  (head)   left to an RcuHead where the object has 4 words or more, and not looked at
 *     word 3  (head)
 *     word 4  ...      masked by tag, address and place; of a long object some are looked at, first and last
 *                      among them
 */
import type { Address, Words } from '../../src/index.js';
import { mix } from './seed.js';

/** The smallest object that has a pattern. */
export const MIN_PATTERN_WORDS = 2;
/** Word offset of the RcuHead in a patterned object of at least 4 words. */
export const HEAD_OFFSET = 2;
const FIRST_FREE_WORD = 4;
const MAX_WORDS = 2 ** 21;
/** Words of an object that are looked at, about. */
const SAMPLES = 48;

export class Patterns {
  private readonly _words: Words;
  private readonly _lengthWords: number;

  constructor(words: Words) {
    this._words = words;
    this._lengthWords = words.lengthWords;
  }

  /** Writes the pattern of `tag` into `objectWords` words at `p`. */
  write(p: Address, objectWords: number, tag: number): void {
    const words = this._words;
    words.storePlain(p, tag);
    words.storePlain(p + 1, objectWords ^ mix(tag, p));
    const step = stepFor(objectWords);
    for (let i = FIRST_FREE_WORD; i < objectWords; i += step) words.storePlain(p + i, wordOf(tag, p, i));
    if (objectWords > FIRST_FREE_WORD) {
      words.storePlain(p + objectWords - 1, wordOf(tag, p, objectWords - 1));
    }
  }

  /** The tag of the object at `p`. */
  tagOf(p: Address): number {
    return this._words.loadPlain(p);
  }

  /** Words of the object at `p`, as its pattern says. */
  lengthOf(p: Address): number {
    return this._words.loadPlain(p + 1) ^ mix(this.tagOf(p), p);
  }

  /** What is wrong with the pattern at `p`; '' when nothing is. */
  problemAt(p: Address): string {
    const words = this._words;
    const tag = words.loadPlain(p);
    const length = words.loadPlain(p + 1) ^ mix(tag, p);
    if (length < MIN_PATTERN_WORDS || length > MAX_WORDS || (p | 0) + length > this._lengthWords) {
      return `address ${p} carries tag ${tag}, whose length cannot be ${length} words`;
    }
    const step = stepFor(length);
    for (let i = FIRST_FREE_WORD; i < length; i += step) {
      if (words.loadPlain(p + i) !== wordOf(tag, p, i)) return this._wrongWord(p, i, tag, length);
    }
    if (length <= FIRST_FREE_WORD || words.loadPlain(p + length - 1) === wordOf(tag, p, length - 1))
      return '';
    return this._wrongWord(p, length - 1, tag, length);
  }

  private _wrongWord(p: Address, i: number, tag: number, length: number): string {
    const found = this._words.loadPlain(p + i);
    return `word ${i} of the ${length} words with tag ${tag} at address ${p} is ${found}, not ${wordOf(tag, p, i)}`;
  }
}

function stepFor(objectWords: number): number {
  return Math.max(1, Math.floor(objectWords / SAMPLES));
}

function wordOf(tag: number, p: Address, i: number): number {
  return mix(tag ^ p, i);
}
