/**
 * HookCaller: what runs inside locked regions: the calls that any context may make, one at a time. What it gets it fills with a pattern, and looks at before it gives it back; it counts what was served and what
 * was refused, and the accesses to shared words that each call took.
 */
import type { Address, Heap, SharedMap } from '../../src/index.js';
import type { AccessCounter } from '../support/counting-words.js';
import { isValueFor, KEYS, SHARED_MAP, valueFor } from './any-context.js';
import { HEAD_OFFSET, Patterns } from './pattern.js';
import { type Random, SEED_NOTE } from './seed.js';

const PAGE_WORDS = 1024;
/** The last is a block of pages, of an order of which a thread keeps none. */
const SIZES = [16, 32, 64, 200, 1000, 4000, 40_000];
/** What it keeps of each kind, at most. */
const MAX_HELD = 24;

export type NolockCall =
  | 'allocPagesNolock'
  | 'freePagesNolock'
  | 'kmallocNolock'
  | 'kfreeNolock'
  | 'kfreeRcu'
  | 'trySet'
  | 'tryDelete';

export class HookCaller {
  /** By call. */
  readonly served = new Map<NolockCall, number>();
  readonly refused = new Map<NolockCall, number>();
  readonly mostSteps = new Map<NolockCall, number>();
  /** By region: how often it ran there. */
  readonly regions = new Map<string, number>();
  readonly problems: string[] = [];
  private readonly _heap: Heap;
  private readonly _random: Random;
  private readonly _counter: AccessCounter;
  private readonly _patterns: Patterns;
  private readonly _map: SharedMap<number, number>;
  private readonly _blocks: Address[] = [];
  private readonly _objects: Address[] = [];

  constructor(heap: Heap, random: Random, counter: AccessCounter) {
    this._heap = heap;
    this._random = random;
    this._counter = counter;
    this._patterns = new Patterns(heap.words);
    this._map = heap.map(SHARED_MAP);
  }

  /** One call, in region `region`. */
  call(region: string): void {
    count(this.regions, region);
    try {
      this._act();
    } catch (error) {
      this.problems.push(`in a hook of ${region}: ${String((error as Error).stack)}`);
    }
  }

  /** Gives back everything, in the ordinary way. */
  freeAll(): void {
    for (const block of this._blocks.splice(0)) this._heap.freePages(this._looked(block));
    for (const p of this._objects.splice(0)) this._heap.kfree(this._looked(p));
  }

  private _act(): void {
    const dice = this._random.below(7);
    if (dice === 0) this._takePages();
    else if (dice === 1) this._takeObject();
    else if (dice === 2) this._give(this._blocks, 'freePagesNolock', (p) => this._heap.freePagesNolock(p));
    else if (dice === 3) this._give(this._objects, 'kfreeNolock', (p) => this._heap.kfreeNolock(p));
    else if (dice === 4) this._give(this._objects, 'kfreeRcu', (p) => this._heap.kfreeRcu(p, HEAD_OFFSET));
    else this._write(this._random.below(KEYS), dice === 5);
  }

  private _takePages(): void {
    if (this._blocks.length >= MAX_HELD) return;
    const order = this._random.oneIn(4) ? this._random.below(5) : 0;
    const p = this._measured('allocPagesNolock', () => this._heap.allocPagesNolock(order));
    this._keep('allocPagesNolock', this._blocks, p, PAGE_WORDS << order);
  }

  private _takeObject(): void {
    if (this._objects.length >= MAX_HELD) return;
    const bytes = SIZES[this._random.below(SIZES.length)]!;
    const p = this._measured('kmallocNolock', () => this._heap.kmallocNolock(bytes));
    this._keep('kmallocNolock', this._objects, p, bytes / 4);
  }

  private _keep(call: NolockCall, held: Address[], p: Address, objectWords: number): void {
    count(p === 0 ? this.refused : this.served, call);
    if (p === 0) return;
    this._patterns.write(p, objectWords, this._random.next() | 0);
    held.push(p);
  }

  private _give(held: Address[], call: NolockCall, free: (p: Address) => void): void {
    const p = held.shift();
    if (p === undefined) return;
    this._looked(p);
    this._measured(call, () => free(p));
    count(this.served, call);
  }

  private _write(key: number, sets: boolean): void {
    const map = this._map;
    const call = sets ? 'trySet' : 'tryDelete';
    const value = valueFor(key, this._random.below(8));
    const isDone = this._measured(call, () => (sets ? map.trySet(key, value) : map.tryDelete(key)));
    count(isDone ? this.served : this.refused, call);
    const seen = map.get(key);
    if (!isValueFor(key, seen)) this.problems.push(`key ${key} has value ${seen} ${SEED_NOTE}`);
  }

  private _looked(p: Address): Address {
    const problem = this._patterns.problemAt(p);
    if (problem !== '') this.problems.push(`${problem} ${SEED_NOTE}`);
    return p;
  }

  private _measured<T>(name: NolockCall, call: () => T): T {
    this._counter.count = this._counter.spins = 0;
    const result = call();
    if (this._counter.spins > 0) this.problems.push(`${name} spun ${this._counter.spins} times ${SEED_NOTE}`);
    this.mostSteps.set(name, Math.max(this.mostSteps.get(name) ?? 0, this._counter.count));
    return result;
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
