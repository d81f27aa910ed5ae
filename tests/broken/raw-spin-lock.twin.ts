/** The spin lock with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/raw-spin-lock.ts';

export const acquireLooksThenStores = twin({
  name: 'acquire() looks whether the lock is free and then stores',
  claim: 'raw-spin-lock/keepsTwoApart',
  patch: {
    file,
    find: 'if (this._words.compareExchange(this._word, 0, this._tag) !== 0) this._spin();',
    replace:
      'if (this._words.load(this._word) !== 0) this._spin(); else this._words.store(this._word, this._tag);',
  },
  caughtAs: 'race',
});

export const waiterLooksThenStores = twin({
  name: 'a waiter that sees the lock free stores its tag',
  claim: 'raw-spin-lock/letsEveryWaiterIn',
  patch: {
    file,
    find: 'if (this._takeFree(found, isNext)) return;',
    replace: 'this._words.store(this._word, this._tag); return;',
  },
  caughtAs: 'race',
});

export const waiterEntersUnasked = twin({
  name: 'a waiter does not look whether its second try went well',
  claim: 'raw-spin-lock/letsEveryWaiterIn',
  patch: {
    file,
    find: 'if (this._takeFree(found, isNext)) return;',
    replace: 'this._takeFree(found, isNext); return;',
  },
  caughtAs: 'assertion',
});

export const releaseIsPlain = twin({
  name: 'release() stores plainly, which publishes nothing',
  claim: 'raw-spin-lock/keepsTwoApart',
  patch: {
    file,
    find: 'this._words.and(this._word, PENDING);',
    replace: 'this._words.storePlain(this._word, 0);',
  },
  caughtAs: 'race',
});

export const releaseIsPlainAndBuffered = twin({
  name: 'release() stores plainly, and the next owner does not find what the last one wrote',
  claim: 'raw-spin-lock/keepsTwoApart',
  patch: {
    file,
    find: 'this._words.and(this._word, PENDING);',
    replace: 'this._words.storePlain(this._word, 0);',
  },
  caughtAs: 'assertion',
  bounds: { storeBuffers: true, races: 'explored' },
});

export const releaseForgets = twin({
  name: 'release() leaves the lock taken',
  claim: 'raw-spin-lock/letsEveryWaiterIn',
  patch: {
    file,
    find: 'this._words.and(this._word, PENDING);',
    replace: 'this._words.load(this._word);',
  },
  caughtAs: 'error',
});

export const tryLooksThenStores = twin({
  name: 'tryAcquire() looks and then stores',
  claim: 'raw-spin-lock/triesWithoutWaiting',
  patch: {
    file,
    find: 'const found = this._words.compareExchange(this._word, 0, this._tag);',
    replace:
      'const found = this._words.load(this._word); if (found === 0) this._words.store(this._word, this._tag);',
  },
  caughtAs: 'race',
});

export const tryExchanges = twin({
  name: "tryAcquire() exchanges, which overwrites an owner's tag",
  claim: 'raw-spin-lock/triesWithoutWaiting',
  patch: {
    file,
    find: 'const found = this._words.compareExchange(this._word, 0, this._tag);',
    replace: 'const found = this._words.exchange(this._word, this._tag);',
  },
  caughtAs: 'assertion',
});

export const lastTryTakesOver = twin({
  name: "the last try exchanges, which overwrites the owner's tag",
  claim: 'raw-spin-lock/leavesALockItDidNotGet',
  patch: {
    file,
    find: 'const owner = this._words.compareExchange(this._word, free, this._tag);',
    replace: 'const owner = this._words.exchange(this._word, this._tag);',
  },
  caughtAs: 'assertion',
});

export const givingUpFreesTheLock = twin({
  name: 'a waiter that gives up frees the lock behind its owner',
  claim: 'raw-spin-lock/leavesALockItDidNotGet',
  patch: {
    file,
    find: 'if (isNext) this._words.and(this._word, ~PENDING);',
    replace: 'this.release();',
  },
  caughtAs: 'assertion',
});

export const lastTryIsNotLookedAt = twin({
  name: 'after its rounds a waiter enters a lock that is still taken',
  claim: 'raw-spin-lock/keepsOthersOutOfADeadOwnersLock',
  patch: { file, find: 'if (owner === free) return;', replace: 'return;' },
  caughtAs: 'assertion',
});

export const deadOwnerIsMisnamed = twin({
  name: 'LockTimeoutError names the slot after the owner',
  claim: 'raw-spin-lock/keepsOthersOutOfADeadOwnersLock',
  patch: {
    file: 'src/locks/owner.ts',
    find: 'return (tag & SLOT_MASK) - 1;',
    replace: 'return tag & SLOT_MASK;',
  },
  caughtAs: 'assertion',
});

export const spinsWhereItMayNot = twin({
  name: 'acquireIf() spins whatever it is told',
  claim: 'raw-spin-lock/goesRoundWhereItMayNotSpin',
  patch: { file, find: 'if (!maySpin) return this.tryAcquire();', replace: '' },
  caughtAs: 'error',
});

export const releaseDropsTheClaim = twin({
  name: 'release() stores 0, whoever has asked to be next',
  claim: 'raw-spin-lock/leavesTheLockToWhoIsNext',
  patch: {
    file,
    find: 'this._words.and(this._word, PENDING);',
    replace: 'this._words.store(this._word, 0);',
  },
  caughtAs: 'assertion',
});

export const triesPastWhoIsNext = twin({
  name: 'tryAcquire() takes a free lock at once, whoever is next',
  claim: 'raw-spin-lock/leavesTheLockToWhoIsNext',
  patch: {
    file,
    find: 'if (found === PENDING) return this._takeFree(PENDING, false);',
    replace: 'if (found === PENDING) return this._takeFree(PENDING, true);',
  },
  caughtAs: 'assertion',
});

export const claimOverwritesTheOwner = twin({
  name: 'the claim is written over what the word holds now, not over what was found',
  claim: 'raw-spin-lock/leavesTheLockToWhoIsNext',
  patch: {
    file,
    find: 'return this._words.compareExchange(this._word, found, found | PENDING) === found;',
    replace: 'return this._words.exchange(this._word, found | PENDING) === found;',
  },
  caughtAs: 'error',
});

export const waitsForTheDead = twin({
  name: 'a lock that is kept for one who does not come is never taken by another',
  claim: 'raw-spin-lock/needsNoRepairOfAClaim',
  patch: { file, find: '++this._passedOver <= this._lenience', replace: 'this._lenience >= 0' },
  caughtAs: 'assertion',
});

export const claimsAFreeLockAsItsOwn = twin({
  name: 'the last try takes the lock only where nobody is next',
  claim: 'raw-spin-lock/needsNoRepairOfAClaim',
  patch: [
    { file, find: '++this._passedOver <= this._lenience', replace: 'this._lenience >= 0' },
    { file, find: 'const free = this._words.load(this._word) & PENDING;', replace: 'const free = 0;' },
  ],
  caughtAs: 'assertion',
});
