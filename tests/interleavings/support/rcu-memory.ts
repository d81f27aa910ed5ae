/**
 * The memory of models about turns and grace periods: a header, slots and turn snapshots as in any heap, and
 * instead of pages a link and the objects that it is pointed to.
 *
 *     header | slots | turn snapshots | ... firstPage: link, object 0, object 1, ...
 *                                                        \- two words: a value, and its complement
 *
 * A published object is whole; whoever takes it out and waits for a grace period spoils it with plain stores.
 * So a reader that was not waited for shows as a data race on the object, and where races are explored, as an
 * object that is not whole.
 */
import assert from 'node:assert/strict';
import { planFrom } from '../../../src/heap/format-heap.js';
import type { HeapOptions } from '../../../src/heap/heap-options.js';
import { type Geometry, HEADER } from '../../../src/layout/heap-header.js';
import { slotStart } from '../../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../../../src/layout/thread-slot.js';
import { ownerTag } from '../../../src/locks/owner.js';
import { RawSpinLock } from '../../../src/locks/raw-spin-lock.js';
import { GracePeriod } from '../../../src/rcu/grace-period.js';
import { Turn } from '../../../src/threads/turn.js';
import { PAGE_WORDS } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import { nameOfHeapWord } from '../../../tools/checker/heap-words/name-of-word.js';
import type { Stage } from '../../../tools/checker/model.js';
import { FakeHost } from '../../support/fake-host.js';
import { MODEL_SIZES } from './heap-stage.js';

const OBJECT_WORDS = 2;
const FIRST_OBJECT = 16;
/** The stay of every thread in its slot. */
const GENERATION = 1;

export class RcuMemory {
  readonly geometry: Geometry;
  readonly lengthWords: number;
  /** Points to the object that is published. */
  readonly link: number;
  /** A word for what a model has to say beside. */
  readonly note: number;

  /** @param options `threads` slots, all of them claimed; `firstSequence` is 0 unless given */
  constructor(options: HeapOptions) {
    this.geometry = planFrom({ ...MODEL_SIZES, firstSequence: 0, ...options }, new FakeHost());
    this.link = this.geometry.firstPage * PAGE_WORDS;
    this.note = this.link + 1;
    this.lengthWords = this.link + PAGE_WORDS;
  }

  /** Word index of object `number`. */
  object(number: number): number {
    return this.link + FIRST_OBJECT + number * OBJECT_WORDS;
  }

  /** Publishes object 0 to the threads of all slots. Bound, as the next, so that a model takes it as it is. */
  readonly prepare = (words: Words): void => {
    words.storePlain(HEADER.gracePeriodSequence, this.geometry.firstSequence);
    words.storePlain(HEADER.slotsClaimed, this.geometry.slots);
    fill(words, this.object(0), 1);
    words.storePlain(this.link, this.object(0));
  };

  /** The same, and every slot has a thread that can be found dead. */
  readonly prepareLive = (words: Words): void => {
    this.prepare(words);
    for (let slot = 0; slot < this.geometry.slots; slot++) {
      const start = slotStart(this.geometry, slot);
      words.storePlain(start + SLOT.state, SLOT_STATE.live);
      words.storePlain(start + SLOT.generation, GENERATION);
      words.storePlain(start + SLOT.threadId, this.threadOf(slot));
    }
  };

  /** Host.threadId of the thread in `slot`, after prepareLive(). */
  threadOf(slot: number): number {
    return slot + 1;
  }

  readonly nameOf = (index: number): string => {
    if (index < this.link) return nameOfHeapWord(NO_WORDS, this.geometry, index);
    if (index === this.link) return 'link';
    if (index === this.note) return 'note';
    const offset = index - this.link - FIRST_OBJECT;
    return `object ${Math.floor(offset / OBJECT_WORDS)} ${offset % OBJECT_WORDS === 0 ? 'value' : 'complement'}`;
  };

  /** The turn of the model's thread `thread`. @param operations renewed after so many spend() calls */
  turn(stage: Stage, thread: string, slot: number, operations = 1): Turn {
    const word = slotStart(this.geometry, slot) + SLOT.turn;
    const host = stage.host(thread);
    const turn = new Turn(stage.words, word, 0, host, operations, nothing);
    // As a Heap does: who is about to sleep leaves its turn first.
    host.entered.add(turn);
    return turn;
  }

  /** The grace period as the thread of `slot` drives it. */
  gracePeriod(words: Words, slot: number): GracePeriod {
    const lock = new RawSpinLock(
      words,
      HEADER.gracePeriodLock,
      ownerTag(slot, GENERATION),
      1,
      'grace period',
    );
    return new GracePeriod(words, this.geometry, lock);
  }
}

// Names below the pages are found without a look at any word.
const NO_WORDS = { lengthWords: 0 } as Words;

function nothing(): void {}

/** Writes an object that nobody else sees yet. */
export function fill(words: Words, object: number, value: number): void {
  words.storePlain(object, value);
  words.storePlain(object + 1, ~value);
}

/** Reads an object that was published; it must be whole. */
export function readWhole(words: Words, object: number): void {
  const value = words.loadPlain(object);
  assert.ok(value > 0, `a reader found value ${value}: the object is used for something else already`);
  assert.equal(
    words.loadPlain(object + 1),
    ~value,
    'a reader found an object that is used for something else',
  );
}

/** Uses an object's memory for something else. */
export function spoil(words: Words, object: number): void {
  words.storePlain(object, -1);
  words.storePlain(object + 1, -1);
}

/** Drives until `cookie` is done, however long that takes. */
export function driveUntilDone(words: Words, gracePeriod: GracePeriod, cookie: number): void {
  while (!gracePeriod.drive(cookie)) words.pause();
}
