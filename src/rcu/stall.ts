/**
 * Stalls: whoever waits for a grace period notices that one has been running for long, by its own clock, and reports
 * the threads whose turns hold it up: a 'stall' event and one line on the console.
 *
 *     look() .. look() .. look()     by the waiter, at each of its looks at the grace period that does not end
 *       |          |         `-- 3 * stallMillis: report 2, then at 7, 15, ... : each wait is twice as long
 *       |          `------------ stallMillis: report 1
 *       `----------------------- notes the number, the time, and what each thread did last
 *
 * Only threads in a turn are named: one that is asleep in Lull, idle, dead or detached is in none.
 *
 * Who may call: the slot's thread, outside of every lock; best between its turns.
 *
 * I1  Each report of a grace period is made by one of the threads that wait for it: the one that counts it in the
 *     header. A thread that dies just after leaves that report unmade, and not the next.
 *
 * Follows kernel/rcu/tree_stall.h.
 */

import { activityOf, activityText } from '../layout/activity.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { readThreadName, threadTitle } from '../layout/thread-name.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { GracePeriod } from './grace-period.js';
import type { Holdout, RcuEvents } from './rcu-events.js';
import { isRunning } from './sequence.js';

const WAY_OUT = 'A long loop calls heap.quiesce() now and then; what waits is wrapped in heap.idle(fn)';

export interface StallParts {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly host: Host;
  readonly gracePeriod: GracePeriod;
  readonly events: RcuEvents;
  /** Where the turn of a slot began, by the word at SLOT.turnStack; empty where that is not known. */
  readonly turnStack: (slot: number) => string;
}

export class StallWatch {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _host: Host;
  private readonly _gracePeriod: GracePeriod;
  private readonly _events: RcuEvents;
  private readonly _turnStack: (slot: number) => string;
  /** Number of the running grace period that was noticed last. */
  private _sequence = 0;
  private _noticedMillis = 0;
  /** By slot: what its thread had done last when the grace period was noticed. */
  private _activities: number[] = [];

  constructor(parts: StallParts) {
    this._words = parts.words;
    this._geometry = parts.geometry;
    this._host = parts.host;
    this._gracePeriod = parts.gracePeriod;
    this._events = parts.events;
    this._turnStack = parts.turnStack;
  }

  /** Looks whether the grace period that runs has done so for long. Its end is not waited for any longer than before. */
  look(): void {
    const { stallMillis } = this._geometry;
    if (stallMillis === 0) return;
    const sequence = this._gracePeriod.sequence();
    if (!isRunning(sequence)) return;
    const now = this._host.nowMillis();
    if (sequence !== this._sequence) {
      this._notice(sequence, now);
      return;
    }
    const millis = now - this._noticedMillis;
    const reports = this._reportsOf(sequence);
    if (millis >= stallMillis * (2 ** (reports + 1) - 1)) this._report(sequence, reports, millis);
  }

  /** The threads that hold up the grace period that runs, in words, for an error. */
  describeHoldouts(): string {
    const titles = this.holdoutTitles();
    if (titles === '') return 'no thread holds it up at this moment; it was waited for too short a time';
    return `held up by ${titles}, in a turn that does not end. ${WAY_OUT}`;
  }

  /** The same threads alone, by name and slot; empty where there are none. */
  holdoutTitles(): string {
    const slots = this._gracePeriod.holdouts();
    return slots.map((slot) => this._titleOf(slot)).join(', ');
  }

  private _notice(sequence: number, now: number): void {
    this._sequence = sequence;
    this._noticedMillis = now;
    // Publishes nothing: a slot that is claimed later holds up a later grace period.
    const claimed = this._words.load(HEADER.slotsClaimed);
    this._activities = [];
    for (let slot = 0; slot < claimed; slot++)
      this._activities.push(activityOf(this._words, this._startOf(slot)));
  }

  /** How often any thread has reported the grace period. */
  private _reportsOf(sequence: number): number {
    // Publishes nothing: how often is a hint, which the next two words make exact enough.
    if (this._words.load(HEADER.stallSequence) !== sequence) return 0;
    return this._words.load(HEADER.stallReports);
  }

  private _report(sequence: number, reports: number, millis: number): void {
    const slots = this._gracePeriod.holdouts();
    // Another is just driving, and looks after it: or the turn has ended.
    if (slots.length === 0 || !this._claim(sequence, reports)) return;
    const holdouts = slots.map((slot) => this._holdout(slot));
    const message = messageOf(Math.round(millis), holdouts);
    console.error(message);
    this._events.emit('stall', { millis, holdouts, message });
  }

  /** I1: false where another thread makes this report. */
  private _claim(sequence: number, reports: number): boolean {
    const words = this._words;
    // Publishes nothing, either way: who has changed the word makes the report.
    if (reports > 0) return words.compareExchange(HEADER.stallReports, reports, reports + 1) === reports;
    const last = words.load(HEADER.stallSequence);
    if (last === sequence || words.compareExchange(HEADER.stallSequence, last, sequence) !== last)
      return false;
    // Publishes nothing, as above.
    words.store(HEADER.stallReports, 1);
    return true;
  }

  private _holdout(slot: number): Holdout {
    const start = this._startOf(slot);
    const activity = activityOf(this._words, start);
    return {
      slot,
      name: readThreadName(this._words, start),
      lastActivity: activityText(activity),
      isActive: activity !== this._activities[slot],
      stack: this._turnStack(start),
    };
  }

  private _titleOf(slot: number): string {
    return threadTitle(readThreadName(this._words, this._startOf(slot)), slot);
  }

  private _startOf(slot: number): number {
    return slotStart(this._geometry, slot);
  }
}

function messageOf(millis: number, holdouts: readonly Holdout[]): string {
  const parts = holdouts.map((holdout) => {
    const { lastActivity, isActive } = holdout;
    const doing = isActive
      ? `is at work in Lull: it just ${lastActivity}`
      : `did nothing in Lull since then, so it is in other code, or does not get to run; before, it ${lastActivity}`;
    return `${threadTitle(holdout.name, holdout.slot)}, which ${doing}`;
  });
  const began = holdouts
    .filter(({ stack }) => stack !== '')
    .map((holdout) => `\nThe turn of ${threadTitle(holdout.name, holdout.slot)} began\n${holdout.stack}`);
  return `lull: a grace period has been held up for ${millis} ms by ${parts.join('; and by ')}. ${WAY_OUT}.${began.join('')}`;
}
