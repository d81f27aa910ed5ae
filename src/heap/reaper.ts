/**
 * Reaper: gives back what threads had that run no more, and finishes what they had begun. From then on it is as if each of
 * them had left the heap by itself, between two operations.
 *
 *     zombie   locks of the dead are taken over, and what they guard is made whole        dead-locks.ts
 *              what it had borrowed is given back                                          pages/dead-pages.ts
 *              what it had in hand is finished, or given back: its intents                 dead-intents.ts
 *     dead     its turn is over; its sheaves, pages and stock go back                      slab/dead-sheaves.ts
 *              what waits for a grace period, and callbacks, go to the orphans             rcu/orphans.ts
 *     free     the slot is the next thread's
 *
 * Who may call: any thread that may spin, outside of every lock. Others run on, except on locks of the dead.
 *
 * I1  All slots of the dead are looked at each time, and each step can be stopped anywhere and done again. So where a
 *     reaper dies, or gives up, the next one goes on.
 * I2  A zombie's turn counts as open until its intents are finished: what it names is not freed and used anew before.
 *
 * Follows kernel/exit.c (exit_robust_list, release_task) and mm/slub.c, mm/page_alloc.c and kernel/rcu/tree.c in what they do
 * when a CPU goes away (slub_cpu_dead, page_alloc_cpu_dead, rcutree_migrate_callbacks).
 */
import { repairCharges } from '../groups/charge-repair.js';
import { repairNumbers } from '../groups/strayed-charges.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { readThreadName } from '../layout/thread-name.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import { LockTimeoutError, notToBeHad } from '../locks/lock-errors.js';
import { ownerTag } from '../locks/owner.js';
import { forgetPageLists, returnPages, undoBorrowing } from '../pages/dead-pages.js';
import { mendWaiting } from '../rcu/dead-slot.js';
import { type HandedOver, handOverEstate, type InterruptedCallback } from '../rcu/hand-over.js';
import { reportStranded } from '../rcu/stranded.js';
import { finishDeferring, forgetSheaves, returnSheaves } from '../slab/dead-sheaves.js';
import { shutBorrowersOut } from '../threads/borrow-repair.js';
import { claimSlot, disclaimSlot, isOver, releaseSlot } from '../threads/slot-release.js';
import type { Words } from '../words/words.js';
import { finishIntents } from './dead-intents.js';
import { takeDeadLocks } from './dead-locks.js';
import { type Estate, resetLocalLocks, wireEstate } from './estate.js';
import type { HeapParts } from './heap-parts.js';
import type { MapReaper } from './map-reaper.js';
import type { ReaperStep } from './reaper-steps.js';

/** What was found, and done, of one thread that is gone. */
export interface ReapReport {
  readonly slot: number;
  readonly generation: number;
  /** What the thread had called itself. */
  readonly name: string;
  /** Raw locks that it had, or that other dead threads had. */
  readonly locksRepaired: readonly string[];
  /** Operations that it was in the middle of, and that had memory in hand. */
  readonly intents: number;
  /** Pages on its lists, or in its hands. */
  readonly pages: number;
  /** Objects in its sheaves. */
  readonly objects: number;
  /** Callbacks that it had queued. */
  readonly callbacksOrphaned: number;
  /** The callback that it was calling: that is not called again. */
  readonly callbackInterrupted: InterruptedCallback | undefined;
  /** How long it took, in milliseconds. */
  readonly millis: number;
}

/** The locks that users name. */
export interface NamedLocks {
  forgetDead(slots: readonly number[]): void;
}

const NOTHING_LEFT: HandedOver = { left: [], ran: [], interrupted: undefined };

export class Reaper {
  private readonly _parts: HeapParts;
  private readonly _maps: MapReaper;
  private readonly _named: NamedLocks;
  private readonly _onReaped: (report: ReapReport) => void;
  private _stopTimer: (() => void) | undefined;
  private _stopped = false;
  private readonly _retry = (): void => {
    this._stopTimer = undefined;
    this.reapAll();
  };

  constructor(
    parts: HeapParts,
    maps: MapReaper,
    named: NamedLocks,
    onReaped: (report: ReapReport) => void = () => {},
  ) {
    this._parts = parts;
    this._maps = maps;
    this._named = named;
    this._onReaped = onReaped;
  }

  /**
   * Reaps every slot whose thread runs no more. What cannot be had now, because another thread holds a lock, or reaps
   * itself, is tried again by a timer. None where this thread may not spin: it leaves that to others.
   */
  reapAll(): ReapReport[] {
    const { words, geometry, host } = this._parts;
    const reports: ReapReport[] = [];
    if (host.waitRight === 'may-neither') return reports;
    // Publishes nothing: who is dead had its slot before.
    const claimed = words.load(HEADER.slotsClaimed);
    // A listener may have left the heap: then others go on.
    for (let slot = 0; slot < claimed && !this._stopped; slot++) {
      if (!isOver(words, slotStart(geometry, slot))) continue;
      const report = this._tryReap(slot);
      if (report === undefined) this._comeBack();
      else reports.push(report);
    }
    // What was left to the orphans goes on here.
    if (reports.length > 0 && !this._stopped) this._parts.driver.tryFlush();
    return reports;
  }

  /** This thread leaves the heap: others come back. */
  stop(): void {
    this._stopped = true;
    this._stopTimer?.();
    this._stopTimer = undefined;
  }

  /** Undefined where another thread is at it, or a lock is not to be had. */
  private _tryReap(slot: number): ReapReport | undefined {
    const { words, geometry, ownerTag: tag, host } = this._parts;
    const beganMillis = host.nowMillis();
    if (!claimSlot(words, geometry, slot, tag)) return undefined;
    try {
      // It is often called between two events of its thread, one of which may tell of the end of who has the lock.
      const { handedOver, ...found } = this._parts.locks.bound.hurry(() => this._reap(slot));
      const report = { ...found, millis: host.nowMillis() - beganMillis };
      reportStranded(words, geometry, this._parts.rcuEvents, handedOver.left, handedOver.ran);
      this._onReaped(report);
      return report;
    } catch (error) {
      if (error instanceof LockTimeoutError) return undefined;
      throw error;
    } finally {
      disclaimSlot(words, slotStart(geometry, slot), tag);
    }
  }

  private _reap(slot: number): Omit<ReapReport, 'millis'> & { handedOver: HandedOver } {
    const parts = this._parts;
    const { words, geometry, ownerTag: tag, gracePeriod } = parts;
    const start = slotStart(geometry, slot);
    const generation = words.loadPlain(start + SLOT.generation);
    const name = readThreadName(words, start);
    const estate = wireEstate(parts, slot);
    // First: a borrower that lives takes from the stock, of which the next line looks at every word.
    this._requireNoBorrower(start);
    // Before the others: it looks at words of sheaves, and of what is in hand, that all of them change.
    this._do('charges', () => repairCharges(words, geometry, start));
    const locksRepaired = takeDeadLocks(parts, this._maps);
    this._do('borrowing', () => undoBorrowing(words, geometry, slot, ownerTag(slot, generation)));
    // Before that this thread could not begin a turn, where it is its own slot that was borrowed.
    this._do('named-locks', () => this._named.forgetDead([slot]));
    this._do('charges', () => this._repairNumbers(start));
    forgetSheaves(words, geometry, start);
    forgetPageLists(words, geometry, slot);
    resetLocalLocks(words, start);
    mendWaiting(words, geometry, slot);
    // Also of a thread that is no zombie any more: a reaper before may have stopped in the middle of what follows.
    const intents = this._do('intents', () => this._finishWhatWasBegun(estate)) ?? 0;
    if (isZombie(words, start)) {
      // owner:P1: publishes what was finished; observed by who ends a grace period that the thread's turn held up.
      words.store(start + SLOT.state, SLOT_STATE.dead);
      gracePeriod.wake();
    }
    const objects = this._do('sheaves', () => returnSheaves(estate)) ?? 0;
    const handedOver = this._do('estate', () => this._handOver(slot)) ?? NOTHING_LEFT;
    this._do('charges', () => estate.charges.drain());
    const pages = this._do('pages', () => returnPages(words, geometry, slot, estate.zones)) ?? 0;
    this._do('slot', () => releaseSlot(words, start, tag));
    const callbacksOrphaned = handedOver.left.reduce((sum, { callbacks }) => sum + callbacks, 0);
    const callbacks = { callbacksOrphaned, callbackInterrupted: handedOver.interrupted, handedOver };
    return { slot, generation, name, locksRepaired, intents, pages, objects, ...callbacks };
  }

  private _do<T>(step: ReaperStep, act: () => T): T | undefined {
    return this._parts.reaperSkips.has(step) ? undefined : act();
  }

  private _finishWhatWasBegun(estate: Estate): number {
    finishDeferring(estate);
    return finishIntents(this._parts, estate, this._maps);
  }

  /** Where a thread that lives has the slot borrowed it is waited for; one that is dead is reaped first. */
  private _requireNoBorrower(start: number): void {
    const { words, geometry } = this._parts;
    if (shutBorrowersOut(words, geometry, start, this._parts.locks.bound.rounds)) return;
    throw notToBeHad('the right to borrow a dead thread');
  }

  private _repairNumbers(start: number): void {
    const { words, geometry, ownerTag: tag, registryLock } = this._parts;
    registryLock.acquire();
    try {
      if (repairNumbers(words, geometry, start, tag)) return;
    } finally {
      registryLock.release();
    }
    throw notToBeHad('a moment at which nobody charges a group');
  }

  /** What waits for a grace period goes to the orphans, and so to who can take it. */
  private _handOver(slot: number): HandedOver {
    const found = handOverEstate(this._parts, slot);
    if (found !== undefined) return found;
    throw notToBeHad('orphans');
  }

  private _comeBack(): void {
    const { host, geometry } = this._parts;
    if (this._stopped) return;
    this._stopTimer ??= host.startTimer(this._retry, geometry.pollMillis);
  }
}

function isZombie(words: Words, start: number): boolean {
  // owner:P1: observes what the dead thread wrote.
  return (words.load(start + SLOT.state) & SLOT_STATE_MASK) === SLOT_STATE.zombie;
}
