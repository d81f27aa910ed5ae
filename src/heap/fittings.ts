/**
 * Fittings: the parts of a heap that come in two makes. A plain heap gets the plain ones, a validating heap
 * those that tell the validator; neither asks at run time which it is.
 */
import type { Validator } from '../lockdep/validator.js';
import { type LockObserver, UNOBSERVED } from '../locks/lock-class.js';
import { PageAllocator } from '../pages/page-allocator.js';
import { CallbackFunctions } from '../rcu/callback-functions.js';
import { GracePeriod } from '../rcu/grace-period.js';
import { PlainHeadPlaces } from '../slab/head-places.js';
import { KfreeRcu } from '../slab/kfree-rcu.js';
import { Kmalloc } from '../slab/kmalloc.js';
import { Turn } from '../threads/turn.js';
import type { Words } from '../words/words.js';
import type { DebugView } from './debug-view.js';
import type { FaultPoints } from './fault-points.js';

export interface Fittings {
  readonly observer: LockObserver;
  /** What validates; undefined in a plain heap. */
  readonly validator: Validator | undefined;
  /** Of a debug heap. */
  readonly debug: DebugView | undefined;
  /** These without shells round objects, and without fault injection; undefined where they have neither. */
  readonly bare: Fittings | undefined;
  /** Of a heap in which allocations can be made to fail. */
  readonly faults: FaultPoints | undefined;
  /** Words of a slab's object that its user does not see. */
  readonly shellWords: number;
  turn(...given: ConstructorParameters<typeof Turn>): Turn;
  kmalloc(...given: ConstructorParameters<typeof Kmalloc>): Kmalloc;
  gracePeriod(...given: ConstructorParameters<typeof GracePeriod>): GracePeriod;
  kfreeRcu(...given: ConstructorParameters<typeof KfreeRcu>): KfreeRcu;
  callbackFunctions(): CallbackFunctions;
  headPlaces(...given: ConstructorParameters<typeof PlainHeadPlaces>): PlainHeadPlaces;
  pages(...given: ConstructorParameters<typeof PageAllocator>): PageAllocator;
  /** Where a turn began, by what its thread has stored at SLOT.turnStack; empty where that is not known. */
  turnStack(id: number): string;
  /** What the user of the heap reads and writes through. */
  userWords(words: Words): Words;
  /** Around what reclaims memory: shrinkers and the like. */
  enterReclaim(): void;
  exitReclaim(): void;
  /** This thread leaves the heap. */
  close(): void;
}

export const PLAIN: Fittings = {
  observer: UNOBSERVED,
  validator: undefined,
  debug: undefined,
  bare: undefined,
  faults: undefined,
  shellWords: 0,
  turn: (...given) => new Turn(...given),
  kmalloc: (...given) => new Kmalloc(...given),
  gracePeriod: (...given) => new GracePeriod(...given),
  kfreeRcu: (...given) => new KfreeRcu(...given),
  callbackFunctions: () => new CallbackFunctions(),
  headPlaces: (...given) => new PlainHeadPlaces(...given),
  pages: (...given) => new PageAllocator(...given),
  turnStack: () => '',
  userWords: (words) => words,
  enterReclaim() {},
  exitReclaim() {},
  close() {},
};
