/**
 * ThreadEnds: all that one heap, in one thread, does about the ends of other threads: how it learns of them, and that each is
 * reaped.
 *
 *     DeathWatch   'exit' of a worker of Node      \
 *     LifeWatch    a Web Lock that was let go       >-- the slot is a zombie --> Reaper --> 'reap' listeners
 *     reap(slot)   the program says so             /
 *
 * Who may call: the thread that made it, outside of every lock.
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { ISOLATION, SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { ANY_STAY, markStayDead, threadIdOf } from '../threads/liveness.js';
import type { Membership } from '../threads/thread-registry.js';
import type { Turn } from '../threads/turn.js';
import type { Host, SpawnOptions } from '../words/host.js';
import { shown } from '../words/shown.js';
import type { Words } from '../words/words.js';
import type { HeapHandle } from './heap-handle.js';
import { LifeWatch } from './life-watch.js';
import type { ReapReport } from './reaper.js';
import { requireTerminable, spawnWorker } from './spawn.js';
import { DeathWatch, isNodeWorker, type WorkerThread } from './watch.js';

/** Who reaps: Reaper. */
export interface Reaps {
  /** Reaps every slot whose thread runs no more, as far as the locks are to be had; comes back by itself for the others. */
  reapAll(): readonly ReapReport[];
  stop(): void;
}

export interface ThreadEndsParts {
  readonly host: Host;
  readonly words: Words;
  readonly geometry: Geometry;
  readonly membership: Membership;
  readonly ownerTag: number;
  readonly handle: HeapHandle;
  readonly turn: Pick<Turn, 'isOpen' | 'run'>;
}

/** A worker that is being ended. */
interface Ending {
  readonly threadId: number;
  /** Owner tags of its stays in the heap. */
  readonly tags: Set<number>;
  readonly reports: ReapReport[];
}

/** How long the end of a browser's worker may take: one in a loop is given two seconds there. */
const LONGEST_ENDING_MILLIS = 10_000;

export class ThreadEnds {
  private readonly _parts: ThreadEndsParts;
  private readonly _reaper: Reaps;
  private readonly _watch: DeathWatch;
  private readonly _life: LifeWatch;
  private readonly _listeners = new Set<(report: ReapReport) => void>();
  private readonly _endings = new Set<Ending>();
  /** Numbers of workers that were spawned where the engine gives none. */
  private readonly _numbers = new WeakMap<object, number>();

  constructor(parts: ThreadEndsParts, reaper: Reaps) {
    const { host, words, geometry } = parts;
    this._parts = parts;
    this._reaper = reaper;
    const noteDead = () => this._noteDead();
    this._watch = new DeathWatch(host, words, geometry, noteDead, parts.ownerTag, () => this._isolate());
    this._life = new LifeWatch(parts, noteDead);
  }

  start(): void {
    this._watch.start();
    this._life.start();
    // Those who died while nobody was there to hear of it, or whose reaper died.
    this._reaper.reapAll();
  }

  /** Deaths are no concern of this thread any more: it leaves the heap. */
  stop(): void {
    this._watch.stop();
    this._reaper.stop();
  }

  /** This thread has left its slot: its end is no death from now on. */
  letGo(): void {
    this._life.stop();
  }

  watch(worker: WorkerThread): void {
    this._watch.watch(worker);
  }

  /** Starts a worker, and watches it before it can end. */
  spawn(url: string | URL, options: SpawnOptions): object {
    const { host, handle } = this._parts;
    const { worker, threadNumber } = spawnWorker(host, handle, url, options);
    if (isNodeWorker(worker)) this._watch.watch(worker);
    else this._numbers.set(worker, threadNumber);
    return worker;
  }

  /** Ends a worker; resolves when every slot that it had is free. */
  async terminate(worker: unknown): Promise<ReapReport[]> {
    requireTerminable(worker);
    const threadId = this._numberOf(worker);
    const ending: Ending = { threadId, tags: new Set(), reports: [] };
    this._endings.add(ending);
    try {
      this._collect(ending);
      await worker.terminate();
      await this._untilGone(ending);
      return ending.reports;
    } finally {
      this._endings.delete(ending);
    }
  }

  /** Marks the slot of a thread of which the caller knows that it runs no more, and reaps it. */
  reap(slot: number): ReapReport | undefined {
    const { words, geometry, ownerTag: own, membership } = this._parts;
    if (!Number.isInteger(slot) || slot < 0 || slot >= geometry.slots) {
      throw new RangeError(`reaped slot ${shown(slot)}; it is an integer in 0..${geometry.slots - 1}`);
    }
    if (slot === membership.slot) {
      throw new Error(`reaped slot ${slot}, which is this thread's own; call detach()`);
    }
    if (this._stateOf(slot) === SLOT_STATE.free) {
      throw new Error(
        `reaped slot ${slot}, which is free: its thread has left the heap, or was reaped. heap.stats().threads lists those ` +
          'that are taken',
      );
    }
    markStayDead(words, geometry, slot, ANY_STAY, own);
    return this._reaper.reapAll().find((report) => report.slot === slot);
  }

  on(listener: (report: ReapReport) => void): () => void {
    // A listener that is given twice is called twice.
    const own = (report: ReapReport): void => listener(report);
    this._listeners.add(own);
    return () => void this._listeners.delete(own);
  }

  /** The reaper has freed a slot. */
  noteReaped(report: ReapReport): void {
    const tag = ownerTag(report.slot, report.generation);
    for (const { tags, reports } of this._endings) if (tags.has(tag)) reports.push(report);
    for (const listener of [...this._listeners]) {
      try {
        listener(report);
      } catch (error) {
        console.error("lull: a listener of the heap's event reap threw", error);
      }
    }
  }

  /**
   * From now on nobody borrows from this thread: where a worker of its own died with the slot borrowed, it would wait for
   * what it alone can be told of.
   */
  private _isolate(): void {
    const { words, membership, turn } = this._parts;
    const isolated = membership.start + SLOT.isolated;
    // Publishes nothing: this thread's own.
    if (words.load(isolated) !== ISOLATION.none) return;
    // borrow:P2: a borrower that has looked before finds the turn word changed after this.
    words.store(isolated, ISOLATION.parent);
    if (!turn.isOpen()) turn.run(() => {});
  }

  private _noteDead(): void {
    for (const ending of this._endings) this._collect(ending);
    this._reaper.reapAll();
  }

  private _numberOf(worker: object): number {
    const known = this._numbers.get(worker);
    if (known !== undefined) return known;
    if (!isNodeWorker(worker)) {
      throw new TypeError(
        'terminated a worker that neither heap.spawn() of this thread has started nor node:worker_threads: of its end ' +
          'nothing can be known. End it yourself; its Web Lock tells of it',
      );
    }
    return this._watch.watch(worker);
  }

  /** Notes which slots the worker has now. */
  private _collect(ending: Ending): void {
    const { words, geometry } = this._parts;
    for (const slot of this._slotsOf(ending.threadId)) {
      const start = slotStart(geometry, slot);
      ending.tags.add(ownerTag(slot, words.loadPlain(start + SLOT.generation)));
    }
  }

  private async _untilGone(ending: Ending): Promise<void> {
    const { host, geometry } = this._parts;
    const deadline = host.nowMillis() + LONGEST_ENDING_MILLIS;
    for (;;) {
      const left = this._slotsOf(ending.threadId);
      if (left.length === 0) return;
      if (host.nowMillis() >= deadline) throw noProof(left);
      await host.sleep(geometry.pollMillis);
    }
  }

  /** Slots that a thread of that number has, or that are being reaped. */
  private _slotsOf(threadId: number): number[] {
    const found: number[] = [];
    // After its end Node's worker has this number, as has every thread of which nothing is known.
    if (threadId === 0) return found;
    const { words, geometry } = this._parts;
    for (let slot = 0; slot < geometry.slots; slot++) {
      const start = slotStart(geometry, slot);
      // liveness:P1: the state, before the id.
      const state = words.load(start + SLOT.state);
      if (state === SLOT_STATE.free) continue;
      if (threadIdOf(words, start, state) === threadId) found.push(slot);
    }
    return found;
  }

  private _stateOf(slot: number): number {
    const { words, geometry } = this._parts;
    // Publishes nothing: for a refusal.
    return words.load(slotStart(geometry, slot) + SLOT.state) & SLOT_STATE_MASK;
  }
}

function noProof(slots: readonly number[]): Error {
  return new Error(
    `terminated a worker, and after ${LONGEST_ENDING_MILLIS} ms has no proof that it has ended: slot ${slots.join(', ')} is ` +
      'not free. Its thread may never have returned to its event loop after Heap.attach(), or another thread holds what ' +
      'the reaper needs. If you know that it runs no more, call heap.reap(slot)',
  );
}
