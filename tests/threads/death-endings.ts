/** What the test of the ways in which a thread ends and its workers say to each other. */
import type { HeapHandle } from '../../src/index.js';

/** How the worker's thread ends; `is terminated ..`: by the test. */
export const ENDINGS = [
  'returns',
  'calls process.exit()',
  'calls process.exit() in a turn',
  'calls process.exit() in update()',
  'calls process.exit() in a shrinker',
  'calls process.exit() in an RCU callback',
  'throws',
  'throws in a turn',
  'rejects',
  'overflows its stack',
  'runs out of memory',
  'is terminated in set()',
  'is terminated in update() and delete()',
  'is terminated in clear()',
  'is terminated while it frees',
  'is terminated while it opens names',
  'is terminated asleep in its turn',
  'is terminated holding a mutex',
  'is terminated in its event loop',
] as const;
export type Ending = (typeof ENDINGS)[number];

export interface DeathEndingsBriefing {
  readonly heap: HeapHandle;
  readonly ending: Ending;
  readonly seed: number;
}

/** The map and the mutex that all threads use. */
export const SHARED = 'shared';

/** How a worker ends that ends as it is told. */
export const EXIT_CODE = 3;
export const MESSAGE = 'as the test asks for';
