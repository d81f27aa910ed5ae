/**
 * What the validator says: one report a problem, and the error that carries it where a test wants it thrown.
 */

export type ReportKind =
  /** A thread waits for a lock of a class that it holds. */
  | 'deadlock'
  /** Two orders that exclude each other. */
  | 'inversion'
  /** A lock that waits more than the place where it is taken allows. */
  | 'wait-context'
  /** A lock that a hook or callback takes, and that is held where one may interrupt. */
  | 'irq'
  /** A release of what is not held. */
  | 'unlock'
  /** A lock made anew while held. */
  | 'init-held'
  /** A lock that ought to be held, and is not. */
  | 'not-held'
  /** A lock kept beyond the end of a turn. */
  | 'turn'
  /** The validator has stopped: too many classes, edges or held locks, or a journal that is closed. */
  | 'off';

export interface LockReport {
  readonly kind: ReportKind;
  /** The same problem has the same key, in every thread. */
  readonly key: string;
  /** The whole text: one sentence, then what it rests on. */
  readonly message: string;
}

/** A report of the validator, thrown. */
export class LockOrderError extends Error {
  override readonly name = 'LockOrderError';
  readonly report: LockReport;

  constructor(report: LockReport) {
    super(report.message);
    this.report = report;
  }
}
