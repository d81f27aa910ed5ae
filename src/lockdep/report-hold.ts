/**
 * Reports about one lock and its thread: a wait where none is allowed, a release of what is not held, a held lock
 * that is made anew, a lock that ought to be held, one that outlives its turn; and the validator's own end.
 */
import type { LockClass, WaitType } from '../locks/lock-class.js';
import { RCU_READ } from '../locks/lull-classes.js';
import type { ClassNode } from './class-graph.js';
import type { HeldLock } from './held-locks.js';
import {
  describeClass,
  describeNode,
  heldLines,
  holdingLines,
  type Scene,
  sections,
  shortName,
  stackLines,
  type TakenHere,
  takingLines,
} from './report-text.js';
import { waitName } from './wait-context.js';

/** What a wait runs against: a held lock, or the context itself. */
export interface WaitLimit {
  readonly allowed: WaitType;
  readonly asked: WaitType;
  /** The lock that allows no more; undefined when the context does. */
  readonly held: HeldLock | undefined;
  /** The context in words: thread, hook, callback. */
  readonly context: string;
  readonly isAsync: boolean;
}

export function waitContextText(scene: Scene, next: TakenHere, limit: WaitLimit): string {
  const { held, asked, allowed } = limit;
  const name = describeNode(next.chain.node);
  const where = held === undefined ? `in a ${limit.context}` : `under ${describeNode(held.chain.node)}`;
  const verb = limit.isAsync ? 'awaits' : 'takes';
  return sections(
    `invalid wait context: thread ${scene.thread} ${verb} ${name} ${where}. The lock may wait as "${waitName(asked)}" ` +
      `does, the place allows no more than "${waitName(allowed)}". It is wrong even when nobody holds the lock.`,
    `it is about to take\n${takingLines(next)}`,
    held === undefined ? '' : `while it holds (stack of the first time)\n${holdingLines(held)}`,
    heldLines(scene),
    waitRemedy(next.chain.node, held),
  );
}

/** @param outer what it is taken under; undefined where the context itself is in the way */
function waitRemedy(inner: ClassNode, outer: HeldLock | undefined): string {
  const name = shortName(inner);
  const place = placeFor(outer);
  // Whoever reads this has made a call that takes such a lock, and cannot take it at another time.
  if (inner.lockClass.rank !== 0) {
    return (
      `${name} is a lock of Lull's own: make the call that takes it ${place}. ` +
      'An allocation may be made with GFP_NOLOCK, which only tries.'
    );
  }
  return `Take ${name} ${place}${outer === undefined ? ', or by a trylock here' : ''}.`;
}

function placeFor(outer: HeldLock | undefined): string {
  if (outer === undefined) return 'elsewhere';
  // A read section by the name of what its caller has called.
  if (outer.chain.lock === RCU_READ) return 'before turn(fn), or after it';
  return `before ${shortName(outer.chain.node)}, or after its release`;
}

export function notHeldReleaseText(scene: Scene, lock: LockClass, instance: number, stack: string): string {
  return sections(
    `bad release: thread ${scene.thread} releases ${describeClass(lock)}, lock ${instance}, which it does not hold: ` +
      'released twice, or by another than its owner.',
    `released here\n${stackLines(stack)}`,
    heldLines(scene),
    'Release each lock once, in the thread that took it.',
  );
}

export function initHeldText(scene: Scene, held: HeldLock, instance: number, stack: string): string {
  return sections(
    `held lock made anew: thread ${scene.thread} initialises ${describeNode(held.chain.node)}, lock ${instance}, ` +
      'while it holds it, so that others can take it too.',
    `initialised here\n${stackLines(stack)}`,
    `but held (stack of the first time)\n${holdingLines(held)}`,
    heldLines(scene),
    'Release the lock before its memory is freed or used again.',
  );
}

export function assertHeldText(
  scene: Scene,
  lock: LockClass,
  instance: number | undefined,
  stack: string,
): string {
  const which = instance === undefined ? '' : `, lock ${instance}`;
  return sections(
    `lock not held: thread ${scene.thread} came to code that needs ${describeClass(lock)}${which}.`,
    `needed here\n${stackLines(stack)}`,
    heldLines(scene),
    `Take ${lock.name} before the call.`,
  );
}

export function nestLockText(scene: Scene, next: TakenHere, nestLock: number): string {
  return sections(
    `nest lock not held: thread ${scene.thread} takes ${describeNode(next.chain.node)} under nest lock ${nestLock}, ` +
      'which it does not hold, so nothing keeps others from the opposite order.',
    `it is about to take\n${takingLines(next)}`,
    heldLines(scene),
    'Take the nest lock first.',
  );
}

export function turnText(scene: Scene, held: HeldLock): string {
  const name = describeNode(held.chain.node);
  return sections(
    `lock kept beyond its turn: thread ${scene.thread} still holds ${name}, lock ${held.instance}, at the end of a ` +
      'turn. Others spin for it until this thread runs again.',
    `it was taken (stack of the first time)\n${holdingLines(held)}`,
    heldLines(scene),
    `Release ${shortName(held.chain.node)} before the next await, or use a lock that waits (Mutex).`,
  );
}

/**
 * @param thread whose validator has stopped
 * @param reason why, and what to do about it
 */
export function offText(thread: string, reason: string): string {
  return (
    `the validator of thread ${thread} is off from now on: ${reason}. What it has reported stands; nothing more is ` +
    'checked.'
  );
}
