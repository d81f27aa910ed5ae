/** The errors that a caller of the heap is expected to catch. */
import { counted } from '../words/counted.js';

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

/**
 * Nothing was to be had, and reclaiming brought nothing. What the call would have changed is as before.
 *
 * The message's first line says it all in short; the lines after it are `report`.
 */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
  readonly requestedBytes: number;
  private readonly _firstLine: number;

  /** @param summary how the heap stands, in a sentence; @param report who holds what, in lines */
  constructor(requestedBytes: number, summary: string, report = '') {
    const first = `${noneToBeHad(requestedBytes)}: ${summary}. Free something, or create a larger heap.`;
    super(report === '' ? first : `${first}\n${report}`);
    this.requestedBytes = requestedBytes;
    this._firstLine = first.length;
    // Said by the message already: who prints the error need not see it twice.
    Object.defineProperty(this, '_firstLine', { enumerable: false });
  }

  /** Who held what when it failed: zones, threads, slab caches, mempools, a line each. */
  get report(): string {
    return this.message.slice(this._firstLine + 1);
  }
}

/** How an error begins whose allocation has found nothing. */
export function noneToBeHad(bytes: number): string {
  return `no ${counted(bytes, 'byte')} ${bytes === 1 ? 'is' : 'are'} to be had`;
}
