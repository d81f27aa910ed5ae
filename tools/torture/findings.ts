/** What main has found out in a torture run: counts, and the first sentences about what is wrong. */

const MAX_TEXTS = 20;
/** A thread that does nothing for so long hangs. */
export const HANG_MILLIS = 10_000;

export class Findings {
  /** Objects that only the variables of a dead worker led to, at most: one for each call that was cut off. */
  objectsInTransit = 0;
  /** As objectsInTransit, in pages. */
  pagesInTransit = 0;
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

  wrong(text: string): void {
    this.wrongValues++;
    this.problem(text);
  }
}
