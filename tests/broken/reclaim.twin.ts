/** Reclaim with one line wrong: it brings nothing, waits for itself, or takes what readers look at. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/heap/reclaim.ts';
const POLICY = 'src/pages/direct-reclaim.ts';

export const waitsForItself = twin({
  name: 'a thread waits for a grace period inside its own turn',
  claim: 'reclaim/getsWhatIsOnTheList',
  patch: [
    { file: 'src/rcu/rcu.ts', find: 'leaveAll(this._host); const cookie', replace: 'const cookie' },
    {
      file: 'src/rcu/rcu.ts',
      find: 'leaveAll(this._host); // Publishes nothing',
      replace: '// Publishes nothing',
    },
  ],
  caughtAs: 'livelock',
});

export const givesUpBeforeTheGracePeriod = twin({
  name: 'an allocation gives up without waiting for a grace period',
  claim: 'reclaim/getsWhatIsOnTheList',
  patch: {
    file: POLICY,
    find: 'if (p === 0 && steps.awaitGracePeriod()) p = tryRounds(steps);',
    replace: '',
  },
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

export const givesSlabsBackWithoutTheLock = twin({
  name: 'the slabs of a cache are given back without the lock of their list',
  claim: 'reclaim/othersFreeAndAllocate',
  patch: {
    file: 'src/slab/slab-list.ts',
    find: 'if (!this._lock.acquireToGive(maySpin)) return;',
    replace: 'this._lock.tryAcquire();',
  },
  caughtAs: 'race',
});

export const asksNobody = twin({
  name: 'the shrinkers are not asked',
  claim: 'reclaim/oneOfTwoGetsIt',
  patch: { file: POLICY, find: 'let priority = this._steps.firstPriority();', replace: 'let priority = -1;' },
  caughtAs: 'assertion',
});

export const shrinksWithoutTheLock = twin({
  name: 'empty slabs are taken off their list without its lock',
  claim: 'reclaim/oneOfTwoGetsIt',
  patch: {
    file: 'src/slab/slab-list.ts',
    find: 'if (!this._lock.acquireToGive(maySpin)) return; let discarded',
    replace: 'this._lock.tryAcquire(); let discarded',
  },
  caughtAs: 'race',
});

export const countsOnlyUp = twin({
  name: 'a thread that has reclaimed still says that it reclaims',
  claim: 'reclaim/oneOfTwoGetsIt',
  patch: { file: FILE, find: 'words.store(parts.membership.start + SLOT.reclaiming, before);', replace: '' },
  caughtAs: 'assertion',
});

export const leavesWhatIsDeferred = twin({
  name: 'an allocation leaves the deferred blocks of its zone',
  claim: 'reclaim/getsWhatIsDeferred',
  patch: {
    file: 'src/pages/zone.ts',
    find: 'if (maySpinFor(flags)) this._drainDeferred(); else this._drainSome();',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const takesTheDeferredUnlocked = twin({
  name: 'the deferred blocks of a zone are put back without its lock',
  claim: 'reclaim/getsWhatIsDeferred',
  patch: {
    file: 'src/pages/zone.ts',
    find: 'if (!this._lock.acquireToGive(maySpin)) { this._defer(page, order); return; }',
    replace: 'this._lock.acquireToGive(maySpin);',
  },
  caughtAs: 'race',
});

export const leavesDeferredObjects = twin({
  name: 'an allocation leaves the deferred objects of its cache',
  claim: 'reclaim/getsDeferredObjects',
  patch: {
    file: 'src/slab/slab-list.ts',
    find: 'if (!this._deferred.takeAll()) return chain;',
    replace: 'return chain;',
  },
  caughtAs: 'assertion',
});

export const dropsTheObject = twin({
  name: 'an object that is freed where the slabs are busy is let go of',
  claim: 'reclaim/getsDeferredObjects',
  patch: {
    file: 'src/slab/slab-list.ts',
    find: 'this.defer(object); return false;',
    replace: 'return false;',
  },
  caughtAs: 'assertion',
});
