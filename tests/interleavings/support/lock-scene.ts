/**
 * Lock scene: the threads of a model about one lock that may be waited for, and two words that it guards.
 *
 *     counter      how often a thread was inside
 *     complement   ~counter, but where an owner was killed between the two
 *     inside n     1 while the thread of slot n is inside. Its owner writes it; invariants look at it
 *
 * Who is inside changes counter and complement plainly. So two at once, or a hand-over that orders nothing, is a data
 * race by itself.
 *
 * A patient thread sleeps without a limit, though the code asks for slices: where a wake-up is lost, the model ends in
 * a deadlock. Others sleep as the code says, so that time passes for them.
 */
import assert from 'node:assert/strict';
import type { Geometry } from '../../../src/layout/heap-header.js';
import { slotStart } from '../../../src/layout/heap-layout.js';
import { LOCK, TICKET_MASK, WAITERS, WOKEN } from '../../../src/layout/lock-record.js';
import { SLOT, SLOT_STATE } from '../../../src/layout/thread-slot.js';
import { UNOBSERVED } from '../../../src/locks/lock-class.js';
import { ownerTag } from '../../../src/locks/owner.js';
import type { Words } from '../../../src/words/words.js';
import type { Stage } from '../../../tools/checker/model.js';
import { type LockMemory, StageThread } from '../../support/lock-stage.js';

const INSIDE = 16;

export class LockScene {
  readonly stage: Stage;
  readonly words: Words;
  readonly memory: LockMemory;
  /** How often the patient thread of each slot went to sleep, or would have. Each counts its own. */
  readonly sleeps: number[] = [];
  private readonly _geometry: Geometry;

  constructor(stage: Stage, memory: LockMemory) {
    this.stage = stage;
    this.words = stage.words;
    this.memory = memory;
    // A thread that spins is let go on when others have had their way, which would hide what happens before.
    this._geometry = { ...memory.geometry, spinRounds: 0 };
  }

  /** The thread of `slot`, which the model calls `name`. */
  thread(name: string, slot: number, isPatient = true): StageThread {
    const words = isPatient ? this._patiently(slot) : this.words;
    return new StageThread(words, this._geometry, slot, this.stage.host(name), UNOBSERVED);
  }

  /** Counts, as the thread of `slot` does inside. The last owner's words must be whole, unless it has died inside. */
  count(slot: number, ownerDied = false): void {
    const { words } = this;
    const { spare } = this.memory;
    words.storePlain(spare + INSIDE + slot, 1);
    const counter = words.loadPlain(spare);
    if (!ownerDied) {
      assert.equal(words.loadPlain(spare + 1), ~counter, 'what the last owner wrote is not all there');
    }
    words.storePlain(spare, counter + 1);
    words.storePlain(spare + 1, ~(counter + 1));
    words.storePlain(spare + INSIDE + slot, 0);
  }

  /** How often a thread was inside. For who is inside, or looks on. */
  counted(): number {
    return this.words.loadPlain(this.memory.spare);
  }

  /** True where the thread of `slot` is inside, or was killed there. */
  isInside(slot: number): boolean {
    return this.words.loadPlain(this.memory.spare + INSIDE + slot) !== 0;
  }

  /** Asserts that the owner word names whoever of the first `slots` slots is inside. For who looks on. */
  assertInsideIsNamed(slots: number): void {
    const owner = this.words.loadPlain(this.memory.record + LOCK.owner) & ~WAITERS;
    for (let slot = 0; slot < slots; slot++) {
      if (!this.isInside(slot)) continue;
      assert.equal(owner, ownerTag(slot, slot + 1), `slot ${slot} is inside, and the lock is not its own`);
    }
  }

  /** The place of `slot` in the queue. */
  place(slot: number): number {
    return this.words.load(this.memory.record + LOCK.waiters + slot);
  }

  /** Goes on once the thread of `slot` is in the queue, or is marked dead. */
  awaitWaiter(slot: number): void {
    const state = slotStart(this._geometry, slot) + SLOT.state;
    while (this.place(slot) === 0 && this.words.load(state) === SLOT_STATE.live) this.words.pause();
  }

  /** True where the thread of `slot` is in the queue and told to look. */
  isTold(slot: number): boolean {
    return (this.place(slot) & WOKEN) !== 0;
  }

  /** How many are in the queue and told to look. For who looks on. */
  woken(): number {
    let woken = 0;
    for (let slot = 0; slot < this._geometry.slots; slot++) if (this.isTold(slot)) woken++;
    return woken;
  }

  /** Waits for the end of a thread; where it was killed, marks its slot dead. Returns true where it was. */
  findDead(name: string, slot: number): boolean {
    if (this.stage.awaitEnd(name)) return false;
    this.memory.markDead(this.words, slot);
    return true;
  }

  /** The same memory, on which every sleep lasts until it is notified. */
  private _patiently(slot: number): Words {
    const { words, sleeps } = this;
    const patient = Object.create(words) as Words;
    patient.wait = (index, expected) => {
      sleeps[slot] = (sleeps[slot] ?? 0) + 1;
      return words.wait(index, expected, Number.POSITIVE_INFINITY);
    };
    return patient;
  }

  /** Asserts that who is to be next is in the queue. For who looks on. */
  assertNextWaits(): void {
    const next = this.words.load(this.memory.record + LOCK.handoff);
    for (let slot = 0; slot < this._geometry.slots; slot++) {
      if ((this.place(slot) & TICKET_MASK) === next) return;
    }
    assert.equal(next, 0, 'who is to be next is not in the queue');
  }

  /** Asserts that nobody is left in the queue, and nobody to be next. */
  assertNobodyWaits(): void {
    for (let slot = 0; slot < this._geometry.slots; slot++) {
      assert.equal(this.place(slot), 0, `the thread of slot ${slot} is still in the queue`);
    }
    assert.equal(this.words.load(this.memory.record + LOCK.handoff), 0, 'somebody is still to be next');
  }
}

/** What a model has to know of a memory in which a lock guards counter and complement. */
export function guardedMemory(memory: LockMemory) {
  return {
    lengthWords: memory.lengthWords,
    prepare(words: Words): void {
      memory.prepare(words);
      words.storePlain(memory.spare + 1, ~0);
    },
    nameOf: (index: number) => nameOfGuarded(memory, index),
  };
}

/** The thread of `slot` has died inside, after it changed one of the two words. */
export function dieInside(words: Words, memory: LockMemory, slot: number): void {
  words.storePlain(slotStart(memory.geometry, slot) + SLOT.state, SLOT_STATE.dead);
  words.storePlain(memory.record + LOCK.owner, ownerTag(slot, slot + 1));
  words.storePlain(memory.spare, 1);
}

/** Sets a contest up, and takes its lock before the threads begin: who does so is inside, by `guard`. */
export function begunInside<State extends object, Guard>(
  setup: (stage: Stage) => State,
  take: (state: State) => Guard,
): (stage: Stage) => State & { readonly guard: Guard } {
  return (stage) => {
    const state = setup(stage);
    return { ...state, guard: take(state) };
  };
}

/** What the words behind the records are called. */
export function nameOfGuarded(memory: LockMemory, index: number): string {
  const offset = index - memory.spare;
  if (offset < 0) return memory.nameOf(index);
  if (offset >= INSIDE) return `inside ${offset - INSIDE}`;
  return ['counter', 'complement'][offset] ?? `spare ${offset}`;
}
