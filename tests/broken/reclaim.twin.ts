/** Reclaim with one line wrong: it brings nothing, waits for itself, or takes what readers look at. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/heap/reclaim.ts';

export const waitsForItself = twin({
  name: 'a thread waits for a grace period inside its own turn',
  claim: 'reclaim/getsWhatIsOnTheList',
  patch: { file: 'src/rcu/rcu.ts', find: 'leaveAll(this._host);', replace: '' },
  caughtAs: 'livelock',
});

export const givesUpBeforeTheGracePeriod = twin({
  name: 'an allocation gives up without waiting for a grace period',
  claim: 'reclaim/getsWhatIsOnTheList',
  patch: {
    file: FILE,
    find: 'return p !== 0 || !waitForGracePeriod(parts) ? p',
    replace: 'return p !== 0 || true ? p',
  },
  caughtAs: 'assertion',
});

export const doesNotFreeAfterWaiting = twin({
  name: 'nothing is freed after the grace period',
  claim: 'reclaim/getsWhatLiesInASheaf',
  patch: { file: FILE, find: 'driver.flush();\n    turn.spend();', replace: 'turn.spend();' },
  caughtAs: 'assertion',
});

export const takesStartedForDone = twin({
  name: 'a cookie is done when its grace period has started',
  claim: 'reclaim/getsWhatLiesInASheaf',
  patch: {
    file: 'src/rcu/sequence.ts',
    find: 'return ((sequence - cookie) | 0) >= 0;',
    replace: 'return ((sequence - cookie) | 0) >= -PHASE_MASK;',
  },
  caughtAs: 'race',
});

export const flushesSlabsWithoutTheLock = twin({
  name: 'a sheaf is emptied onto its slabs without the lock of their list',
  claim: 'reclaim/othersFreeAndAllocate',
  patch: {
    file: 'src/slab/slab-list.ts',
    find: 'let discarded = 0; this._lock.acquire(); for',
    replace: 'let discarded = 0; this._lock.tryAcquire(); for',
  },
  caughtAs: 'race',
});
