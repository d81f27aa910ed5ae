/** The errors that a caller of the heap is expected to catch. */

/** Why a buffer was refused. */
export type AttachErrorCode = 'handle' | 'foreign' | 'version' | 'truncated';

/**
 * What was given to attach is not a heap that this program can use.
 *
 *     handle      not a heap's handle
 *     foreign     a shared buffer in which no heap was made
 *     version     a heap of another version of this package
 *     truncated   a buffer of another size than the heap that was made in it
 */
export class AttachError extends Error {
  override readonly name = 'AttachError';
  readonly code: AttachErrorCode;

  constructor(code: AttachErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Nothing was to be had, and reclaiming brought nothing. What the call would have changed is as before. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
  readonly requestedBytes: number;

  constructor(requestedBytes: number, report: string) {
    super(`no ${requestedBytes} bytes are to be had: ${report}. Free something, or create a larger heap.`);
    this.requestedBytes = requestedBytes;
  }
}
