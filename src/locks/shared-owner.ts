/**
 * SharedOwner: who has a lock that many may read at once, or one may write.
 *
 *     readers   [ 0 | 2 | 0 | 1 | .. ]     one word a slot: how often its thread reads
 *     owner     0 --take--> a writer waits for the readers to leave --all 0--> it is inside --release--> 0
 *
 * A reader that waits in the queue takes the owner word as a writer does, counts itself, and lets the word go at once:
 * so the queue and dead owners are dealt with in one way, and its release wakes the next in the queue.
 *
 * Who may call: the thread of the slot; forgetDead: who has proof of the death. Nothing here waits.
 *
 * I1  A thread's word of `readers` is what its own object has counted. Others clear it once the thread is dead.
 * I2  `_isDraining` is set while this thread has the owner word and is not inside: it waits for readers to leave.
 *     Then no writer is inside, so this thread may read.
 * I3  consistency says ownerDied while a writer is inside, so that it does when the writer dies there. A thread
 *     that dies with the owner word but not inside leaves nothing to repair.
 * P1  A reader stores its count, THEN looks for an owner; a writer takes the owner word, THEN looks at the counts.
 *     So the reader finds the writer and steps back, or the writer finds the reader and waits.
 * P2  A reader that leaves stores its count, THEN looks for an owner to wake. A writer that goes to sleep stores its
 *     place, THEN looks at the counts. So the writer finds the reader gone, or is found and woken.
 * P3  The store of its count publishes that a leaving reader looks no more; observed by the writer's look at it.
 *
 * Follows kernel/locking/percpu-rwsem.c (readers count apart; a writer shuts the door, then waits), but for counts
 * that name their threads, so that those of the dead can be told.
 */
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { LOCK } from '../layout/lock-record.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import type { LockThread } from './lock-thread.js';
import { slotOfTag } from './owner.js';
import { RobustOwner } from './robust-owner.js';
import type { WaitQueue } from './wait-queue.js';
import type { Waitable } from './waiters.js';

/** Ways of having it. */
export const READ = 0;
export const WRITE = 1;

export class SharedOwner implements Waitable {
  private readonly _words: Words;
  private readonly _thread: LockThread;
  /** Counts of readers, by slot. */
  private readonly _readers: number;
  private readonly _owner: RobustOwner;
  private readonly _queue: WaitQueue;
  private _reads = 0;
  private _isDraining = false;

  constructor(thread: LockThread, record: number, queue: WaitQueue) {
    this._words = thread.words;
    this._thread = thread;
    this._readers = record + LOCK.waiters + thread.geometry.slots;
    this._owner = new RobustOwner(thread, record, queue, false);
    this._queue = queue;
  }

  /** True while this thread reads. */
  isReading(): boolean {
    return this._reads > 0;
  }

  /** The tag of another thread that writes, or is about to; 0 where there is none. A look. */
  otherOwner(): number {
    const owner = this._owner.owner();
    return owner === this._thread.tag ? 0 : owner;
  }

  /** Counts in where no writer can be inside, whoever waits: this thread reads already, or is a writer that waits. */
  readAgain(): boolean {
    if (this._reads === 0 && !this._isDraining) return false;
    this._count();
    return true;
  }

  /** Counts in where nobody writes or waits. */
  readIdle(): boolean {
    this._count();
    // P1: looked at after the count is stored.
    if (this._owner.isIdle()) return true;
    this.endReading();
    return false;
  }

  /** readIdle(), also where the owner has died: as the owner that comes after it. */
  tryRead(): boolean {
    if (this.readIdle()) return true;
    if (this._isDraining || this._owner.owner() === 0 || !this._owner.tryTake()) return false;
    this._count();
    this._owner.release();
    return true;
  }

  /** Takes it for writing where it is free; false also where only readers are in the way: then they are waited for. */
  writeIdle(): boolean {
    this._isDraining ||= this._owner.takeIdle();
    return this._isDrained();
  }

  /** Takes it for writing where it is free. */
  tryWrite(): boolean {
    if (this._isDraining || !this._owner.tryTake()) return false;
    if (this._isEmpty()) return true;
    this._owner.release();
    return false;
  }

  /** Takes it where it is free, for one that is about to queue. */
  look(mode: number): boolean {
    if (mode === READ) return this._owner.isIdle() && this.readIdle();
    if (!this._isDraining && this._owner.owner() === 0) this._isDraining = this._owner.tryTake();
    return this._isDrained();
  }

  /** Takes it, for one in the queue. */
  attempt(mode: number): boolean {
    this._isDraining ||= this._owner.takeQueued();
    if (mode === WRITE || !this._isDraining) return this._isDrained();
    this._count();
    this.stopDraining();
    return true;
  }

  /** This thread has left the queue: whoever else waits for it is not forgotten. */
  passOn(): void {
    if (this._isDraining) this.stopDraining();
    else this._owner.passOn();
  }

  /** A writer that waits for readers waits no more, and wakes the first waiter. */
  stopDraining(): void {
    if (!this._isDraining) return;
    this._isDraining = false;
    this._owner.release();
  }

  /** Lets go what was taken by `mode`. */
  end(mode: number): void {
    if (mode === READ) this.endReading();
    else this._owner.release();
  }

  /** The last reader wakes a writer that waits. */
  endReading(): void {
    this._reads--;
    // P2, P3: the count, before an owner is looked for.
    this._words.store(this._readers + this._thread.slot, this._reads);
    if (this._reads === 0) this._wakeOwner();
  }

  /** CONSISTENCY of what it guards. For readers and the writer. */
  consistency(): number {
    return this._owner.consistency();
  }

  /** For the writer. I3: to be called once inside. */
  setConsistency(consistency: number): void {
    this._owner.setConsistency(consistency);
  }

  /** Clears what the dead thread of `slot` has, its place in the queue as well, and wakes who can go on. */
  forgetDead(slot: number): void {
    this._queue.forgetDead(slot);
    // P2: as the reader itself would have.
    this._words.store(this._readers + slot, 0);
    this._wakeOwner();
    this._owner.passOn();
  }

  private _count(): void {
    this._reads++;
    // P1: the count, before an owner is looked for.
    this._words.store(this._readers + this._thread.slot, this._reads);
  }

  /** Wakes a writer that waits for readers. */
  private _wakeOwner(): void {
    // P2: looked at after the count is stored.
    const owner = this._owner.owner();
    if (owner !== 0) this._queue.wake(slotOfTag(owner));
  }

  /** True, and the end of draining, where this thread has the owner word and nobody reads. */
  private _isDrained(): boolean {
    if (!this._isDraining || !this._isEmpty()) return false;
    this._isDraining = false;
    return true;
  }

  /** True where nobody reads. For the owner: nobody comes in meanwhile. */
  private _isEmpty(): boolean {
    const words = this._words;
    // P1: who claims a slot after this look finds the owner.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const word = this._readers + slot;
      // P1, P2, P3: looked at after the owner word was taken, and the place stored.
      if (words.load(word) === 0) continue;
      // owner:P1: observes what the dead reader did.
      const state = words.load(slotStart(this._thread.geometry, slot) + SLOT.state);
      if ((state & SLOT_STATE_MASK) < SLOT_STATE.dead) return false;
      // Publishes nothing. Whoever has the slot next does not get in before this thread lets go.
      words.store(word, 0);
    }
    return true;
  }
}
