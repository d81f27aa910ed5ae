/**
 * The bound of kfree-rcu.ts: what waits after a turn of a thread that may spin is what it posted during the last two grace
 * periods, and what lay in its sheaves in hand when the first of them began. And floods, which stay inside it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONFIGURATIONS, type Configuration } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { type Actor, heapTest, partsOf, Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, CALLBACK_LIST, RCU_HEAD, SLOT } from '../layout/thread-slot.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import { isDone } from '../rcu/sequence.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

const SIZES = [8, 64, 600, 9000] as const;
const THREADS = 3;

const sequenceOf = (heap: Heap): number => heap.words.loadPlain(HEADER.gracePeriodSequence);

/** Asserts that nothing is left that could have been freed at the end of this thread's last turn. */
function assertNothingDone({ words }: Heap, start: number): void {
  const sequence = words.loadPlain(HEADER.gracePeriodSequence);
  const sheaf = words.loadPlain(start + SLOT.waitingHead);
  if (sheaf !== 0) assert.equal(isDone(sequence, words.loadPlain(sheaf + SHEAF.cookie)), false);
  const heads = start + SLOT.heads;
  const done = words.loadPlain(heads + CALLBACK_LIST.tails);
  assert.equal(done, 0, 'a head is done, and was not freed');
}

interface Posted {
  readonly p: number;
  /** Counts the grace periods that had begun when it was posted. */
  readonly begun: number;
}

class Model {
  readonly stage: Stage;
  private readonly _actors: Actor[];
  /** What each thread has posted, and is not seen to be free. */
  private readonly _posted: Posted[][] = [];
  /** What each thread had in hand when a grace period began, by its count, as addresses. */
  private readonly _inHandAt: Map<number, Set<number>>[] = [];
  private _begun = 0;
  private _lastBegun: number;

  constructor(configuration: Configuration, source: 'opportunistic' | 'none') {
    const all = { pointerPageSource: source, drainMillis: 50 };
    this.stage = new Stage(configuration, { all, tiny: { pages: 200 } });
    this._actors = [this.stage, ...Array.from({ length: THREADS - 1 }, () => this.stage.attach())];
    for (let i = 0; i < THREADS; i++) {
      this._posted.push([]);
      this._inHandAt.push(new Map());
    }
    this._lastBegun = this._startsOf();
    this._watch();
  }

  post(thread: number, pick: number): void {
    const { heap } = this._actors[thread]!;
    const p = heap.kmalloc(SIZES[pick % SIZES.length]!, GFP_NOWAIT);
    if (p === 0) return;
    // It may have been handed out again: then it is not posted any more.
    this._forget(p);
    heap.kfreeRcu(p);
    this._look();
    this._posted[thread]!.push({ p, begun: this._begun });
  }

  open(thread: number): void {
    partsOf(this._actors[thread]!.heap).turn.pin();
  }

  endTurn(thread: number, how: number): void {
    const { heap, host } = this._actors[thread]!;
    const wasOpen = partsOf(heap).turn.isOpen();
    if (how === 0) heap.quiesce();
    else if (how === 1) host.runMicrotasks();
    else heap.turn(() => {});
    this._look();
    // turn(fn) is a turn of its own where none is open.
    if (wasOpen !== (how === 2)) this._check(thread);
  }

  finish(): void {
    this.stage.endTurns();
    this.stage.settle();
    this.stage.balance();
  }

  /** How many grace periods have begun, in a number that wraps. */
  private _startsOf(): number {
    const sequence = sequenceOf(this.stage.heap);
    return ((sequence >> 2) + ((sequence & 3) === 0 ? 0 : 1)) | 0;
  }

  /** Notes grace periods that began since the last look: nothing else happens between two looks. */
  private _look(): void {
    const begins = this._startsOf();
    const more = (begins - this._lastBegun) & ((1 << 30) - 1);
    this._lastBegun = begins;
    this._begun += more;
    if (more > 0) this._watch();
  }

  private _watch(): void {
    for (const [thread, { heap }] of this._actors.entries()) {
      this._inHandAt[thread]!.set(this._begun, new Set(inHandOf(heap)));
    }
  }

  private _forget(p: number): void {
    for (const posted of this._posted) {
      const i = posted.findIndex((object) => object.p === p);
      if (i >= 0) posted.splice(i, 1);
    }
  }

  private _check(thread: number): void {
    const { heap } = this._actors[thread]!;
    assertNothingDone(heap, partsOf(heap).membership.start);
    const first = this._begun - 1;
    const waiting = new Set(waitingOf(heap));
    const inHand = this._inHandBefore(thread, first);
    const allowed = this._posted[thread]!.filter(({ begun, p }) => begun >= first || inHand.has(p));
    const names = new Set(allowed.map(({ p }) => p));
    for (const p of waiting) {
      assert.ok(names.has(p), `object ${p} of thread ${thread} waits for longer than two grace periods`);
    }
    this._posted[thread] = this._posted[thread]!.filter(({ p }) => waiting.has(p));
  }

  /** In hand when grace period number `begun` began, or, where several began at once, at the last look before. */
  private _inHandBefore(thread: number, begun: number): Set<number> {
    const all = new Set<number>();
    for (const [at, objects] of this._inHandAt[thread]!) {
      if (at >= begun) for (const p of objects) all.add(p);
    }
    let before = -1;
    for (const at of this._inHandAt[thread]!.keys()) if (at < begun && at > before) before = at;
    if (before >= 0) for (const p of this._inHandAt[thread]!.get(before)!) all.add(p);
    return all;
  }
}

/** Objects in the rcu sheaves of a thread. */
function inHandOf(heap: Heap): number[] {
  const { words } = heap;
  const { membership, caches } = partsOf(heap);
  const objects: number[] = [];
  for (let id = 0; id < caches.used(); id++) {
    const sheaf = words.loadPlain(membership.start + SLOT.caches + id * CACHE_SLOT_WORDS + CACHE_SLOT.rcu);
    objects.push(...objectsIn(heap, sheaf));
  }
  return objects;
}

/** Objects that a thread has waiting: sealed, at heads, and in hand. */
function waitingOf(heap: Heap): number[] {
  const { words } = heap;
  const { start } = partsOf(heap).membership;
  const objects = inHandOf(heap);
  for (let sheaf = words.loadPlain(start + SLOT.waitingHead); sheaf !== 0; ) {
    objects.push(...objectsIn(heap, sheaf));
    sheaf = words.loadPlain(sheaf + SHEAF.next);
  }
  for (let head = words.loadPlain(start + SLOT.heads + CALLBACK_LIST.head); head !== 0; ) {
    objects.push(head - words.loadPlain(head + RCU_HEAD.func));
    head = words.loadPlain(head + RCU_HEAD.next);
  }
  return objects;
}

function objectsIn({ words }: Heap, sheaf: number): number[] {
  const count = words.loadPlain(sheaf);
  return Array.from({ length: count }, (_, i) => words.loadPlain(sheaf + SHEAF.objects + i));
}

const step = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('post' as const) },
    { weight: 2, arbitrary: fc.constant('open' as const) },
    { weight: 4, arbitrary: fc.constant('end' as const) },
  ),
  thread: fc.nat(THREADS - 1),
  pick: fc.nat(100),
});

for (const configuration of CONFIGURATIONS) {
  for (const source of ['opportunistic', 'none'] as const) {
    test(`what waits was posted during the last two grace periods, or lay in hand (${configuration.label}, ${source})`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (run) => {
          const model = new Model(plain(configuration), source);
          for (const { kind, thread, pick } of run) {
            if (kind === 'post') model.post(thread, pick);
            else if (kind === 'open') model.open(thread);
            else model.endTurn(thread, pick % 3);
          }
          model.finish();
        }),
        { numRuns: 40 },
      );
    });
  }
}

/** Addresses in sheaves are compared with those of users: no shells. */
function plain({ label, options }: Configuration): Configuration {
  return { label, options: { ...options, debug: false, validate: false } };
}

heapTest(
  'after each turn of a thread that may spin nothing is left of which the grace period is over',
  (stage) => {
    const others = [stage.attach(), stage.attach()];
    const actors: Actor[] = [stage, ...others];
    let seed = 1;
    const draw = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      return (seed >>> 8) % below;
    };
    for (let i = 0; i < 3000; i++) {
      const { heap } = actors[draw(3)]!;
      if (draw(3) > 0) {
        const p = heap.kmalloc(SIZES[draw(SIZES.length)]!, GFP_NOWAIT);
        if (p !== 0) heap.kfreeRcu(p);
        continue;
      }
      heap.quiesce();
      assertNothingDone(heap, partsOf(heap).membership.start);
    }
    stage.endTurns();
    stage.settle();
  },
  { tiny: { pages: 100 } },
);

/** Floods a heap from all of its threads; a turn is so many objects. */
function flood(bytes: number, threads: number, objects: number, turn: number): Heap {
  const hosts = Array.from({ length: threads }, () => new FakeHost());
  const heaps: Heap[] = [Heap.create({ bytes, threads }, { host: hosts[0]! })];
  for (const host of hosts.slice(1)) heaps.push(Heap.attach(heaps[0]!.handle, {}, { host }));
  const bound = threads * 3 * turn * 256;
  for (let i = 0; i < objects; i += turn) {
    const heap = heaps[(i / turn) % threads]!;
    const objectsOfTurn: Address[] = [];
    for (let n = 0; n < turn; n++) objectsOfTurn.push(heap.kmalloc(16 + ((i + n) % 240)));
    heap.kfreeRcuBulk(objectsOfTurn);
    heap.quiesce();
    assertNothingDone(heap, partsOf(heap).membership.start);
    if (i % (100 * turn) === 0) assert.ok(heap.stats().waitingWords * 4 <= bound);
  }
  for (const host of hosts) host.advance(1000);
  for (const host of hosts) host.advance(1000);
  const { objectsWaiting, waitingWords, freedThroughSheaf, freedThroughList } = heaps[0]!.stats();
  assert.deepEqual([objectsWaiting, waitingWords], [0, 0]);
  assert.equal(freedThroughSheaf + freedThroughList, objects);
  assert.deepEqual(heaps[0]!.balance().problems, []);
  return heaps[0]!;
}

test('a flood from one thread, of many times what the heap holds, fails nowhere and stays inside the bound', () => {
  flood(8 * 2 ** 20, 1, 200_000, 500);
  flood(64 * 2 ** 20, 1, 200_000, 5000);
});

test('a flood from three threads fails nowhere and stays inside the bound', () => {
  flood(8 * 2 ** 20, 3, 150_000, 500);
  flood(64 * 2 ** 20, 3, 150_000, 5000);
});

test('a flood of large blocks fails nowhere', () => {
  const host = new FakeHost();
  const heap = Heap.create({ bytes: 8 * 2 ** 20 }, { host });
  for (let i = 0; i < 2000; i++) {
    heap.kfreeRcu(heap.kmalloc(10_000 + (i % 7) * 30_000));
    if (i % 8 === 7) heap.quiesce();
  }
  host.advance(1000);
  assert.equal(heap.stats().objectsWaiting, 0);
  assert.equal(heap.stats().freedThroughSheaf, 2000);
});
