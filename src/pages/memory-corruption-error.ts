/** MemoryCorruptionError: what a debug heap throws from the call that found a wrong write or a wrong free. */

/**
 * What was found.
 *
 *     double-free        freed an object that is free, or waits for a grace period
 *     out-of-bounds      a write beside an object
 *     write-after-free   a write into an object, or into pages, after the free
 *     double-call        rcu.call() with an RcuHead that waits already
 */
export type CorruptionKind = 'double-free' | 'out-of-bounds' | 'write-after-free' | 'double-call';

export interface Corruption {
  readonly kind: CorruptionKind;
  /** Of the object, as its user knows it. */
  readonly address: number;
  /** First damaged byte, from the object's start: below 0 in front of it. Undefined where something was done twice. */
  readonly offset: number | undefined;
  readonly message: string;
  readonly allocStack: string;
  readonly freeStack: string;
  /** Where it was freed again; left out of what is no double free. */
  readonly againStack?: string;
}

/** Memory was used wrongly. The damaged object is in quarantine: nobody gets it again, and nothing else has changed. */
export class MemoryCorruptionError extends Error {
  override readonly name = 'MemoryCorruptionError';
  readonly kind: CorruptionKind;
  readonly address: number;
  readonly offset: number | undefined;
  /** Where the object was allocated, and freed (or its RcuHead queued), as far as that is known. */
  readonly allocStack: string;
  readonly freeStack: string;
  /** Of a double free: where it was freed again. */
  readonly againStack: string;

  constructor(corruption: Corruption) {
    super(corruption.message);
    this.kind = corruption.kind;
    this.address = corruption.address;
    this.offset = corruption.offset;
    this.allocStack = corruption.allocStack;
    this.freeStack = corruption.freeStack;
    this.againStack = corruption.againStack ?? '';
  }
}
