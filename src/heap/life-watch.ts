/**
 * LifeWatch: deaths by Web Locks. Each thread holds a lock for as long as it is in the heap, and waits for those of the
 * others: who gets the lock of a thread that has not left the heap has proof of its death.
 *
 *     holder    attach --asks--> has it --SLOT.lifeLock = its tag--> ... --leaves its slot--> lets go
 *                                                                    \-- dies: the engine lets go
 *     watcher   looks at the slots by a timer --a tag that is new--> asks --> has it: markStayDead(), onDead(slots)
 *
 * The lock is named after the heap, the slot and the generation, so it is of one stay of one thread. A thread gets its lock
 * from its event loop: one that never returns to it after attaching, and one whose context has no Web Locks (Node before 24,
 * an audio worklet), is not watched in this way.
 *
 * Who may call: the thread that made it. Nothing here keeps the process alive.
 *
 * P1  A thread stores its tag in SLOT.lifeLock when it has the lock; who observes that asks for the lock behind it. So
 *     a lock that is found free was let go by the thread that the tag names.
 * P2  (thread-registry:P1) who leaves in order stores `free` before it lets go, so it is not taken for dead.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { isDead, ownerTag } from '../locks/owner.js';
import { markStayDead } from '../threads/liveness.js';
import type { Membership } from '../threads/thread-registry.js';
import type { Host } from '../words/host.js';
import type { LifeLocks } from '../words/life-locks.js';
import type { Words } from '../words/words.js';

/** Time between looks at the slots for threads that have joined. */
const LOOK_MILLIS = 200;

export interface LifeWatchParts {
  readonly host: Host;
  readonly words: Words;
  readonly geometry: Geometry;
  readonly membership: Membership;
}

export class LifeWatch {
  private readonly _parts: LifeWatchParts;
  private readonly _tag: number;
  private readonly _onDead: (slots: readonly number[]) => void;
  /** What this thread waits for, by tag: ends the wait. */
  private readonly _awaited = new Map<number, () => void>();
  private _letGo: () => void = () => {};
  private _stopTimer: () => void = () => {};
  private _isOver = false;

  /** @param onDead called with the slots that were marked */
  constructor(parts: LifeWatchParts, onDead: (slots: readonly number[]) => void) {
    this._parts = parts;
    this._tag = ownerTag(parts.membership.slot, parts.membership.generation);
    this._onDead = onDead;
  }

  /** Asks for this thread's own lock, and begins to look for others; nothing where there are no Web Locks. */
  start(): void {
    const { lifeLocks } = this._parts.host;
    if (lifeLocks === undefined) return;
    this._letGo = lifeLocks.hold(this._nameOf(this._tag), () => this._noteHeld());
    this._look(lifeLocks);
  }

  /** The slot is left: deaths are no concern of this thread any more, nor is its own end anybody's. */
  stop(): void {
    this._isOver = true;
    this._stopTimer();
    this._letGo();
    for (const giveUp of this._awaited.values()) giveUp();
    this._awaited.clear();
  }

  private _noteHeld(): void {
    if (this._isOver) return;
    const { words, membership } = this._parts;
    // P1: from now on who finds the lock free knows why.
    words.store(membership.start + SLOT.lifeLock, this._tag);
  }

  private _look(locks: LifeLocks): void {
    if (this._isOver) return;
    const { words, geometry, host } = this._parts;
    this._forgetTheGone();
    // Publishes nothing: a thread that is missed is found by a later look.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      // P1: whose lock it is.
      const tag = words.load(slotStart(geometry, slot) + SLOT.lifeLock);
      if (tag === 0 || tag === this._tag || this._awaited.has(tag)) continue;
      if (isDead(words, geometry, tag)) continue;
      this._awaited.set(
        tag,
        locks.whenFree(this._nameOf(tag), () => this._noteFree(slot, tag)),
      );
    }
    this._stopTimer = host.startTimer(() => this._look(locks), LOOK_MILLIS);
  }

  /** Threads that have left, or were reaped by others: their locks are free, or soon will be. */
  private _forgetTheGone(): void {
    const { words, geometry } = this._parts;
    for (const [tag, giveUp] of [...this._awaited]) {
      if (!isDead(words, geometry, tag)) continue;
      giveUp();
      this._awaited.delete(tag);
    }
  }

  private _noteFree(slot: number, tag: number): void {
    if (this._isOver) return;
    this._awaited.delete(tag);
    const { words, geometry } = this._parts;
    try {
      if (!markStayDead(words, geometry, slot, tag, this._tag)) return;
    } catch (error) {
      // The next look asks for the lock again.
      if (error instanceof LockTimeoutError) return;
      throw error;
    }
    this._onDead([slot]);
  }

  private _nameOf(tag: number): string {
    const { hashSeed0, hashSeed1 } = this._parts.geometry;
    return `lull ${hex(hashSeed0)}${hex(hashSeed1)} ${hex(tag)}`;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
