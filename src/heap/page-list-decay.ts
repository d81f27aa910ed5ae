/**
 * PageListDecay: an idle thread's page lists give back, bit by bit, what they keep beyond what they always may.
 *
 *     a turn ends, the lists hold more than pageListHighMin --timer--> an eighth goes back --still more--> timer
 *
 * Who may call: the slot's thread, outside of any turn. The timer does not keep the process alive. An isolated thread
 * has none, since it asked to be left alone; nor has one that may neither wait nor spin, which could not give back.
 *
 * Follows mm/vmstat.c (vmstat_update) and mm/page_alloc.c (decay_pcp_high).
 */
import { ISOLATION, SLOT } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import type { BetweenTurns, Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';

/** As the kernel's vmstat worker. */
export const DECAY_MILLIS = 1000;

export class PageListDecay {
  private readonly _host: Host;
  private readonly _words: Words;
  private readonly _slot: number;
  private _pages: PageAllocator | undefined;
  private _turn: Turn | undefined;
  private _stopTimer: (() => void) | undefined;
  private _isStopped = false;
  private readonly _onTimer = (): void => this._tick();
  private readonly _decay = (): boolean => this._pages!.decay();

  /** @param slot word index of this thread's slot */
  constructor(host: Host, words: Words, slot: number) {
    this._host = host;
    this._words = words;
    this._slot = slot;
  }

  /** Tells what to give back, and the turn to do it in; once, before the first turn ends. */
  connect(pages: PageAllocator, turn: Turn): void {
    this._pages = pages;
    this._turn = turn;
  }

  /** What a turn calls when it has ended: `first`, and then this. */
  after(first: BetweenTurns): BetweenTurns {
    return () => {
      first();
      this._turnEnded();
    };
  }

  /** Calls the timer off: this thread leaves. */
  stop(): void {
    this._stopTimer?.();
    this._stopTimer = undefined;
    this._isStopped = true;
  }

  /** Sets the timer, where there is something to give back. */
  private _turnEnded(): void {
    if (this._stopTimer !== undefined || this._isStopped || !this._pages!.mayDecay()) return;
    if (this._host.waitRight === 'may-neither' || this._isIsolated()) return;
    this._stopTimer = this._host.startTimer(this._onTimer, DECAY_MILLIS);
  }

  private _isIsolated(): boolean {
    // Publishes nothing: this thread wrote it when it joined.
    return this._words.load(this._slot + SLOT.isolated) === ISOLATION.asked;
  }

  /** The turn that ends with this sets the timer anew. */
  private _tick(): void {
    this._stopTimer = undefined;
    try {
      this._turn!.run(this._decay);
    } catch (error) {
      // Nobody has called this who could wait for the lock's owner to be reaped: another turn sets the timer anew.
      if (!(error instanceof LockTimeoutError)) throw error;
    }
  }
}
