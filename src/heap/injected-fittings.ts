/** The fittings of a heap in which allocations can be made to fail: those of any other heap, with the injectors round them. */
import { InjectedPages } from '../pages/injected-pages.js';
import { InjectedKmalloc } from '../slab/injected-kmalloc.js';
import { FaultPoints } from './fault-points.js';
import type { Fittings } from './fittings.js';

/** The fittings of one thread of a heap with fault injection, on top of `base`. */
export function injectedFittings(base: Fittings): Fittings {
  const faults = new FaultPoints();
  return {
    ...base,
    bare: base.bare ?? base,
    faults,
    pages: (...given) => new InjectedPages(faults.failPageAlloc, base.pages(...given), ...given),
    kmalloc: (...given) => new InjectedKmalloc(faults.failslab, base.kmalloc(...given), ...given),
  };
}
