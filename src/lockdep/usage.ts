/**
 * Usage: in which contexts locks of a class are taken, and in which they are held open to interruption.
 *
 *                    hook                     callback
 *     usedIn         taken inside a hook      taken inside a callback         "safe"
 *     enabled        held while one may run   held while one may run          "unsafe"
 *     ...Read        the same by readers
 *
 * A hook or a callback that takes a lock which its own thread holds waits for ever. So no class may be both, except
 * by readers alone; nor may a class that is taken inside wait, over any number of locks, for one that is held open.
 *
 * The bits lie as in the kernel (kernel/locking/lockdep_internals.h): read 1, direction 2, context from 4 on.
 */

/** A context that runs in the middle of what its thread was doing. */
export type Context = 'hook' | 'callback';

/** One bit each; `Read` is the bit next to it. */
export const USAGE = {
  usedInHook: 1 << 0,
  usedInHookRead: 1 << 1,
  enabledHook: 1 << 2,
  enabledHookRead: 1 << 3,
  usedInCallback: 1 << 4,
  usedInCallbackRead: 1 << 5,
  enabledCallback: 1 << 6,
  enabledCallbackRead: 1 << 7,
} as const;

const USED_IN = USAGE.usedInHook | USAGE.usedInCallback;
const ENABLED = USAGE.enabledHook | USAGE.enabledCallback;
export const ALL_USED_IN = USED_IN | (USED_IN << 1);
export const ALL_ENABLED = ENABLED | (ENABLED << 1);
/** By who excludes others: what remains of a usage that only recursive readers can reach. */
export const BY_WRITERS = USED_IN | ENABLED;

/** The bits of the other direction, same context, same way of taking. */
function turnedRound(bits: number): number {
  return ((bits & ALL_USED_IN) << 2) | ((bits & ALL_ENABLED) >> 2);
}

/** What may not be found on one class together with `bit`: a reader's conflicts with writers only. */
export function conflictsOf(bit: number): number {
  const opposite = turnedRound(bit);
  const isRead = (bit & BY_WRITERS) === 0;
  return isRead ? opposite >> 1 : opposite | (opposite << 1);
}

/** What may not be found on another class that waits on a path with `bits`: the opposite, by writers or readers. */
export function exclusiveWith(bits: number): number {
  const opposite = turnedRound(bits);
  const writers = (opposite | (opposite >> 1)) & BY_WRITERS;
  return writers | (writers << 1);
}

/** The bits of both contexts that a lock gets which is taken this way where `used` are running, `enabled` may run. */
export function usageBits(used: number, enabled: number, isRead: boolean): number {
  return isRead ? (used | enabled) << 1 : used | enabled;
}

/** A usage bit in words: "taken by readers in a hook". */
export function describeUsage(bit: number): string {
  const isRead = (bit & BY_WRITERS) === 0;
  const writer = isRead ? bit >> 1 : bit;
  const context = writer & (USAGE.usedInHook | USAGE.enabledHook) ? 'hook' : 'callback';
  const readers = isRead ? ' by readers' : '';
  return writer & USED_IN
    ? `taken${readers} inside a ${context}`
    : `held${readers} where a ${context} may interrupt`;
}

/**
 * Four characters as lockdep prints them: hook, hook by readers, callback, callback by readers.
 *
 *     .  neither      -  taken inside      +  held open      ?  both
 */
export function usageCharacters(bits: number): string {
  return [
    usageCharacter(bits, USAGE.usedInHook),
    usageCharacter(bits, USAGE.usedInHookRead),
    usageCharacter(bits, USAGE.usedInCallback),
    usageCharacter(bits, USAGE.usedInCallbackRead),
  ].join('');
}

function usageCharacter(bits: number, usedIn: number): string {
  const isUsedIn = (bits & usedIn) !== 0;
  const isEnabled = (bits & (usedIn << 2)) !== 0;
  if (isUsedIn) return isEnabled ? '?' : '-';
  return isEnabled ? '+' : '.';
}
