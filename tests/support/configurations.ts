/**
 * The two configurations that every test of a heap runs in. With the default sizes a short test never fills a
 * sheaf or empties a list; in TINY every few operations do.
 */
import { type HeapOptions, TINY } from '../../src/heap/heap-options.js';

export interface Configuration {
  /** For the name of the test. */
  readonly label: 'default sizes' | 'TINY sizes';
  readonly options: HeapOptions;
}

export const CONFIGURATIONS: readonly Configuration[] = [
  { label: 'default sizes', options: { bytes: 8 * 2 ** 20 } },
  { label: 'TINY sizes', options: TINY },
];

/** What a test changes of the configurations. */
export interface Sizes {
  readonly all?: HeapOptions;
  /** In TINY alone, on top of `all`: more pages than 16, where a test needs them. */
  readonly tiny?: HeapOptions;
}

/** A configuration's options with a test's changes. */
export function sizedOptions({ label, options }: Configuration, sizes: Sizes): HeapOptions {
  return { ...options, ...sizes.all, ...(label === 'TINY sizes' ? sizes.tiny : {}) };
}
