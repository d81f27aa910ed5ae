/** What the locks of a heap that may be waited for are told of this thread. */
import type { LockThread } from '../locks/lock-thread.js';
import { requireMayWait } from '../threads/context.js';
import { leaveAll } from '../words/host.js';
import type { HeapParts } from './heap-parts.js';

export function lockThreadOf(parts: HeapParts): LockThread {
  const { words, geometry, membership, ownerTag, host, context, locks } = parts;
  return {
    words,
    geometry,
    slot: membership.slot,
    tag: ownerTag,
    host,
    observer: locks.observer,
    isAttached: true,
    // Of the thread alone: what is taken inside of a raw section is for the validator to report, with both stacks.
    requireMayWait: (operation) => requireMayWait(host, operation),
    leaveTurns: () => leaveAll(host),
    maySleep: () => context.waitRight() === 'may-wait' && !inTurn(host),
  };
}

function inTurn({ entered }: HeapParts['host']): boolean {
  for (const one of entered) if (one.isOpen()) return true;
  return false;
}
