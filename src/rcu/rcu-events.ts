/**
 * What goes on in RCU that a program may want to know of: events of one thread's heap.
 *
 * Who may call: on() the program, at any time. emit() whoever finds something out, outside of every lock: a listener is
 * code of others. What a listener throws goes to the console: those that come after it are called all the same.
 */

/** A callback threw. The callbacks behind it go on. */
export interface CallbackErrorEvent {
  readonly error: unknown;
  /** Name that the function was registered by, and its id. */
  readonly name: string;
  readonly id: number;
  /** Address of the RcuHead that it was called with. */
  readonly head: number;
}

/** Callbacks wait whose function no live thread has registered: they run once one does. */
export interface StrandedEvent {
  readonly name: string;
  readonly id: number;
  readonly callbacks: number;
}

/** A grace period is held up for long. */
export interface StallEvent {
  /** How long this thread has been waiting. */
  readonly millis: number;
  /** The threads that hold it up. */
  readonly holdouts: readonly Holdout[];
  /** The line that went to the console. */
  readonly message: string;
}

/** A thread whose turn holds up a grace period. */
export interface Holdout {
  readonly slot: number;
  readonly name: string;
  /** What it did last, of what takes long, in words. */
  readonly lastActivity: string;
  /** True where it did something since the wait began: it is at work in Lull, and not in code of others. */
  readonly isActive: boolean;
  /** Where its turn began; empty in a heap that does not validate. */
  readonly stack: string;
}

export interface RcuEventMap {
  callbackError: CallbackErrorEvent;
  stranded: StrandedEvent;
  stall: StallEvent;
}

export type RcuEventName = keyof RcuEventMap;
type Listener = (event: never) => void;

const NAMES: readonly RcuEventName[] = ['callbackError', 'stranded', 'stall'];

export class RcuEvents {
  private readonly _listeners = new Map<RcuEventName, Set<Listener>>();

  /**
   * Calls `listener` with each event of that name in this thread.
   *
   * @returns a function that ends it
   *
   * Errors   TypeError for another name, or what is no function.
   */
  on<Name extends RcuEventName>(name: Name, listener: (event: RcuEventMap[Name]) => void): () => void {
    if (!NAMES.includes(name) || typeof listener !== 'function') {
      throw new TypeError(
        `listened to the RCU event ${String(name)} with a ${typeof listener}; it is one of ${NAMES.join(', ')}, with a function`,
      );
    }
    // A listener that is given twice is called twice.
    const own: Listener = (event) => listener(event);
    const listeners = this._listeners.get(name) ?? new Set();
    listeners.add(own);
    this._listeners.set(name, listeners);
    return () => listeners.delete(own);
  }

  /** Tells the listeners; false where there is none. */
  emit<Name extends RcuEventName>(name: Name, event: RcuEventMap[Name]): boolean {
    const listeners = this._listeners.get(name);
    if (listeners === undefined || listeners.size === 0) return false;
    for (const listener of [...listeners]) {
      try {
        listener(event as never);
      } catch (error) {
        console.error(`lull: a listener of the RCU event ${name} threw`, error);
      }
    }
    return true;
  }
}
