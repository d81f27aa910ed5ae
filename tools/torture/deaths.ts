/**
 * The deaths of a torture run: where each has hit, as far as it shows in the heap and in the control block.
 *
 * Who may call: main, in the listener of a worker's end that is called before the heap's own.
 */
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { SEAT } from './control.js';
import { ONLY_TURN, slotsOf, whereItWas } from './dead-thread.js';
import type { Main } from './scenario.js';
import { UPDATE } from './scenarios/maps.js';

export class Deaths {
  kills = 0;
  inCriticalSections = 0;
  /** Workers that ended and had no slot, while others worked. */
  exits = 0;
  /** Kills of threads that were reaping another. */
  inReaper = 0;
  /** Ends in the middle of a call that counts up. */
  updatesCutOff = 0;
  /** Slots of the dead that were free again. */
  reaps = 0;
  readonly byClass = new Map<string, number>();
  readonly byOperation = new Map<string, number>();
  private readonly _main: Main;
  private readonly _operations: readonly string[];

  /** @param operations names, in the order of the workers' lists */
  constructor(main: Main, operations: readonly string[]) {
    this._main = main;
    this._operations = operations;
  }

  /** What the worker of a seat is in the middle of. */
  operationOf(seat: number): string {
    return this._operations[this._main.control.of(seat, SEAT.operation) - 1] ?? 'no operation';
  }

  /** Looks at what a thread had that has ended. Returns its slots; none where it had left, or never joined. */
  note(seat: number, threadId: number): number[] {
    const { heap, control } = this._main;
    for (let i = SEAT.inside; i < SEAT.added; i++) control.set(seat, i, 0);
    const name = this.operationOf(seat);
    if (name === UPDATE) this.updatesCutOff++;
    const slots = slotsOf(heap.words, heap.geometry, threadId);
    if (slots.length === 0) return slots;
    this.kills++;
    countUp(this.byOperation, name);
    for (const slot of slots) this._noteSlot(slot);
    return slots;
  }

  private _noteSlot(slot: number): void {
    const { words, geometry } = this._main.heap;
    const head = words.load(slotStart(geometry, slot) + SLOT.rcuInHand);
    if (head !== 0) this._main.findings.headsInHand.add(head);
    const where = whereItWas(words, geometry, slot);
    for (const each of where) countUp(this.byClass, each);
    if (where.includes('reaping')) this.inReaper++;
    if (where.some((each) => each !== ONLY_TURN)) this.inCriticalSections++;
  }
}

function countUp(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
