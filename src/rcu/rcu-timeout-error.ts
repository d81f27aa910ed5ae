/** The error of a wait for grace periods, or for callbacks, whose time is over. */

export class RcuTimeoutError extends Error {
  override readonly name = 'RcuTimeoutError';
  /** The threads that hold it up, in words. */
  readonly holdouts: string;

  /**
   * @param what     what was waited for: 'a grace period'
   * @param waited   for how long, with its unit
   * @param holdouts the threads that hold it up, in words, and what to do about it
   */
  constructor(what: string, waited: string, holdouts: string) {
    super(`gave up waiting for ${what} after ${waited}: ${holdouts}`);
    this.holdouts = holdouts;
  }
}
