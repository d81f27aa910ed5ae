/**
 * NameIntent: what a thread has in hand while it makes something that is found by name: the thing's memory and the record of
 * its name. Told in an intent of kind `name`, for who reaps the thread if it dies (dead-names.ts).
 *
 *     open() -> take memory -> tell() -> take the name's record -> tellRecord() -> publish it -> close()
 *                                \----------- the name is there already: giveBack(), giveBackRecord()
 *
 * Who may call: the slot's thread.
 *
 * I1  Memory that was told is given back by these alone.
 */
import { NAME_INTENT } from '../layout/name-record.js';
import { INTENT, INTENT_KIND } from '../layout/thread-slot.js';
import { Intents } from '../threads/intents.js';
import type { Words } from '../words/words.js';

export class NameIntent {
  private readonly _words: Words;
  private readonly _intents: Intents;
  private readonly _free: (p: number) => void;
  private _frame = 0;

  /**
   * @param slot word index of this thread's slot
   * @param free gives memory back, trying each lock once: that one was not to be had may be why
   */
  constructor(words: Words, slot: number, free: (p: number) => void) {
    this._words = words;
    this._intents = new Intents(words, slot);
    this._free = free;
  }

  open(): void {
    this._frame = this._intents.open(INTENT_KIND.name, NAME_INTENT.plain);
  }

  close(): void {
    this._intents.close(this._frame);
  }

  /** The thing's memory is at `p`, and holds what one of `kind` (NAME_INTENT) does from now on. */
  tell(p: number, kind: number = NAME_INTENT.plain): void {
    if (this._frame === 0) return;
    this._intents.take(this._frame, p);
    this._words.storePlain(this._frame + INTENT.place, kind);
  }

  /** tell() of what is made, where that was not called before: the memory that was taken last, if any, is the thing's. */
  made(p: number): void {
    if (this._frame !== 0 && this._words.loadPlain(this._frame + INTENT.a) === 0)
      this._intents.take(this._frame, p);
  }

  /** The record of the name, or other memory that goes with the thing, is at `p`. */
  tellRecord(p: number): void {
    this._intents.takeSecond(this._frame, p);
  }

  /** What was taken last is part of the thing that tell() has told of. */
  tellPart(): void {
    this._intents.takeSecond(this._frame, 0);
  }

  /** Gives back what tell() has told of. */
  giveBack(p: number): void {
    this._giveBackAt(INTENT.a, p);
  }

  /** Gives back what tellRecord() has told of. */
  giveBackRecord(p: number): void {
    this._giveBackAt(INTENT.b, p);
  }

  /** Gives back a part: what the word `place` leads to. */
  giveBackPart(place: number): void {
    freeAtWord(this._words, this._intents, place, this._free);
  }

  private _giveBackAt(offset: number, p: number): void {
    if (this._frame === 0) this._free(p);
    else freeAtWord(this._words, this._intents, this._frame + offset, this._free);
  }
}

/** Runs what makes something with a name, in an intent. */
export function withNameIntent(
  words: Words,
  slot: number,
  free: (p: number) => void,
  fn: (intent: NameIntent) => number,
): number {
  const intent = new NameIntent(words, slot, free);
  intent.open();
  try {
    return fn(intent);
  } finally {
    intent.close();
  }
}

/** Frees what a word leads to, which holds 0 then: one operation, as far as the death of this thread goes. */
export function freeAtWord(words: Words, intents: Intents, place: number, free: (p: number) => void): void {
  const p = words.loadPlain(place);
  if (p === 0) return;
  const frame = intents.open(INTENT_KIND.free, place, p);
  try {
    words.storePlain(place, 0);
    free(p);
  } finally {
    intents.close(frame);
  }
}
