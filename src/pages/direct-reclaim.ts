/**
 * Direct reclaim: in what order a thread that may reclaim gets memory back, and when it gives up.
 *
 *     free what is done waiting
 *       -> round: shrinkers at falling priority, each pass followed by a try
 *            -> once: all lists are drained, this thread's, then those of idle threads
 *            -> another round while one brings something, or another thread reclaims
 *       -> once: wait for a grace period, and the rounds again
 *       -> failure; with __GFP_NOFAIL a rest, and all of it again
 *
 *     __GFP_NORETRY   one round, no list, no wait
 *
 * Pure: what is done at each step is the caller's (ReclaimSteps). Ends after a bounded number of rounds, however many
 * threads reclaim at once, and whatever shrinkers say that they gave: but for __GFP_NOFAIL.
 *
 * Follows mm/page_alloc.c (__alloc_pages_slowpath, should_reclaim_retry, drain_all_pages once).
 */
import { __GFP_NOFAIL, __GFP_NORETRY, type Gfp } from './gfp.js';

/** Rounds in a row that brought nothing, while another thread reclaims. */
export const MAX_RECLAIM_RETRIES = 16;
/** Rounds in all: what says that it gave something need not have given what is wanted. */
const MAX_ROUNDS = 64;

/** What reclaim does to one heap, for one allocation. */
export interface ReclaimSteps {
  /** Tries the allocation again; 0 where it fails. */
  alloc(): number;
  /** Frees what is through with its grace period. */
  freeDone(): void;
  /** The priority from which on shrinkers have a share to give. */
  firstPriority(): number;
  /** One pass of the shrinkers; returns how much they gave back. */
  shrink(priority: number): number;
  /** Gives this thread's lists of pages back. */
  drainOwnLists(): void;
  /** Gives the lists of idle threads back; returns how many pages those had. */
  drainIdleLists(): number;
  /** Waits for the turns of other threads; false where it may not, or where that takes too long. */
  awaitGracePeriod(): boolean;
  /** True while another thread reclaims, and so may have in its hands what is wanted. */
  isContended(): boolean;
  /** Waits a moment before all is tried again. */
  rest(): void;
}

/** Reclaims until `steps.alloc()` returns memory. 0: it gives up. */
export function directReclaim(gfp: Gfp, steps: ReclaimSteps): number {
  for (;;) {
    steps.freeDone();
    let p = steps.alloc();
    if (p !== 0) return p;
    if ((gfp & __GFP_NORETRY) !== 0) return new Round(steps).run();
    p = tryRounds(steps);
    if (p === 0 && steps.awaitGracePeriod()) p = tryRounds(steps);
    if (p !== 0 || (gfp & __GFP_NOFAIL) === 0) return p;
    steps.rest();
  }
}

function tryRounds(steps: ReclaimSteps): number {
  let isDrained = false;
  let futile = 0;
  for (let rounds = 0; rounds < MAX_ROUNDS && futile < MAX_RECLAIM_RETRIES; rounds++) {
    const round = new Round(steps);
    let p = round.run();
    if (p === 0 && !isDrained) p = drainAndTry(steps);
    if (p !== 0) return p;
    isDrained = true;
    if (round.given > 0) futile = 0;
    else if (steps.isContended()) futile++;
    // What another had in its hands until now is to be had by now.
    else return steps.alloc();
  }
  return 0;
}

function drainAndTry(steps: ReclaimSteps): number {
  steps.drainOwnLists();
  const p = steps.alloc();
  // Last, since those threads have to refill their lists.
  return p !== 0 || steps.drainIdleLists() === 0 ? p : steps.alloc();
}

/** The shrinkers, asked for more from pass to pass. */
class Round {
  /** How much they gave back. */
  given = 0;
  private readonly _steps: ReclaimSteps;

  constructor(steps: ReclaimSteps) {
    this._steps = steps;
  }

  /** Tries after each pass that brought something. */
  run(): number {
    for (let priority = this._steps.firstPriority(); priority >= 0; priority--) {
      const given = this._steps.shrink(priority);
      this.given += given;
      if (given === 0) continue;
      const p = this._steps.alloc();
      if (p !== 0) return p;
    }
    return 0;
  }
}
