/** Calls at the end of the stack: wherever in an operation the stack may end, it does so in one of them. */

/** What came of the calls. */
export interface StackEndCalls {
  readonly calls: number;
  /** Calls in which the stack ended. */
  readonly overflows: number;
}

export function isOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/.test(error.message);
}

/**
 * Goes to the end of the stack, and on the way back calls `operation` from each frame, until the stack has held out for
 * `enough` calls in a row, or `most` calls were made.
 */
export function callAtStackEnd(operation: () => void, enough: number, most: number): StackEndCalls {
  let calls = 0;
  let overflows = 0;
  let inARow = 0;
  const descend = (): void => {
    try {
      descend();
    } catch (error) {
      if (!isOverflow(error)) throw error;
      if (inARow >= enough || calls >= most) return;
      calls++;
      try {
        operation();
        inARow++;
      } catch (inner) {
        if (!isOverflow(inner)) throw inner;
        overflows++;
        inARow = 0;
      }
      throw error;
    }
  };
  descend();
  return { calls, overflows };
}
