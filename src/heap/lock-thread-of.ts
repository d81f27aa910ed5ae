/** What the locks of a heap that may be waited for are told of this thread. */
import type { LockThread } from '../locks/lock-thread.js';
import { requireMayWait } from '../threads/context.js';
import { leaveAll } from '../words/host.js';
import type { HeapParts } from './heap-parts.js';

export function lockThreadOf({ words, geometry, membership, ownerTag, host, locks }: HeapParts): LockThread {
  return {
    words,
    geometry,
    slot: membership.slot,
    tag: ownerTag,
    host,
    observer: locks.observer,
    isAttached: true,
    requireMayWait: (operation) => requireMayWait(host, operation),
    leaveTurns: () => leaveAll(host),
    maySleep: () => host.waitRight === 'may-wait' && !inTurn(host),
  };
}

function inTurn({ entered }: HeapParts['host']): boolean {
  for (const one of entered) if (one.isOpen()) return true;
  return false;
}
