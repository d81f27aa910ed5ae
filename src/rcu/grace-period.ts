/**
 * The grace period: from its start until every turn that was open then has ended. Has no thread of its own:
 * whoever waits for one drives it, a step at a time, and who finds another driving leaves it to it.
 *
 *     header: gracePeriodSequence | gracePeriodLock          turn snapshots: one word per slot, under the lock
 *
 *     idle --start: sequence + 1, note every odd turn word--> running --all noted turns ended: sequence up--> idle
 *
 * Who may call: any thread, best between its turns: its own open turn is one that must end. Never spins, never
 * waits; a step costs one look at each thread that was in a turn.
 *
 * I1  Under the lock, a slot's snapshot is 0 or the odd turn word that the running grace period waits for; while
 *     none runs all are 0, and slots beyond slotsClaimed always are. A driver that was killed under the lock may
 *     leave a running one with too few: who takes the lock from it notes every open turn again.
 * I2  A thread that is dead has read for the last time: its turn counts as ended, whatever its word holds.
 * P1  (turn:P1) start adds to the sequence, THEN loads the turn words; enter does the two the other way round.
 * P2  The load that sees a turn word change observes that turn's reads done; the store that ends the grace
 *     period publishes that to whoever finds its cookie done.
 *
 * Follows kernel/rcu/tree.c (rcu_gp_init, rcu_gp_fqs) without its tree: 255 slots are one level.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { REQUEST, SLOT, SLOT_STATE, TURN_OPEN } from '../layout/thread-slot.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { requireStack } from '../words/stack-room.js';
import type { Words } from '../words/words.js';
import { endOf, isDone, isRunning, snapOf } from './sequence.js';

export class GracePeriod {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _lock: RawSpinLock;
  /** Slots that the last step has found to hold it up, where they are to be asked. */
  private readonly _holdouts: number[] = [];
  /** Wakes those that sleep until the sequence moves. */
  static readonly EVERYBODY = 0x7fffffff;

  /** @param lock the lock at HEADER.gracePeriodLock */
  constructor(words: Words, geometry: Geometry, lock: RawSpinLock) {
    this._words = words;
    this._geometry = geometry;
    this._lock = lock;
  }

  /** A cookie for all that this thread has unlinked so far. */
  snap(): number {
    // P1: comes after the caller's unlinking store; the grace period it names starts after this. It writes the
    // number back, so that who starts that grace period reads from here, and the unlink comes before its start.
    return snapOf(this._words.or(HEADER.gracePeriodSequence, 0));
  }

  /** Where the sequence stands. */
  sequence(): number {
    // P2: observes the end of every grace period that the number counts.
    return this._words.load(HEADER.gracePeriodSequence);
  }

  /** True when a whole grace period has passed since `cookie` was taken. */
  done(cookie: number): boolean {
    // P2: observes the end of the grace period, and with it the end of every turn it waited for.
    return isDone(this._words.load(HEADER.gracePeriodSequence), cookie);
  }

  /**
   * Takes the grace periods that `cookie` needs as far as they go without waiting.
   *
   * @param asks asks each thread that holds them up to drive as soon as its turn has ended, and so to wake who waits
   * @returns whether the cookie is done. Everyone between turns: always, in one call.
   */
  drive(cookie: number, asks = false): boolean {
    // Nothing ends half-way under the lock.
    requireStack();
    const reached = this._driveTo(cookie, asks);
    if (asks) this._ask();
    return reached;
  }

  /** Numbers of the slots whose turns the running grace period waits for; none while another thread is driving. */
  holdouts(): number[] {
    const slots: number[] = [];
    requireStack();
    if (!this._lock.tryAcquire()) return slots;
    // Publishes nothing: a slot that is claimed since the start has no snapshot.
    const claimed = this._words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const noted = this._words.loadPlain(this._geometry.turnSnapshotsStart + slot);
      if (noted !== 0 && this._turnOf(slot) === noted && !this._isDead(slot)) slots.push(slot);
    }
    this._lock.release();
    return slots;
  }

  /** Has those look again who sleep until the sequence moves: a thread is dead that may have held it up. */
  wake(): void {
    this._words.notify(HEADER.gracePeriodSequence, GracePeriod.EVERYBODY);
  }

  /** Takes the lock from a driver that was found dead, makes its notes anew, and lets go. Returns whether it was so. */
  takeFromDead(): boolean {
    if (!this._takeOver()) return false;
    this._lock.release();
    return true;
  }

  private _driveTo(cookie: number, asks: boolean): boolean {
    // A running grace period that the cookie may not count on, then its own: two at most.
    for (let period = 0; period < 2; period++) {
      if (this.done(cookie)) return true;
      if (!this._lock.tryAcquire() && !this._takeOver()) return false;
      const ended = this._step(asks);
      this._lock.release();
      if (!ended) return false;
      // Without the lock: who is woken may take this thread's processor at once, and needs it.
      this.wake();
    }
    return this.done(cookie);
  }

  /**
   * Takes the lock from a driver that was found dead. It may have noted a part of the turns, or forgotten a part of
   * those that have ended: all are noted anew, so that the grace period ends later than it would have, and never earlier.
   */
  private _takeOver(): boolean {
    if (!this._lock.takeFromDead(this._geometry)) return false;
    // Publishes nothing: only the lock's holder writes the sequence.
    if (isRunning(this._words.load(HEADER.gracePeriodSequence))) this._noteTurns();
    return true;
  }

  /** Starts a grace period where none runs, and ends it where nothing holds it up. */
  private _step(asks: boolean): boolean {
    // Publishes nothing: only the lock's holder writes the sequence.
    const sequence = this._words.load(HEADER.gracePeriodSequence);
    if (!isRunning(sequence)) this._start();
    if (!this._allQuiescent(asks)) return false;
    // P2: publishes that every turn it waited for has ended; observed by done(). An exchange, so that a snap()
    // made meanwhile comes before the grace period that starts next.
    this._words.exchange(HEADER.gracePeriodSequence, endOf(sequence));
    return true;
  }

  private _start(): void {
    // P1: the new number; a turn that enters after this add sees every unlink made before it.
    this._words.add(HEADER.gracePeriodSequence, 1);
    this._noteTurns();
  }

  private _noteTurns(): void {
    const words = this._words;
    // thread-registry:P2: a slot that this load misses starts its first turn after the add above.
    const claimed = words.load(HEADER.slotsClaimed);
    const snapshots = this._geometry.turnSnapshotsStart;
    for (let slot = 0; slot < claimed; slot++) {
      const turn = this._turnOf(slot);
      words.storePlain(snapshots + slot, (turn & TURN_OPEN) === 0 ? 0 : turn);
    }
  }

  private _allQuiescent(asks: boolean): boolean {
    const words = this._words;
    const snapshots = this._geometry.turnSnapshotsStart;
    // Publishes nothing: a slot that is claimed since the start has no snapshot.
    const claimed = words.load(HEADER.slotsClaimed);
    let quiescent = true;
    for (let slot = 0; slot < claimed; slot++) {
      const noted = words.loadPlain(snapshots + slot);
      if (noted === 0) continue;
      if (this._turnOf(slot) === noted && !this._isDead(slot)) {
        quiescent = false;
        if (asks) this._holdouts.push(slot);
      } else words.storePlain(snapshots + slot, 0);
    }
    return quiescent;
  }

  /** Asks who was found to hold it up. Without the lock: who is asked takes it at once. */
  private _ask(): void {
    for (const slot of this._holdouts) {
      // Publishes nothing: a request. Where its thread has just looked, it serves it a turn later.
      this._words.or(slotStart(this._geometry, slot) + SLOT.requests, REQUEST.quiescentState);
    }
    this._holdouts.length = 0;
  }

  private _isDead(slot: number): boolean {
    // owner:P1: observes that the reads of a turn are done whose thread runs no more.
    return this._words.load(slotStart(this._geometry, slot) + SLOT.state) === SLOT_STATE.dead;
  }

  private _turnOf(slot: number): number {
    // turn:P1: comes after the add; turn:P2: observes that the reads of an ended turn are done.
    return this._words.load(slotStart(this._geometry, slot) + SLOT.turn);
  }
}
