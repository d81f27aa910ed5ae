/**
 * Sleepers: the threads that wait on a word, in the order in which they came.
 *
 *     sleep: the word holds what was expected -> asleep --notified--> wake: 'ok'
 *                                                      \--time passes--> wake: 'timed-out'
 *
 * Time passes when nobody else can go on, or at any moment while the thread has timeouts left.
 */
import { mix } from './memory.js';
import type { ModelThread } from './model-thread.js';
import { OPERATION } from './operation.js';
import type { Performer } from './performer.js';

export class Sleepers {
  private readonly _performer: Performer;
  private _asleep: ModelThread[] = [];

  constructor(performer: Performer) {
    this._performer = performer;
  }

  /** Nobody sleeps. */
  begin(): void {
    this._asleep = [];
  }

  /** A number for the order in which they came: who is notified first depends on it. */
  hash(): number {
    let hash = 0;
    for (const { number, word } of this._asleep) hash = mix(hash, mix(number, word, 11), 13);
    return hash;
  }

  /** The first half of a wait: its result where it does not sleep, else undefined. */
  sleep(thread: ModelThread): string | undefined {
    const value = this._performer.perform(thread, OPERATION.wait, thread.word, 0, 0);
    this._performer.noteWait(thread.word);
    if (value !== (thread.a | 0)) return 'not-equal';
    thread.isTimed = thread.b === 1;
    thread.isWoken = false;
    thread.operation = OPERATION.wake;
    this._asleep.push(thread);
    if (thread.accesses === thread.killAfter) thread.isKilled = true;
    return undefined;
  }

  /** The second half: it was woken, or its time has come. */
  wake(thread: ModelThread): string {
    this._asleep = this._asleep.filter((other) => other !== thread);
    if (thread.mayTimeOut()) thread.timeoutsLeft--;
    const result = thread.isWoken ? 'ok' : 'timed-out';
    this._performer.note(thread, result);
    thread.observe(thread.isWoken ? 1 : 2);
    thread.trail.forget();
    return result;
  }

  /** Wakes those who sleep on the word, as many as the thread says. Returns how many. */
  notify(thread: ModelThread): number {
    let woken = 0;
    for (const sleeper of this._asleep) {
      if (woken >= thread.a) break;
      if (sleeper.word !== thread.word || sleeper.isWoken || sleeper.isOver()) continue;
      sleeper.isWoken = true;
      woken++;
      this._performer.races.join(sleeper.number, thread.number);
    }
    this._performer.note(thread, woken);
    thread.observe(woken);
    return woken;
  }
}
