/**
 * BarrierRound: one look round the heap after another, until everything is over that waited when the first one began.
 *
 *     sealing    (kfreeRcu) each thread's part-filled sheaves are sealed, so that they are counted
 *     counting   note what each thread has queued so far, until each has finished as many
 *                -- something went from one thread to another meanwhile: note it all again
 *
 * Nothing is queued, so a barrier needs no memory, and holds up nobody. Each thread counts what it has queued and what
 * it has finished, and both only go up.
 *
 * Who may call: any thread of the heap, for itself.
 *
 * I1  (orphans:I1) Whatever waits counts as queued and not finished in a slot, or lies with the orphans; what is between
 *     two of these has made, or is about to make, migrations go up. So where migrations is as it was when the counts
 *     were noted, and all are reached, and the orphans are none, nothing was missed. For callbacks alone the same holds of
 *     callbackMigrations: those that come and go with objects only would keep such a barrier from its end.
 * I2  Sealing is done once: what was in hand then is sealed, wherever it goes after that.
 * I3  Callbacks that no live thread has a function for do not count: nobody knows when they run, if ever.
 */
import { CALLBACK } from '../layout/callback-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { readThreadName, threadTitle } from '../layout/thread-name.js';
import { CALLBACK_LIST, REQUEST, SLOT, SLOT_STATE, TURN_OPEN } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { callbackRecords, isRunnable } from './callback-records.js';
import { hasInHand } from './dead-slot.js';

/** What a thread counts for barriers: a word for what it has queued, and one for what is finished of it. */
interface Counters {
  /** One of them, and several. */
  readonly what: readonly [one: string, several: string];
  readonly queued: number;
  readonly finished: number;
}

const CALLBACKS: Counters = {
  what: ['callback', 'callbacks'],
  queued: SLOT.callbacks + CALLBACK_LIST.queued,
  finished: SLOT.callbacks + CALLBACK_LIST.finished,
};
const HEADS: Counters = {
  what: ['object', 'objects'],
  queued: SLOT.heads + CALLBACK_LIST.queued,
  finished: SLOT.heads + CALLBACK_LIST.finished,
};
const SHEAVES: Counters = {
  what: ['sheaf of objects', 'sheaves of objects'],
  queued: SLOT.sheavesSealed,
  finished: SLOT.sheavesFreed,
};

/** A slot of which the thread is to seal what it has in hand. */
interface Unsealed {
  readonly slot: number;
  readonly generation: number;
  /** SLOT.seals, once a whole round of sealing has come after the barrier's beginning. */
  readonly target: number;
}

/** A count of a slot that is not reached yet. */
interface Unfinished {
  readonly slot: number;
  readonly counters: Counters;
  readonly target: number;
}

export class BarrierRound {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _withFrees: boolean;
  private _unsealed: Unsealed[] | undefined;
  private _unfinished: Unfinished[] | undefined;
  /** Where it is counted what has moved. */
  private readonly _moves: number;
  /** What stood there when the counts were noted. */
  private _migrations = 0;
  private _hasAskedHeirs = false;

  /** @param withFrees whether to wait for what kfreeRcu() was given, beside callbacks */
  constructor(words: Words, geometry: Geometry, withFrees: boolean) {
    this._words = words;
    this._geometry = geometry;
    this._withFrees = withFrees;
    this._moves = withFrees ? HEADER.migrations : HEADER.callbackMigrations;
  }

  /** Looks how far it is. Returns true when all is over that waited at the first call; from then on always. */
  look(): boolean {
    if (this._withFrees && !this._isSealed()) return false;
    // Where something has moved meanwhile, what is noted anew may be over already.
    for (let tries = 0; tries < 2; tries++) {
      if (this._unfinished === undefined) this._note();
      if (!this._isFinished() || this._orphans() > 0) return false;
      // orphans:P2: after all the counts.
      if (this._words.load(this._moves) === this._migrations) return true;
      this._unfinished = undefined;
      this._hasAskedHeirs = false;
    }
    return false;
  }

  /** Who holds it up, in words. */
  describeHoldouts(): string {
    const inHand = (this._unsealed ?? []).map(({ slot }) => this._describeUnsealed(slot));
    const behind = (this._unfinished ?? []).map((one) => this._describe(one));
    const orphans = this._orphans();
    const left =
      orphans > 0 ? [`${orphans} left by threads that are gone wait for one that takes them over`] : [];
    const all = [...inHand, ...behind, ...left];
    return all.length > 0 ? all.join('; ') : 'threads leave and come all the time';
  }

  private _isSealed(): boolean {
    this._unsealed ??= this._askToSeal();
    const unsealed: Unsealed[] = [];
    for (const one of this._unsealed) if (!this._hasSealed(one)) unsealed.push(one);
    this._unsealed = unsealed;
    return unsealed.length === 0;
  }

  /** Asks every thread that may have something in hand. */
  private _askToSeal(): Unsealed[] {
    const words = this._words;
    const asked: Unsealed[] = [];
    // Publishes nothing: who joins now has posted nothing before.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const start = slotStart(this._geometry, slot);
      // Publishes nothing: whose slot it is.
      const generation = words.load(start + SLOT.generation);
      // kfree-rcu:P1: what is counted so far may have missed something.
      const seals = words.load(start + SLOT.seals);
      // A round that runs may be past the cache already.
      const target = (seals + ((seals & 1) === 0 ? 2 : 3)) | 0;
      const one = { slot, generation, target };
      if (this._hasSealed(one)) continue;
      // Publishes nothing: a request.
      words.or(start + SLOT.requests, REQUEST.seal);
      asked.push(one);
    }
    return asked;
  }

  private _hasSealed({ slot, generation, target }: Unsealed): boolean {
    const words = this._words;
    const start = slotStart(this._geometry, slot);
    // kfree-rcu:P1: observes what was sealed in that round.
    if (((words.load(start + SLOT.seals) - target) | 0) >= 0) return true;
    // thread-registry:P1: observes that who had the slot has left, and so has sealed.
    if (words.load(start + SLOT.generation) !== generation) return true;
    return this._isEmptyHanded(start);
  }

  /** True when the slot's thread is between turns, or dead, and has nothing in hand. */
  private _isEmptyHanded(start: number): boolean {
    const words = this._words;
    // owner:P1: observes what the dead thread had.
    const isDead = words.load(start + SLOT.state) === SLOT_STATE.dead;
    // turn:P2: observes what the last turn has left.
    const turn = words.load(start + SLOT.turn);
    if (!isDead && (turn & TURN_OPEN) !== 0) return false;
    if (hasInHand(words, start)) return false;
    // Publishes nothing: no turn was entered meanwhile.
    return words.load(start + SLOT.turn) === turn;
  }

  private _note(): void {
    const words = this._words;
    // orphans:P2: before all the counts.
    this._migrations = words.load(this._moves);
    const unfinished: Unfinished[] = [];
    const kinds = this._withFrees ? [CALLBACKS, HEADS, SHEAVES] : [CALLBACKS];
    // Publishes nothing: who joins now has queued nothing before.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const start = slotStart(this._geometry, slot);
      for (const counters of kinds) {
        // callback-list:P1, waiting-sheaves:P1: observes what was queued before.
        unfinished.push({ slot, counters, target: words.load(start + counters.queued) });
      }
    }
    this._unfinished = unfinished;
  }

  private _isFinished(): boolean {
    const unfinished: Unfinished[] = [];
    for (const one of this._unfinished!) if (this._missing(one) > 0) unfinished.push(one);
    this._unfinished = unfinished;
    return unfinished.length === 0;
  }

  /** How many are still to be finished. */
  private _missing({ slot, counters, target }: Unfinished): number {
    // callback-list:P1, waiting-sheaves:P1: observes what was done.
    return (target - this._words.load(slotStart(this._geometry, slot) + counters.finished)) | 0;
  }

  /** How many wait whose thread is gone, and that somebody can take over; where there are some, all are asked to. */
  private _orphans(): number {
    const words = this._words;
    // orphans:P2: after the counts of slots.
    let orphans = this._withFrees ? words.load(HEADER.orphanObjects) : 0;
    // orphans:P2: as above.
    if (words.load(HEADER.orphanCallbackCount) !== 0) orphans += this._runnableOrphans();
    if (orphans > 0) this._askHeirs();
    return orphans;
  }

  private _runnableOrphans(): number {
    const words = this._words;
    let orphans = 0;
    for (const { record } of callbackRecords(words)) {
      // orphans:P2: after the counts of slots.
      const callbacks = words.load(record + CALLBACK.orphans);
      if (callbacks !== 0 && isRunnable(words, this._geometry, record)) orphans += callbacks;
    }
    return orphans;
  }

  /** Has every thread look for what it can take over: one that never leaves its loop has no timer that does. */
  private _askHeirs(): void {
    if (this._hasAskedHeirs) return;
    this._hasAskedHeirs = true;
    const words = this._words;
    // Publishes nothing: who joins now looks by itself.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      // Publishes nothing: a request, to seal and so to look.
      words.or(slotStart(this._geometry, slot) + SLOT.requests, REQUEST.seal);
    }
  }

  private _describe(one: Unfinished): string {
    const missing = this._missing(one);
    return `${this._titleOf(one.slot)} has ${missing} ${one.counters.what[missing === 1 ? 0 : 1]} waiting`;
  }

  private _describeUnsealed(slot: number): string {
    // Publishes nothing: a look for a message.
    const turn = this._words.load(slotStart(this._geometry, slot) + SLOT.turn);
    const what = (turn & TURN_OPEN) === 0 ? 'has objects in hand' : 'is in a turn that does not end';
    return `${this._titleOf(slot)} ${what}`;
  }

  private _titleOf(slot: number): string {
    return threadTitle(readThreadName(this._words, slotStart(this._geometry, slot)), slot);
  }
}
