/** PageFailures: makes chosen page allocations of a heap fail although memory is there. */
import type { PageFault } from '../../src/pages/page-allocator.js';

/** Which allocations fail: the nth alone, so that trying again helps, or all from the nth on. */
export type FailureMode = 'nth' | 'nth and later';

export class PageFailures implements PageFault {
  /** Allocations since arm(), and how many of them were made to fail. */
  asked = 0;
  failed = 0;
  private _mode: FailureMode | 'none' = 'none';
  private _nth = 0;

  /** From here on allocations fail; counting starts anew, at 1. */
  arm(mode: FailureMode, nth: number): void {
    this._mode = mode;
    this._nth = nth;
    this.asked = 0;
    this.failed = 0;
  }

  /** From here on none fails. */
  disarm(): void {
    this._mode = 'none';
  }

  shouldFail(): boolean {
    this.asked++;
    const fails =
      (this._mode === 'nth' && this.asked === this._nth) ||
      (this._mode === 'nth and later' && this.asked >= this._nth);
    if (fails) this.failed++;
    return fails;
  }
}
