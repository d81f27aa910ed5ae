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
 *     none runs all are 0, and slots beyond slotsClaimed always are.
 * P1  (turn:P1) start adds to the sequence, THEN loads the turn words; enter does the two the other way round.
 * P2  The load that sees a turn word change observes that turn's reads done; the store that ends the grace
 *     period publishes that to whoever finds its cookie done.
 *
 * Follows kernel/rcu/tree.c (rcu_gp_init, rcu_gp_fqs) without its tree: 255 slots are one level.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, TURN_OPEN } from '../layout/thread-slot.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Words } from '../words/words.js';
import { endOf, isDone, isRunning, snapOf } from './sequence.js';

export class GracePeriod {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _lock: RawSpinLock;
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
   * @returns whether the cookie is done. Everyone between turns: always, in one call.
   */
  drive(cookie: number): boolean {
    // A running grace period that the cookie may not count on, then its own: two at most.
    for (let period = 0; period < 2; period++) {
      if (this.done(cookie)) return true;
      if (!this._lock.tryAcquire()) return false;
      const ended = this._step();
      this._lock.release();
      if (!ended) return false;
    }
    return this.done(cookie);
  }

  /** Starts a grace period where none runs, and ends it where nothing holds it up. */
  private _step(): boolean {
    // Publishes nothing: only the lock's holder writes the sequence.
    const sequence = this._words.load(HEADER.gracePeriodSequence);
    if (!isRunning(sequence)) this._start();
    if (!this._allQuiescent()) return false;
    // P2: publishes that every turn it waited for has ended; observed by done(). An exchange, so that a snap()
    // made meanwhile comes before the grace period that starts next.
    this._words.exchange(HEADER.gracePeriodSequence, endOf(sequence));
    this._words.notify(HEADER.gracePeriodSequence, GracePeriod.EVERYBODY);
    return true;
  }

  private _start(): void {
    const words = this._words;
    // P1: the new number; a turn that enters after this add sees every unlink made before it.
    words.add(HEADER.gracePeriodSequence, 1);
    // thread-registry:P2: a slot that this load misses starts its first turn after the add above.
    const claimed = words.load(HEADER.slotsClaimed);
    const snapshots = this._geometry.turnSnapshotsStart;
    for (let slot = 0; slot < claimed; slot++) {
      const turn = this._turnOf(slot);
      words.storePlain(snapshots + slot, (turn & TURN_OPEN) === 0 ? 0 : turn);
    }
  }

  private _allQuiescent(): boolean {
    const words = this._words;
    const snapshots = this._geometry.turnSnapshotsStart;
    // Publishes nothing: a slot that is claimed since the start has no snapshot.
    const claimed = words.load(HEADER.slotsClaimed);
    let quiescent = true;
    for (let slot = 0; slot < claimed; slot++) {
      const noted = words.loadPlain(snapshots + slot);
      if (noted === 0) continue;
      if (this._turnOf(slot) === noted) quiescent = false;
      else words.storePlain(snapshots + slot, 0);
    }
    return quiescent;
  }

  private _turnOf(slot: number): number {
    // turn:P1: comes after the add; turn:P2: observes that the reads of an ended turn are done.
    return this._words.load(slotStart(this._geometry, slot) + SLOT.turn);
  }
}
