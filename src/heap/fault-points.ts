/** FaultPoints: where allocations of one thread can be made to fail: heap.failslab and heap.failPageAlloc. */
import { FaultAttr } from '../pages/fault-attr.js';
import { CLASS_BYTES } from '../slab/size-classes.js';

export class FaultPoints {
  readonly failslab: FaultAttr;
  readonly failPageAlloc = new FaultAttr('failPageAlloc');
  /** Id of a named slab cache; 0 where there is none. Set by who knows names. */
  findNamedCache: (name: string) => number = () => 0;

  constructor() {
    this.failslab = new FaultAttr('failslab', (cache) => this._findCache(cache));
  }

  private _findCache(cache: string | number): number {
    return typeof cache === 'string' ? this.findNamedCache(cache) : CLASS_BYTES.indexOf(cache) + 1;
  }
}

/** The points of a heap. Error for one that was made without them. */
export function requireFaultPoints(
  { faults }: { readonly faults: FaultPoints | undefined },
  point: string,
): FaultPoints {
  if (faults !== undefined) return faults;
  throw new Error(
    `asked for heap.${point} of a heap that injects no faults; create it with Heap.create({ faultInjection: true })`,
  );
}
