/**
 * HoldRule: before which operations a thread is held, and what the one that it is held before would do.
 *
 *     held      before operations on visible words, pauses, waits; where buffered stores must reach memory first
 *     not held  before all others: what visible words order, nobody can notice
 */
import type { Bounds } from '../model.js';
import type { ModelThread } from './model-thread.js';
import { EFFECT, OPERATION, type Operation, READS } from './operation.js';
import type { Performer } from './performer.js';
import type { Readiness } from './readiness.js';

/** So many operations without being held are a loop that only another thread can end. */
const MOST_UNHELD = 5000;

export class HoldRule {
  private readonly _performer: Performer;
  private readonly _readiness: Readiness;
  private readonly _exploresRaces: boolean;
  private readonly _hasStoreBuffers: boolean;

  constructor(performer: Performer, readiness: Readiness, bounds: Bounds) {
    this._performer = performer;
    this._readiness = readiness;
    this._exploresRaces = bounds.races === 'explored';
    this._hasStoreBuffers = bounds.storeBuffers ?? false;
  }

  /** True where `thread` is held before the operation. */
  mustHold(thread: ModelThread, operation: Operation, word: number): boolean {
    if (thread.accesses >= thread.holdAfter) return true;
    const performer = this._performer;
    if (operation === OPERATION.notify) return performer.isWaitedOn(word);
    if (operation >= OPERATION.pause || operation === OPERATION.wait) return true;
    const isNothing = operation === OPERATION.fence && this._exploresRaces;
    if (performer.visible[word] === 1 && !isNothing) return true;
    if (this._readiness.awaitsDrain(thread, operation)) return true;
    if (++thread.sinceHeld < MOST_UNHELD) return false;
    // A loop that only another thread can end: from now on it is held there.
    performer.learn(word);
    return true;
  }

  /** What the operation that `thread` is held before would do to its word, as memory is now. */
  effectOf({ operation, word, a }: ModelThread): number {
    if (operation === OPERATION.compareExchange) {
      return this._performer.memory.values[word] === (a | 0) ? EFFECT[operation]! : READS;
    }
    if (operation === OPERATION.fence && this._exploresRaces) return 0;
    if (operation === OPERATION.storePlain && this._hasStoreBuffers) return 0;
    // It leaves the word as it is; where races are reported it still publishes.
    if (this._exploresRaces && this._performer.isSilent(operation, word, a)) return READS;
    return EFFECT[operation]!;
  }
}
