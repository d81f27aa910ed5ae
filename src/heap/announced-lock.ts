/**
 * AnnouncedLock: a lock that is not Lull's, as the validator of a heap sees it: a database's, a mutex of another
 * library. Whoever uses it says so, and a deadlock between it and Lull's locks is found like any other.
 *
 *     const db = heap.lockClass('db');
 *     db.acquiring(); takeSync(); db.acquired(); ... db.released();            the thread has it, and all that runs in it
 *     await db.acquireBy(() => pool.acquire()); ... db.released();              the async task has it
 *
 * With acquiring() before an await, two tasks of one thread are taken for one that waits for itself.
 *
 * Inside of one that spins this thread may neither wait nor spin, so that its allocations only try. Else, in a heap that
 * does not validate, all of it does nothing.
 */
import {
  type LockClass,
  type LockObserver,
  lockClass,
  MAX_SUBCLASSES,
  SUBCLASS_SHIFT,
  TAKEN,
  WAIT,
  type WaitType,
} from '../locks/lock-class.js';
import type { ThreadContext } from '../threads/context.js';
import type { Turn } from '../threads/turn.js';

export interface LockClassOptions {
  /** 'sleep': who waits for it sleeps or awaits; 'spin': who waits for it spins, so nothing inside may sleep. 'sleep' unless given. */
  readonly wait?: 'sleep' | 'spin';
}

/** How it was taken. */
export interface Announcement {
  /** It was only tried, which no deadlock can come of. */
  readonly trylock?: boolean;
  /** By a reader, of which there may be many, that queues behind writers. */
  readonly read?: boolean;
  /** Tells locks of one class apart. 0 unless given. */
  readonly instance?: number;
  /** Locks of one class that are taken in order have rising subclasses, 0 to 7. 0 unless given. */
  readonly subclass?: number;
  /** The instance, of whatever class, that is held, and under which locks of this class may be taken in any order. */
  readonly nestLock?: number;
}

export class AnnouncedLock {
  readonly name: string;
  private readonly _class: LockClass;
  private readonly _observer: LockObserver;
  private readonly _context: ThreadContext;
  private readonly _turn: Turn;
  /** What the context is told that this thread is in; undefined where it may sleep inside. */
  private readonly _section: string | undefined;
  /** Instances between acquiring() and acquired(). */
  private readonly _awaited = new Set<number>();

  constructor(
    observer: LockObserver,
    context: ThreadContext,
    turn: Turn,
    name: string,
    options: LockClassOptions,
  ) {
    this.name = name;
    this._observer = observer;
    this._class = lockClass(name, waitTypeOf(name, options));
    this._context = context;
    this._turn = turn;
    this._section = options.wait === 'spin' ? `raw lock ${name}` : undefined;
  }

  /** This thread is about to wait for it. Reports before the deadlock happens; may be left out. */
  acquiring(how: Announcement = {}): void {
    const { instance = 0 } = how;
    this._observer.lockAcquire(this._class, instance, this._takenBits(how), how.nestLock);
    this._awaited.add(instance);
  }

  /** This thread has it. */
  acquired(how: Announcement = {}): void {
    const { instance = 0 } = how;
    if (!this._awaited.delete(instance)) {
      this._observer.lockAcquire(this._class, instance, this._takenBits(how), how.nestLock);
    }
    if (this._section === undefined) return;
    // Now, where it may still wait for who borrows its lists: inside it may not.
    this._turn.pin();
    this._context.enterAtomic(this._section);
  }

  /**
   * Has `take` get it for the async task that awaits the result. Those held at the same time differ in `instance`.
   *
   * @param take called at once; what it resolves to is passed on
   */
  acquireBy<T>(take: () => PromiseLike<T>, how: Announcement = {}): Promise<T> {
    const { instance = 0 } = how;
    const bits = this._takenBits(how) | TAKEN.async;
    this._observer.lockAwait(this._class, instance, bits);
    const granted: Promise<T> = Promise.resolve(take()).then((taken) => {
      this._observer.lockGranted(this._class, instance, bits, granted);
      return taken;
    });
    return granted;
  }

  /** This thread or task has it no more, or this thread did not get it after acquiring(). */
  released({ instance = 0 }: Announcement = {}): void {
    const wasAwaited = this._awaited.delete(instance);
    if (this._section !== undefined && !wasAwaited) this._context.exitAtomic(this._section);
    this._observer.lockRelease(this._class, instance);
  }

  private _takenBits({ trylock = false, read = false, subclass = 0 }: Announcement): number {
    if (!Number.isInteger(subclass) || subclass < 0 || subclass >= MAX_SUBCLASSES) {
      throw new RangeError(
        `announced lock ${this.name} with subclass ${String(subclass)}; a subclass is an integer in 0..${MAX_SUBCLASSES - 1}`,
      );
    }
    return (subclass << SUBCLASS_SHIFT) | (trylock ? TAKEN.trylock : 0) | (read ? TAKEN.queuedRead : 0);
  }
}

function waitTypeOf(name: string, { wait = 'sleep' }: LockClassOptions): WaitType {
  if (wait === 'sleep') return WAIT.sleep;
  if (wait === 'spin') return WAIT.spin;
  throw new TypeError(
    `announced lock class ${name} with wait: ${String(wait)}; it is 'sleep' where who waits for it sleeps or awaits, ` +
      "and 'spin' where who waits for it spins",
  );
}
