import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { countAccesses } from '../../tests/support/counting-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { Random, SEED, SEED_NOTE } from '../../tests/threads/seed.js';
import { type HeapOptions, TINY } from '../heap/heap-options.js';
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart, zoneStart } from '../layout/heap-layout.js';
import { ZONE } from '../layout/zone-record.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import { nolockObjectStepBound } from './nolock-object-steps.js';
import { CLASS_OF_GRANULES } from './size-classes.js';

plainHeapsOnly();

const STEPS = 8000;
const SIZES = [8, 16, 64, 1000, 8192];

/** Random calls of all kinds, with one lock busy now and then; the most accesses of each of the nolock kind. */
class Measured {
  readonly most = { alloc: 0, free: 0, freeRcu: 0 };
  served = 0;
  refused = 0;
  private readonly _host = new FakeHost();
  private readonly _heap: Heap;
  private readonly _random: Random;
  private readonly _objects: number[] = [];

  constructor(options: HeapOptions) {
    this._heap = Heap.create(options, { host: this._host });
    this._random = new Random(SEED, options.pages ?? 1);
  }

  run(): void {
    const { words, kmalloc, kfreeRcu, turn } = partsOf(this._heap);
    const counter = countAccesses(words);
    const count = (call: keyof typeof this.most, fn: () => void): void =>
      this._whileBusy(() => {
        counter.count = counter.spins = 0;
        fn();
        this.most[call] = Math.max(this.most[call], counter.count);
        assert.equal(counter.spins, 0);
      });
    for (let step = 0; step < STEPS; step++) {
      turn.pin();
      const p = this._takeOut(step);
      const kind = this._random.below(4);
      if (p === 0 && kind === 0) this._keep(kmalloc.alloc(this._size(), GFP_NOWAIT));
      else if (p === 0) count('alloc', () => this._note(kmalloc.allocNolock(this._size(), GFP_NOLOCK)));
      else if (kind === 0) kmalloc.free(p);
      else if (kind === 1) count('freeRcu', () => kfreeRcu.post(p, 0));
      else count('free', () => kmalloc.freeNolock(p));
      if (this._random.oneIn(50)) this._host.runMicrotasks();
      if (this._random.oneIn(500)) this._heap.shrink();
    }
    for (const p of this._objects) kmalloc.free(p);
    this._host.runMicrotasks();
  }

  problems(): string[] {
    return this._heap.balance().problems;
  }

  private _takeOut(step: number): number {
    // Phases of growth and of decline.
    const isGrowing = step % 2000 < 1000;
    if (this._objects.length === 0 || this._random.oneIn(3) === !isGrowing) return 0;
    return isGrowing && !this._random.oneIn(3) ? 0 : this._objects.pop()!;
  }

  private _size(): number {
    return SIZES[this._random.below(SIZES.length)]!;
  }

  private _note(p: number): void {
    if (p === 0) this.refused++;
    else this.served++;
    this._keep(p);
  }

  private _keep(p: number): void {
    if (p !== 0) this._objects.push(p);
  }

  private _whileBusy(fn: () => void): void {
    if (!this._random.oneIn(3)) {
      fn();
      return;
    }
    const { words, geometry } = this._heap;
    const cache = cacheStart(geometry, CLASS_OF_GRANULES[(this._size() + 7) >> 3]!);
    const locks = [
      cache + CACHE.listLock,
      cache + CACHE.barnLock,
      cacheStart(geometry, SHEAF_CACHE) + CACHE.listLock,
      zoneStart(geometry, 0) + ZONE.lock,
    ];
    whileLocked(words, locks[this._random.below(locks.length)]!, fn);
  }
}

for (const [label, options] of [
  ['default sizes', { bytes: 8 * 2 ** 20 }],
  ['few pages', { pages: 64, barnSheaves: 1, minPartialSlabs: 0 }],
  ['TINY sizes', { ...TINY, pages: 64 }],
  ['pages of the own list', { pages: 256, pointerPageSource: 'thread-list' }],
] as const) {
  test(`nolockObjectStepBound, is never passed by a call of the nolock kind, whatever the state (${label})`, (t: TestContext) => {
    const measured = new Measured(options);
    measured.run();
    const { most, served, refused } = measured;
    const { geometry } = Heap.create(options, { host: new FakeHost() });
    const bound = nolockObjectStepBound(geometry);
    t.diagnostic(
      `seed ${SEED}: ${JSON.stringify({ ...most, served, refused })} within ${JSON.stringify(bound)}`,
    );
    assert.deepEqual(measured.problems(), [], SEED_NOTE);
    assert.ok(served > 0 && refused > 0, `all was served, or all refused ${SEED_NOTE}`);
    for (const call of ['alloc', 'free', 'freeRcu'] as const) {
      assert.ok(
        most[call] > 0 && most[call] <= bound[call],
        `${call} took ${most[call]} accesses ${SEED_NOTE}`,
      );
    }
  });
}
