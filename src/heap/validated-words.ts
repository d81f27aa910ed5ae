/**
 * ValidatedWords: what the user of a validating heap reads and writes through. Addresses that come out of
 * dereference() are marked with their turn; one that is used in another turn is reported, because what it leads to
 * may have been freed.
 */
import type { AsyncWait, WaitResult, Words } from '../words/words.js';
import { bareAddress, isMarked, markAddress } from './marked-address.js';
import type { TurnRules } from './turn-rules.js';
import type { ValidatedTurn } from './validated-parts.js';

export class ValidatedWords implements Words {
  readonly lengthWords: number;
  private readonly _words: Words;
  private readonly _turn: ValidatedTurn;
  private readonly _rules: TurnRules;

  constructor(words: Words, turn: ValidatedTurn, rules: TurnRules) {
    this.lengthWords = words.lengthWords;
    this._words = words;
    this._turn = turn;
    this._rules = rules;
  }

  load(index: number): number {
    // Publishes nothing of its own: passes on what the user does.
    return this._words.load(this._bare(index));
  }

  store(index: number, value: number): void {
    // Publishes nothing of its own: passes on what the user does.
    this._words.store(this._bare(index), value);
  }

  exchange(index: number, value: number): number {
    // Publishes nothing of its own: passes on what the user does.
    return this._words.exchange(this._bare(index), value);
  }

  /** Returns a marked `expected` itself where the word held its address, so that the two compare equal. */
  compareExchange(index: number, expected: number, value: number): number {
    // Publishes nothing of its own: passes on what the user does.
    const found = this._words.compareExchange(this._bare(index), expected, value);
    return isMarked(expected) && found === (expected | 0) ? expected : found;
  }

  add(index: number, value: number): number {
    // Publishes nothing of its own: passes on what the user does.
    return this._words.add(this._bare(index), value);
  }

  and(index: number, mask: number): number {
    // Publishes nothing of its own: passes on what the user does.
    return this._words.and(this._bare(index), mask);
  }

  or(index: number, mask: number): number {
    // Publishes nothing of its own: passes on what the user does.
    return this._words.or(this._bare(index), mask);
  }

  wait(index: number, expected: number, timeoutMillis: number): WaitResult {
    if (this._turn.isOpen()) this._rules.noteWait();
    return this._words.wait(this._bare(index), expected, timeoutMillis);
  }

  waitAsync(index: number, expected: number, timeoutMillis: number): AsyncWait | undefined {
    return this._words.waitAsync(this._bare(index), expected, timeoutMillis);
  }

  notify(index: number, count: number): number {
    return this._words.notify(this._bare(index), count);
  }

  pause(): void {
    this._words.pause();
  }

  loadPlain(index: number): number {
    return this._words.loadPlain(this._bare(index));
  }

  storePlain(index: number, value: number): void {
    this._words.storePlain(this._bare(index), value);
  }

  /** The address marked with its turn. */
  dereference(index: number): number {
    const address = this._words.dereference(this._bare(index));
    if (!this._turn.isOpen()) {
      this._rules.noteDereferenceOutside(bareAddress(index));
      return address;
    }
    if (this._turn.isOutsideSections()) this._rules.noteDereferenceOutsideSections(bareAddress(index));
    // What is no address is for the user to know.
    return address > 0 ? markAddress(address, this._turn.epoch) : address;
  }

  fillPlain(from: number, to: number, value: number): void {
    this._words.fillPlain(this._bare(from), this._bare(to), value);
  }

  readBytesPlain(index: number, target: Uint8Array, byteLength: number): void {
    this._words.readBytesPlain(this._bare(index), target, byteLength);
  }

  writeBytesPlain(index: number, source: Uint8Array, byteLength: number): void {
    this._words.writeBytesPlain(this._bare(index), source, byteLength);
  }

  private _bare(index: number): number {
    return this._rules.bareOf(index);
  }
}
