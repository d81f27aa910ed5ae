/**
 * What models of deferred frees share: a small heap whose first thread has made objects and published them, so
 * that readers find them; and what must be true of them at the end.
 *
 *     root n -> object n: its RcuHead at HEAD, INTACT at PAYLOAD until somebody else has the memory
 *
 * Roots lie behind the header's own words, where the heap has nothing. Payloads are written plainly by who has the
 * memory and read plainly by readers: a free that comes too early is a data race.
 */
import assert from 'node:assert/strict';
import { HeapCore } from '../../../src/heap/heap-core.js';
import type { HeapOptions } from '../../../src/heap/heap-options.js';
import type { HeapParts } from '../../../src/heap/heap-parts.js';
import { balance } from '../../../src/inspect/balance.js';
import { CALLBACK, CALLBACK_WORDS } from '../../../src/layout/callback-record.js';
import { type Geometry, HEADER, HEADER_WORDS } from '../../../src/layout/heap-header.js';
import { slotStart } from '../../../src/layout/heap-layout.js';
import { NAME_KIND } from '../../../src/layout/name-record.js';
import {
  FIRST_CALLBACK_ID,
  SLOT,
  SLOT_STATE,
  TURN_OPEN,
  TURN_STEP,
} from '../../../src/layout/thread-slot.js';
import { GFP_NOWAIT } from '../../../src/pages/gfp.js';
import { forgetCallbacks } from '../../../src/rcu/callback-records.js';
import { mendWaiting } from '../../../src/rcu/dead-slot.js';
import { handOverEstate } from '../../../src/rcu/hand-over.js';
import { type Address, BYTES_PER_WORD } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import type { ModelHost, Stage } from '../../../tools/checker/model.js';
import { type HeapModelMemory, heapModelMemory } from './heap-stage.js';
import type { MakesLocks } from './never-spins.js';
import { isBarnWord, isLookedAtBetweenTurns } from './unlocked-looks.js';

export const OBJECT_BYTES = 32;
/** Word of an object where its RcuHead starts: not 0, so that an address and that of its head differ. */
const HEAD = 2;
/** Word of an object that readers look at. */
const PAYLOAD = 4;
const INTACT = 111;
const OVERWRITTEN = 222;

/** Most objects that are published. */
const MOST_ROOTS = 4;

/** The object whose RcuHead is at `head`. */
export function objectOf(head: number): number {
  return head - HEAD;
}

/** The word that holds the address of object `n`. */
export function rootOf(n: number): number {
  return HEADER_WORDS + n;
}

/** What nobody can have in a full heap. */
interface Exhausted {
  readonly pages: number[];
  /** Taken from the cache of sheaves, and installed nowhere. */
  readonly sheaves: number[];
}

/** A word behind the roots, for what a model has to say beside. */
export function noteOf(n: number): number {
  return HEADER_WORDS + MOST_ROOTS + n;
}

/** A heap as one thread of a model has it. */
export class ModelHeap extends HeapCore {
  readonly host: ModelHost;
  /** What this thread has allocated and keeps. */
  readonly taken: number[] = [];
  /** Heads of callbacks that dead threads, which it has inherited from, were in the middle of. */
  readonly interrupted: number[] = [];
  /** What was taken before the threads of the model start, and stays so. */
  readonly exhausted: Exhausted;

  constructor(stage: Stage, thread: string, parts: HeapParts, exhausted: Exhausted) {
    super(parts);
    this.host = stage.host(thread);
    this.exhausted = exhausted;
  }

  /** What the heap is wired of. */
  wiring(): HeapParts {
    return this.parts;
  }

  /** Starts a grace period where none runs, as whoever drives one may; ends it where nothing holds it up. */
  startGracePeriod(): void {
    this.parts.rcu.synchronizeSync(0);
  }

  /** Takes object `n` from where readers find it. Returns its address. */
  unlink(n: number): Address {
    const p = this.words.load(rootOf(n));
    this.words.store(rootOf(n), 0);
    return p as Address;
  }

  /** Takes object `n` from where readers find it, and frees it after a grace period. */
  retire(n: number): void {
    this.kfreeRcu(this.unlink(n), HEAD);
  }

  /** Takes object `n` from where readers find it, and has callback `id` called with it after a grace period. */
  call(n: number, id: number): void {
    const p = this.unlink(n);
    this.parts.turn.pin();
    this.parts.callbacks.call(p + HEAD, id);
  }

  /** Frees an object that `giver` has taken, and no reader finds, after a grace period. */
  retireOf(giver: ModelHeap): void {
    this.kfreeRcu(giver.kmalloc(OBJECT_BYTES, GFP_NOWAIT), HEAD);
    giver.host.runMicrotasks();
  }

  /** Takes a page, and has readers find it as object `n`. */
  publishPage(n: number): void {
    const p = this.allocPages(0, GFP_NOWAIT);
    this.words.storePlain(p + PAYLOAD, INTACT);
    this.words.store(rootOf(n), p);
  }

  /** Takes every page that is to be had, and uses it. */
  reusePages(): void {
    for (let p = this.allocPages(0, GFP_NOWAIT); p !== 0; p = this.allocPages(0, GFP_NOWAIT)) this.use(p);
  }

  /** Takes a page and frees it after a grace period, as users do: through the sheaf of blocks. */
  retirePage(): void {
    this.kfreeRcu(this.allocPages(0, GFP_NOWAIT), HEAD);
  }

  /** Takes a page and frees it after a grace period through its RcuHead. */
  retireHead(): void {
    this.parts.kfreeRcu.retireBlock(this.allocPages(0, GFP_NOWAIT), HEAD);
  }

  /** Seals what is in hand, as synchronizeRcu() does, in the turn that is open. */
  seal(): void {
    this.parts.driver.seal();
  }

  /** Ends the synchronous run, and lets the drain timer come: seals, drives, and frees what is done. */
  drain(): void {
    this.host.runMicrotasks();
    this.parts.driver.flush();
  }

  /** The part of detach() that concerns what waits: hands it to whoever goes on. */
  handOver(): void {
    const { driver, turn, kfreeRcu } = this.parts;
    driver.stop();
    turn.run(() => {
      kfreeRcu.seal();
      kfreeRcu.abandon();
    });
  }

  /** The part of detach() that concerns callbacks, which wait: leaves them to others. */
  handOverCallbacks(): void {
    const { words, membership, callbacks, callbackList, orphans } = this.parts;
    callbacks.stop();
    forgetCallbacks(words, membership.slot);
    orphans.putCallbacks(callbackList.first(), true, { leaves: () => void callbackList.takeAll() });
  }

  /** Has this thread call `fn` for callback `n` of those that have names. */
  register(n: number, fn: (head: number) => void): void {
    const { words, membership, registry, callbackFunctions, orphans } = this.parts;
    callbackFunctions.set(FIRST_CALLBACK_ID + n, `callback ${n}`, fn);
    const record = registry.find(NAME_KIND.rcuCallback, `callback ${n}`);
    words.or(record + CALLBACK.slots, 1 << membership.slot);
    orphans.lookAgain();
  }

  /** Finds the thread in `slot` dead, and makes orphans of what it has left, as who reaps the slot does. */
  inherit(slot: number): void {
    const { words, geometry, gracePeriod, orphans } = this.parts;
    const state = slotStart(geometry, slot) + SLOT.state;
    words.store(state, SLOT_STATE.zombie);
    orphans.takeFromDead();
    mendWaiting(words, geometry, slot);
    words.store(state, SLOT_STATE.dead);
    gracePeriod.wake();
    const found = handOverEstate({ words, geometry, orphans }, slot);
    assert.ok(found !== undefined, 'nobody else is at the orphans');
    if (found.interrupted !== undefined) this.interrupted.push(found.interrupted.head);
  }

  /** Where object `n` is, before the threads start. */
  addressOf(n: number): number {
    return this.words.loadPlain(rootOf(n));
  }

  /** Finds object `n` in the turn that is open, or a new one; 0 when it is retired. */
  findObject(n: number): number {
    this.parts.turn.pin();
    return this.words.dereference(rootOf(n));
  }

  /** Finds object `n`, and looks at it. */
  read(n: number): void {
    const p = this.findObject(n);
    if (p !== 0) this.look(p);
  }

  /** Looks at an object that was found in this turn. */
  look(p: number): void {
    assert.equal(this.words.loadPlain(p + PAYLOAD), INTACT, 'a reader sees memory that somebody else has');
  }

  /** Takes the memory of `count` objects, and uses it. */
  reuse(count = 1): void {
    for (let i = 0; i < count; i++) {
      const p = this.kmalloc(OBJECT_BYTES, GFP_NOWAIT);
      if (p !== 0) this.use(p);
    }
  }

  /** Uses an object that this thread has for itself, and keeps it. */
  use(p: number): void {
    for (let word = 0; word < OBJECT_BYTES / 4; word++) this.words.storePlain(p + word, OVERWRITTEN);
    this.taken.push(p);
  }
}

/** The memory of a model of deferred frees. */
export interface RetiredObjectMemory {
  readonly geometry: Geometry;
  readonly lengthWords: number;
  /** Thread 0 publishes the objects. */
  prepare(words: Words): void;
  /** As HeapModelMemory.wire(). */
  wire(stage: Stage, thread: string, slot: number, lockMaker?: MakesLocks): ModelHeap;
  nameOf(index: number): string;
  mayRace(index: number): boolean;
}

/** What a model of deferred frees asks of its heap. */
export interface RetiredObjectOptions extends HeapOptions {
  /** Objects that are published: an even number, so that slot 0 has an empty main sheaf after it; 2 unless given. */
  readonly objects?: number;
  /** Callbacks that have names, the first with id FIRST_CALLBACK_ID; 0 unless given. No thread has functions yet. */
  readonly callbacks?: number;
  /** True: nothing is left to make a sheaf of, so that deferred frees go through their RcuHeads. */
  readonly isFull?: boolean;
}

export function retiredObjectMemory(options: RetiredObjectOptions = {}): RetiredObjectMemory {
  const { objects = 2, callbacks = 0, isFull = false, ...sizes } = options;
  const memory = heapModelMemory({ pages: 4, ...sizes });
  const { geometry } = memory;
  const exhausted: Exhausted = { pages: [], sheaves: [] };
  return {
    geometry,
    lengthWords: memory.lengthWords,
    prepare: (words) => {
      exhausted.pages.length = 0;
      exhausted.sheaves.length = 0;
      memory.prepare(words, (threads) => {
        publishObjects(threads[0]!, objects);
        for (let n = 0; n < callbacks; n++) nameCallback(threads[0]!, n);
        if (isFull) for (const thread of threads) takeEverything(thread, exhausted);
      });
    },
    wire: (stage, thread, slot, lockMaker) =>
      new ModelHeap(stage, thread, memory.wire(stage, thread, slot, lockMaker), exhausted),
    nameOf: (index) => nameOf(memory, index),
    mayRace: (index) => isLookedAtBetweenTurns(geometry, index) || isBarnWord(geometry, index),
  };
}

function publishObjects({ kmalloc, words }: HeapParts, objects: number): void {
  for (let n = 0; n < objects; n++) {
    const p = kmalloc.alloc(OBJECT_BYTES, GFP_NOWAIT);
    words.storePlain(p + PAYLOAD, INTACT);
    words.storePlain(rootOf(n), p);
  }
}

/** As register() does, but for the function. */
function nameCallback({ kmalloc, registry, words }: HeapParts, n: number): void {
  const alloc = (bytes: number) => kmalloc.alloc(bytes, GFP_NOWAIT);
  const make = () => {
    const record = alloc(CALLBACK_WORDS * BYTES_PER_WORD);
    words.fillPlain(record, record + CALLBACK_WORDS, 0);
    words.storePlain(record + CALLBACK.id, FIRST_CALLBACK_ID + n);
    return record;
  };
  registry.findOrMake(NAME_KIND.rcuCallback, `callback ${n}`, alloc, (p) => kmalloc.free(p), make);
}

function takeEverything({ pages, caches }: HeapParts, exhausted: Exhausted): void {
  for (let p = pages.allocPages(0, GFP_NOWAIT); p !== 0; p = pages.allocPages(0, GFP_NOWAIT)) {
    exhausted.pages.push(p);
  }
  const cache = caches.view(1);
  for (let sheaf = cache.takeEmptySheaf(GFP_NOWAIT); sheaf !== 0; sheaf = cache.takeEmptySheaf(GFP_NOWAIT)) {
    exhausted.sheaves.push(sheaf);
  }
}

function nameOf(memory: HeapModelMemory, index: number): string {
  const n = index - HEADER_WORDS;
  return n >= 0 && n < MOST_ROOTS ? `root ${n}` : memory.nameOf(index);
}

/** Objects that were freed after a grace period, by all threads. */
export function freedObjects(words: Words, geometry: Geometry): number {
  let freed = 0;
  for (let slot = 0; slot < geometry.slots; slot++) {
    const start = slotStart(geometry, slot);
    freed += words.loadPlain(start + SLOT.freedThroughSheaf) + words.loadPlain(start + SLOT.freedThroughList);
  }
  return freed;
}

/** A thread that takes no part in the model begins its turn in slot `slot`, or ends it. */
export function switchTurn({ words, geometry }: HeapParts, slot: number): void {
  const turn = slotStart(geometry, slot) + SLOT.turn;
  words.add(turn, (words.load(turn) & TURN_OPEN) === 0 ? TURN_OPEN : TURN_STEP - TURN_OPEN);
}

/** Lets every thread's drain timer come until nothing can wait any more, and asserts that all was freed. */
export function assertAllFreed(heaps: readonly ModelHeap[], posted: number): void {
  for (let round = 0; round < 3; round++) for (const heap of heaps) heap.drain();
  assertFreed(heaps, posted);
}

/** Lets time pass, in which nothing but timers happens, and asserts that all was freed. */
export function assertTimersFree(heaps: readonly ModelHeap[], posted: number): void {
  for (let round = 0; round < 5; round++) for (const heap of heaps) heap.host.fireTimers();
  assertFreed(heaps, posted);
}

/** Asserts that nothing waits, and that as many objects were freed as were `posted`. */
function assertFreed(heaps: readonly ModelHeap[], posted: number): void {
  const { words, geometry } = heaps[0]!.wiring();
  for (const heap of heaps) assert.equal(heap.wiring().kfreeRcu.isWaiting(), false, 'an object still waits');
  assert.equal(words.loadPlain(HEADER.orphanObjects), 0, 'nobody took the orphans over');
  assert.equal(freedObjects(words, geometry), posted, 'objects freed are not those that were posted');
  const { problems, unreachable } = balance(words, { held: heldAddresses(heaps) });
  assert.deepEqual(problems, [], 'the books of the heap do not add up');
  assert.deepEqual(
    [...unreachable],
    heaps[0]!.exhausted.sheaves,
    'addresses are in use, and nobody holds them',
  );
}

/** What somebody has at the end: objects that were taken, by one thread each, and those that readers still find. */
function heldAddresses(heaps: readonly ModelHeap[]): number[] {
  const { words, exhausted } = heaps[0]!;
  const held = [...exhausted.pages];
  for (const { taken } of heaps) held.push(...taken);
  assert.equal(new Set(held).size, held.length, 'two threads have the same memory');
  for (let n = 0; n < MOST_ROOTS; n++) {
    const p = words.loadPlain(rootOf(n));
    if (p !== 0) held.push(p);
  }
  return held;
}
