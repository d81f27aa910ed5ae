/**
 * Every call that allocates, in every context, with every gfp: what is served, what is refused by an error, and that a
 * call which may not spin never does, whatever lock is busy.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  __GFP_ACCOUNT,
  __GFP_HIGH,
  __GFP_NOFAIL,
  __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL,
  __GFP_ZERO,
  type Address,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  GfpError,
  Heap,
} from '../../src/index.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { cacheStart, zoneStart } from '../../src/layout/heap-layout.js';
import { ZONE } from '../../src/layout/zone-record.js';
import type { WaitRight } from '../../src/words/host.js';
import { assertBalanced } from '../support/balanced.js';
import { countAccesses } from '../support/counting-words.js';
import { FakeHost } from '../support/fake-host.js';
import { partsOf } from '../support/stage.js';

const CONTEXTS = ['may-wait', 'may-spin', 'may-neither', 'a hook', 'a raw lock'] as const;
type Context = (typeof CONTEXTS)[number];
const GFPS: readonly (readonly [name: string, gfp: number | undefined, waits: boolean])[] = [
  ['no gfp', undefined, false],
  ['GFP_KERNEL', GFP_KERNEL, true],
  ['GFP_KERNEL|__GFP_HIGH', GFP_KERNEL | __GFP_HIGH, true],
  ['GFP_KERNEL|__GFP_NOFAIL', GFP_KERNEL | __GFP_NOFAIL, true],
  ['GFP_KERNEL|__GFP_RETRY_MAYFAIL', GFP_KERNEL | __GFP_RETRY_MAYFAIL, true],
  ['GFP_KERNEL|__GFP_NORETRY', GFP_KERNEL | __GFP_NORETRY, true],
  ['GFP_ATOMIC', GFP_ATOMIC, false],
  ['GFP_NOWAIT', GFP_NOWAIT, false],
  ['GFP_NOLOCK', GFP_NOLOCK, false],
];

/** One heap, and one thread of it in a context. */
class Scene {
  readonly main = Heap.create(
    { bytes: 4 * 2 ** 20, threads: 3, spinRounds: 200, pageListFloor: 0, hashSeed: [1, 2] },
    { host: new FakeHost() },
  );
  readonly heap: Heap;
  readonly calls: ReadonlyMap<string, (gfp?: number) => Address>;
  readonly held: Address[] = [];

  constructor(context: Context) {
    const { main } = this;
    // What a thread that may not wait cannot make it can open.
    main.slabCache('cache', 48);
    main.mempool('pool', 8, { bytes: 64 });
    main.group('group');
    const isHost = context === 'may-wait' || context === 'may-spin' || context === 'may-neither';
    const waitRight: WaitRight = isHost ? context : 'may-wait';
    this.heap = Heap.attach(main.handle, { name: 'one' }, { host: new FakeHost(waitRight) });
    const { heap } = this;
    const [cache, pool, group] = [
      heap.slabCache('cache', 48),
      heap.mempool('pool', 8, { bytes: 64 }),
      heap.group('group'),
    ];
    this.calls = new Map<string, (gfp?: number) => Address>([
      ['kmalloc', (gfp) => heap.kmalloc(64, gfp)],
      ['kmalloc of pages', (gfp) => heap.kmalloc(20_000, gfp)],
      ['allocPages', (gfp) => heap.allocPages(0, gfp)],
      ['allocPages of order 5', (gfp) => heap.allocPages(5, gfp)],
      ['NamedCache.alloc', (gfp) => cache.alloc(gfp)],
      ['Mempool.alloc', (gfp) => pool.alloc(gfp)],
      ['MemoryGroup.kmalloc', (gfp) => group.kmalloc(64, gfp)],
      ['MemoryGroup.allocPages', (gfp) => group.allocPages(0, gfp)],
    ]);
    if (!isHost) partsOf(heap).context.enterAtomic(context);
  }

  end(): void {
    for (const p of this.held) this.main.kfree(p);
    const { context } = partsOf(this.heap);
    for (const section of ['a hook', 'a raw lock']) context.exitAtomic(section);
    this.heap.detach();
    assertBalanced(this.main);
  }

  /** Has somebody else hold every lock on the way to memory, while `act` runs. */
  whileAllIsLocked(act: () => void): void {
    const { words, geometry } = this.main;
    const locks: number[] = [];
    for (let zone = 0; zone < geometry.zones; zone++) locks.push(zoneStart(geometry, zone) + ZONE.lock);
    for (let id = 0; id < partsOf(this.main).caches.used(); id++) {
      locks.push(cacheStart(geometry, id) + CACHE.listLock, cacheStart(geometry, id) + CACHE.barnLock);
    }
    for (const lock of locks) words.store(lock, 250);
    act();
    for (const lock of locks) words.store(lock, 0);
  }
}

for (const context of CONTEXTS) {
  test(`every allocation, in the context ${context}, is served with what is allowed there, and refused where it asks to wait`, () => {
    const scene = new Scene(context);
    for (const [call, alloc] of scene.calls) {
      for (const [name, gfp, waits] of GFPS) {
        if (waits && context !== 'may-wait') {
          const where = context.startsWith('a ') ? context : /worklet|main thread/;
          assert.throws(
            () => alloc(gfp),
            { name: 'ContextError', message: new RegExp(where) },
            `${call}, ${name}`,
          );
          continue;
        }
        const p = alloc(gfp);
        assert.notEqual(p, 0, `${call}, ${name}`);
        scene.held.push(p);
      }
    }
    scene.end();
  });

  test(`calls that may not spin, in the context ${context} with every lock busy, return at once`, () => {
    const scene = new Scene(context);
    const { heap, held } = scene;
    const own = [20_000, 4096, 64, 64].map((bytes) => scene.main.kmalloc(bytes));
    const block = scene.main.allocPages(5);
    const counter = countAccesses(partsOf(heap).words);
    scene.whileAllIsLocked(() => {
      for (const [call, alloc] of scene.calls) {
        if (call.includes('Mempool')) continue;
        const p = alloc(GFP_NOLOCK);
        if (p !== 0) held.push(p);
      }
      for (const p of [heap.allocPagesNolock(0), heap.allocPagesNolock(7), heap.kmallocNolock(64)])
        assert.equal(p, 0);
      heap.freePagesNolock(block);
      heap.kfreeBulkNolock(own.slice(0, 2));
      heap.kfreeRcu(own[2]!);
      // Where nothing may spin, the ordinary free is as good.
      if (partsOf(heap).context.waitRight() === 'may-neither') heap.kfree(own[3]!);
      else heap.kfreeNolock(own[3]!);
    });
    assert.equal(counter.spins, 0);
    assert.deepEqual(held, []);
    scene.end();
    const host = partsOf(scene.main).host as FakeHost;
    host.advance(100);
    scene.main.shrink();
    host.advance(100);
    assert.equal(assertBalanced(scene.main).pages.deferred, 0);
  });
}

test('calls of the nolock kind, take no bit but __GFP_ZERO and __GFP_ACCOUNT', () => {
  const { heap } = new Scene('may-wait');
  const group = heap.group('group');
  for (let bit = 1; bit < 31; bit++) {
    const gfp = 1 << bit;
    if ((gfp & (__GFP_ZERO | __GFP_ACCOUNT)) !== 0) continue;
    assert.throws(() => heap.kmallocNolock(64, gfp), GfpError, `bit ${bit}`);
    assert.throws(() => heap.allocPagesNolock(0, gfp), GfpError, `bit ${bit}`);
    assert.throws(() => group.kmallocNolock(64, gfp), GfpError, `bit ${bit}`);
  }
});

test('__GFP_ZERO and allocPagesNolock(), hand out zeroes over what lay there', () => {
  for (const context of CONTEXTS) {
    const scene = new Scene(context);
    const { heap } = scene;
    const { words } = heap;
    const spoil = (p: Address, length: number) => words.fillPlain(p, p + length, -1);
    for (const [bytes, alloc] of [
      [64, () => heap.kmalloc(64, __GFP_ZERO)],
      [64, () => heap.kmallocNolock(64, __GFP_ZERO)],
      [4096, () => heap.allocPages(0, GFP_NOWAIT | __GFP_ZERO)],
      [4096, () => heap.allocPagesNolock(0)],
    ] as const) {
      const dirty = bytes === 64 ? heap.kmallocNolock(64) : heap.allocPagesNolock(0);
      spoil(dirty, bytes / 4);
      if (bytes === 64) heap.kfreeNolock(dirty);
      else heap.freePagesNolock(dirty);
      const p = alloc();
      assert.equal(p, dirty, 'the same memory again');
      for (let i = 0; i < bytes / 4; i++)
        assert.equal(words.loadPlain(p + i), 0, `word ${i} of ${bytes} bytes`);
      scene.held.push(p);
    }
    scene.end();
  }
});
