/**
 * Intents: what a thread has in its hands that no structure holds, told in its slot before it has it, so that who reaps the
 * thread gives it back, or finishes what was begun.
 *
 *     open(kind, place) -> the allocator stores SLOT.inHand -> take(): a = what was in hand -> published -> close()
 *
 *     slot:  intentDepth | inHand | frame 0: kind place a b saved | frame 1 | ..      the last open frame is the innermost
 *
 * Intents nest: what an allocation has to do to get memory may be such an operation itself. Plain stores, in an order that
 * means something at each of them. Beyond INTENT_FRAMES of them nothing is told: no operation of Lull comes so
 * deep, as reclaim does not recurse (heap/reclaim-steps.ts).
 *
 * Who may call: the slot's thread, and who reaps the slot.
 *
 * I1  A frame below intentDepth with kind `nothing` says nothing, but that `saved` is what the frame before it has in hand.
 * I2  SLOT.inHand is stored before memory leaves the structure that it is taken from. It belongs to the innermost intent
 *     until take() has put it into `a`; where no intent is open it means nothing.
 * I3  Memory that a `free` intent names is put where it is free, or on a deferred list, before the intent says so
 *     (settle()), or into a sheaf of the slot; and that under a lock that keeps others from it until the intent says so.
 *
 * Follows kernel/futex (robust_list's list_op_pending).
 */
import { INTENT, INTENT_FRAME_WORDS, INTENT_FRAMES, INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

// Local copies: the engine folds a module's own constants into the code, imported ones it loads.
const NOTHING = INTENT_KIND.nothing;
const FREE = INTENT_KIND.free;
const FRAMES = INTENT_FRAMES;
const FRAME_WORDS = INTENT_FRAME_WORDS;
const FIRST_FRAME = SLOT.intents;
const KIND = INTENT.kind;
const PLACE = INTENT.place;
const A = INTENT.a;
const B = INTENT.b;
const SAVED = INTENT.saved;

export class Intents {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _depth: number;
  private readonly _inHand: number;

  /** @param slot word index of the slot */
  constructor(words: Words, slot: number) {
    this._words = words;
    this._slot = slot;
    this._depth = slot + SLOT.intentDepth;
    this._inHand = slot + SLOT.inHand;
  }

  /** Opens an intent of `kind` (INTENT_KIND) about `place`. Returns its frame; 0 where nothing is told any more. */
  open(kind: number, place: number, a = 0, b = 0): number {
    const words = this._words;
    const depth = words.loadPlain(this._depth);
    const frame = depth < FRAMES ? this._slot + FIRST_FRAME + depth * FRAME_WORDS : 0;
    // I1: first, and the kind last.
    if (frame !== 0) words.storePlain(frame + SAVED, words.loadPlain(this._inHand));
    words.storePlain(this._depth, depth + 1);
    if (frame === 0) return 0;
    words.storePlain(frame + PLACE, place);
    words.storePlain(frame + A, a);
    words.storePlain(frame + B, b);
    words.storePlain(this._inHand, 0);
    words.storePlain(frame + KIND, kind);
    return frame;
  }

  /** Ends the innermost intent, whose frame it is. */
  close(frame: number): void {
    const words = this._words;
    if (frame === 0) {
      words.storePlain(this._depth, words.loadPlain(this._depth) - 1);
      return;
    }
    words.storePlain(frame + KIND, NOTHING);
    words.storePlain(this._inHand, words.loadPlain(frame + SAVED));
    // Not one less than it is: an inner open() may have ended half-way, at the end of the stack.
    words.storePlain(this._depth, ((frame - this._slot - FIRST_FRAME) / FRAME_WORDS) | 0);
  }

  /** What was allocated for the innermost intent is its `a`. */
  take(frame: number, p: number): void {
    if (frame === 0) return;
    this._words.storePlain(frame + A, p);
    // Told: what becomes of it from now on is no matter of SLOT.inHand.
    this._words.storePlain(this._inHand, 0);
  }

  /** As take(), for its `b`. */
  takeSecond(frame: number, p: number): void {
    if (frame === 0) return;
    this._words.storePlain(frame + B, p);
    this._words.storePlain(this._inHand, 0);
  }

  /** Makes an intent one of another kind, about the same. */
  become(frame: number, kind: number): void {
    if (frame !== 0) this._words.storePlain(frame + KIND, kind);
  }

  /** Memory is free, or deferred: where the innermost intent is to free it, that is done. Under the lock that it was put there. */
  settle(p: number): void {
    this.rename(p, 0);
  }

  /** Memory that the innermost intent is to free is known as `outer` from here on: below what has put a shell round it. */
  rename(p: number, outer: number): void {
    const words = this._words;
    const depth = words.loadPlain(this._depth);
    if (depth === 0 || depth > FRAMES) return;
    const frame = this._slot + FIRST_FRAME + (depth - 1) * FRAME_WORDS;
    if (words.loadPlain(frame + A) !== p) return;
    if (words.loadPlain(frame + KIND) === FREE) words.storePlain(frame + A, outer);
  }
}
