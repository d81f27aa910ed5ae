/** Whether a torture run has done enough to mean something: a success that has hit nothing is none. */

import type { TortureOptions } from './torture-options.js';
import type { TortureResult } from './torture-result.js';

const MIN_KILLS = 20;
/** Of kills: with fewer the kills have missed what they are for. */
const MIN_CRITICAL_SHARE = 0.1;
const MIN_CRITICAL = 10;
const MIN_OPERATIONS = 10_000;
/** Of allocations that were to fail: refusals, and ways round them. */
const MIN_FALLBACKS = 10;

type Counted = Pick<
  TortureResult,
  | 'operations'
  | 'kills'
  | 'killsInCriticalSections'
  | 'refusals'
  | 'nolockRefusals'
  | 'freedThroughList'
  | 'scenarios'
  | 'readerPipe'
  | 'gracePeriods'
  | 'callbacksQueued'
  | 'stalls'
>;

/** What there was too little of, a sentence each. */
export function notEnough(counted: Counted, { kill, oom, stall }: TortureOptions): string[] {
  const few: string[] = [];
  const require = (isEnough: boolean, text: string) => isEnough || few.push(text);
  const { operations, kills, killsInCriticalSections: critical, scenarios } = counted;
  require(operations >= MIN_OPERATIONS, `${operations} operations, and ${MIN_OPERATIONS} are the least`);
  if (kill > 0) {
    require(kills >= MIN_KILLS, `${kills} kills, and ${MIN_KILLS} are the least`);
    const least = Math.max(MIN_CRITICAL, Math.floor(kills * MIN_CRITICAL_SHARE));
    require(critical >= least, `${critical} kills in critical sections, and ${least} are the least`);
  }
  if (oom > 0) {
    const fallbacks = counted.refusals + counted.nolockRefusals + counted.freedThroughList;
    require(fallbacks >= MIN_FALLBACKS, `${fallbacks} fallbacks, and ${MIN_FALLBACKS} are the least`);
  }
  if (scenarios.includes('readers')) {
    require(counted.readerPipe[1]! >
      0, 'no reader saw an element that was being removed: Reader Pipe slot 1 is 0');
    require(counted.gracePeriods > 0, 'no grace period has ended');
  }
  if (scenarios.includes('callbacks')) require(counted.callbacksQueued > 0, 'no callback was queued');
  if (stall) require(counted.stalls > 0, 'no thread stalled');
  return few;
}
