/**
 * Lock stage: lock records in the memory of a heap whose slots are all live, and the threads of those slots. For
 * unit tests, which play all threads in one, and for models, which bring their own words and hosts.
 *
 *     header | slots: all live, slot n of generation n + 1 | ... firstPage: record 0 | record 1 | ... | spare
 *
 *     unit test   const stage = new LockStage({ kind: LOCK_KIND.mutex });   new Mutex(stage.threads[0]!, stage.record, 'm')
 *     model       const memory = new LockMemory({ kind: LOCK_KIND.mutex, threads: 3 });
 *                 model({ lengthWords: memory.lengthWords, prepare: memory.prepare, nameOf: memory.nameOf,
 *                   setup: (stage) => new Mutex(memory.thread(stage, 'alpha', 0), memory.record, 'm'), ... })
 */
import { planFrom } from '../../src/heap/format-heap.js';
import { TINY } from '../../src/heap/heap-options.js';
import { type Geometry, HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { LOCK, type LOCK_KIND, lockRecordWords } from '../../src/layout/lock-record.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { type LockClass, type LockObserver, UNOBSERVED } from '../../src/locks/lock-class.js';
import type { LockThread } from '../../src/locks/lock-thread.js';
import { ownerTag } from '../../src/locks/owner.js';
import { requireMayWait } from '../../src/threads/context.js';
import { type Host, leaveAll } from '../../src/words/host.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import { alignUp, LINE_WORDS, PAGE_WORDS } from '../../src/words/units.js';
import type { WaitResult, Words } from '../../src/words/words.js';
import type { Stage } from '../../tools/checker/model.js';
import { FakeHost } from './fake-host.js';

/** A record to make. */
export interface RecordShape {
  readonly kind: (typeof LOCK_KIND)[keyof typeof LOCK_KIND];
  readonly size?: number;
}

/** What a stage is made of. */
export interface LockSizes extends RecordShape {
  /** Slots, 2 unless given. */
  readonly threads?: number;
  /** Records after the first. */
  readonly more?: readonly RecordShape[];
}

/** Words behind the records, for what a test guards. */
const SPARE_WORDS = 64;

/** One thread of a stage. */
export class StageThread implements LockThread {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly slot: number;
  readonly tag: number;
  readonly host: Host;
  readonly observer: LockObserver;
  /** False where the thread is to have left the heap. */
  isAttached = true;
  /** True where maySleep() is to say that the thread is in a turn. */
  isInTurn = false;
  /** How often it was about to sleep. */
  turnsLeft = 0;

  constructor(words: Words, geometry: Geometry, slot: number, host: Host, observer: LockObserver) {
    this.words = words;
    this.geometry = geometry;
    this.slot = slot;
    this.tag = ownerTag(slot, slot + 1);
    this.host = host;
    this.observer = observer;
  }

  requireMayWait(operation: string): void {
    requireMayWait(this.host, operation);
  }

  maySleep(): boolean {
    return this.host.waitRight === 'may-wait' && !this.isInTurn;
  }

  leaveTurns(): void {
    this.turnsLeft++;
    leaveAll(this.host);
  }
}

/** Notes what locks tell, as lines such as `acquire mutex m 2`, the last being `how`. */
export class RecordingObserver implements LockObserver {
  readonly calls: string[] = [];
  /** Each call whose line begins with this throws. */
  refused = 'nothing';

  lockAcquire(lock: LockClass, _instance: number, how: number): void {
    this._note(`acquire ${lock.name} ${how}`);
  }

  lockAwait(lock: LockClass, _instance: number, how: number): void {
    this._note(`await ${lock.name} ${how}`);
  }

  lockGranted(lock: LockClass, _instance: number, how: number): void {
    this._note(`granted ${lock.name} ${how}`);
  }

  lockRelease(lock: LockClass): void {
    this._note(`release ${lock.name}`);
  }

  /** What was told since the last call of this. */
  take(): string[] {
    return this.calls.splice(0);
  }

  private _note(line: string): void {
    this.calls.push(line);
    if (line.startsWith(this.refused)) throw new Error(`refused ${line}`);
  }
}

/** Where everything lies. */
export class LockMemory {
  readonly geometry: Geometry;
  /** Addresses of the records. */
  readonly records: readonly number[];
  /** Address of the first record. */
  readonly record: number;
  /** Words that no lock uses. */
  readonly spare: number;
  readonly lengthWords: number;
  private readonly _shapes: readonly RecordShape[];

  constructor({ kind, size = 0, threads = 2, more = [] }: LockSizes) {
    this._shapes = [{ kind, size }, ...more];
    this.geometry = planFrom({ ...TINY, maxCaches: 66, threads, hashSeed: [1, 2] }, new FakeHost());
    const records: number[] = [];
    let end = this.geometry.firstPage * PAGE_WORDS;
    for (const shape of this._shapes) {
      records.push(end);
      end = alignUp(end + lockRecordWords(shape.kind, threads, shape.size ?? 0), LINE_WORDS);
    }
    this.records = records;
    this.record = records[0]!;
    this.spare = end;
    this.lengthWords = end + SPARE_WORDS;
  }

  /** All slots live, all locks free. Bound, as the next, so that a model takes it as it is. */
  readonly prepare = (words: Words): void => {
    const { slots } = this.geometry;
    words.storePlain(HEADER.slotsClaimed, slots);
    for (let slot = 0; slot < slots; slot++) {
      const start = slotStart(this.geometry, slot);
      words.storePlain(start + SLOT.state, SLOT_STATE.live);
      words.storePlain(start + SLOT.generation, slot + 1);
    }
    this._shapes.forEach(({ kind, size = 0 }, i) => {
      words.storePlain(this.records[i]! + LOCK.kind, kind);
      words.storePlain(this.records[i]! + LOCK.size, size);
    });
  };

  readonly nameOf = (index: number): string => {
    if (index >= this.spare) return `spare ${index - this.spare}`;
    if (index < this.record) return this._nameBelow(index);
    const number = this.records.findLastIndex((record) => record <= index);
    const prefix = this.records.length === 1 ? '' : `record ${number} `;
    return prefix + this._nameInRecord(index - this.records[number]!);
  };

  /** The thread of `slot`, which the model calls `name`. */
  thread(stage: Stage, name: string, slot: number, observer: LockObserver = UNOBSERVED): StageThread {
    return new StageThread(stage.words, this.geometry, slot, stage.host(name), observer);
  }

  /** Marks the thread of `slot` dead, as who has proof of its death does first. */
  markDead(words: Words, slot: number): void {
    words.store(slotStart(this.geometry, slot) + SLOT.state, SLOT_STATE.dead);
  }

  private _nameBelow(index: number): string {
    const { slotsStart, slotWords, slots } = this.geometry;
    const slot = Math.floor((index - slotsStart) / slotWords);
    if (slot < 0 || slot >= slots) return index === HEADER.slotsClaimed ? 'slots claimed' : `word ${index}`;
    return `slot ${slot} ${nameOfField(SLOT, (index - slotsStart) % slotWords)}`;
  }

  private _nameInRecord(offset: number): string {
    const beyond = offset - LOCK.waiters;
    if (beyond < 0) return nameOfField(LOCK, offset);
    if (beyond < this.geometry.slots) return `waiter ${beyond}`;
    return `more ${beyond - this.geometry.slots}`;
  }
}

function nameOfField(fields: Readonly<Record<string, number>>, offset: number): string {
  return Object.keys(fields).find((name) => fields[name] === offset) ?? `word ${offset}`;
}

/** One thread's words: what others do while it sleeps or spins is the test's to say. */
export class StageWords extends NativeWords {
  /** Each runs in one sleep of this thread, in order. */
  readonly whileAsleep: (() => void)[] = [];
  /** Runs at each pause. */
  whilePausing: () => void = () => {};
  /** The limit of each sleep. */
  readonly sleeps: number[] = [];
  pauses = 0;
  /** Sleepers that were to be woken, by word. */
  readonly notified: number[] = [];
  private readonly _host: FakeHost;

  constructor(buffer: SharedArrayBuffer, host: FakeHost) {
    super(buffer);
    this._host = host;
  }

  /** A sleep in which nothing changes the word lasts its whole time by the fake clock. */
  override wait(index: number, expected: number, timeoutMillis: number): WaitResult {
    if (this.load(index) !== expected) return 'not-equal';
    this.sleeps.push(timeoutMillis);
    this.whileAsleep.shift()?.();
    if (this.load(index) !== expected) return 'ok';
    if (timeoutMillis === Number.POSITIVE_INFINITY) throw new Error(`slept on word ${index} for ever`);
    this._host.advance(timeoutMillis);
    return 'timed-out';
  }

  override notify(index: number, count: number): number {
    this.notified.push(index);
    return super.notify(index, count);
  }

  override pause(): void {
    this.pauses++;
    this.whilePausing();
  }
}

/** Threads that a test plays, each with a host and words of its own over one memory. */
export class LockStage extends LockMemory {
  readonly hosts: readonly FakeHost[];
  readonly views: readonly StageWords[];
  readonly threads: readonly StageThread[];

  /** @param makeHost of each thread; one that may wait, unless given */
  constructor(
    sizes: LockSizes,
    observer: LockObserver = UNOBSERVED,
    makeHost: (slot: number) => FakeHost = () => new FakeHost(),
  ) {
    super(sizes);
    const { slots } = this.geometry;
    const buffer = reserveBuffer(this.lengthWords * 4);
    this.hosts = Array.from({ length: slots }, (_, slot) => makeHost(slot));
    this.views = this.hosts.map((host) => new StageWords(buffer, host));
    this.threads = this.views.map(
      (words, slot) => new StageThread(words, this.geometry, slot, this.hosts[slot]!, observer),
    );
    this.prepare(this.words);
  }

  /** The memory as the first thread sees it. */
  get words(): StageWords {
    return this.views[0]!;
  }

  /** Ends the thread of `slot` where it stands. */
  kill(slot: number): void {
    this.markDead(this.words, slot);
  }
}
