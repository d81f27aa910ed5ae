/** What main has found out in a torture run: counts, and the first sentences about what is wrong. */

import type { HandKind } from './hand-kinds.js';

const MAX_TEXTS = 20;
/** A thread that does nothing for so long hangs. */
export const HANG_MILLIS = 10_000;

export class Findings {
  /** Calls that were cut off, by the kind of what only the variables of a dead worker may have led to: one of it each. */
  readonly cutOff = new Map<HandKind, number>();
  /** RcuHeads that a thread had taken in hand to call their callback, when it died. */
  readonly headsInHand = new Set<number>();
  /** Freed by main for dead workers: what their hands and tables told. */
  objectsReturned = 0;
  wrongValues = 0;
  hangs = 0;
  /** Callbacks that were queued for sure, whose thread lives or has handed them over, and that nobody called. */
  callbacksLost = 0;
  /** Callbacks whose thread died when it called them, or queued them. */
  callbacksInterrupted = 0;
  locksStuck = 0;
  /** Sentences, the first few. */
  readonly texts: string[] = [];
  /** Of all kinds. */
  problems = 0;

  /** Something is not as it must be. */
  problem(text: string): void {
    this.problems++;
    if (this.texts.length < MAX_TEXTS && !this.texts.includes(text)) this.texts.push(text);
  }

  /** A call was cut off that took, or gave back, something of this kind. */
  noteCutOff(kind: HandKind): void {
    this.cutOff.set(kind, (this.cutOff.get(kind) ?? 0) + 1);
  }

  wrong(text: string): void {
    this.wrongValues++;
    this.problem(text);
  }
}
