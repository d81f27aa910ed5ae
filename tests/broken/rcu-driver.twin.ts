/** The driver of deferred frees with one line wrong: something waits that no timer comes for. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/rcu/rcu-driver.ts';

export const timerComesOnce = twin({
  name: 'a timer that has come counts as one that runs',
  claim: 'rcu-driver/timersFreeSheaves',
  patch: { file: FILE, find: '_tick() { this._stopTimer = undefined;', replace: '_tick() {' },
  caughtAs: 'assertion',
});

export const noDrainTimer = twin({
  name: 'a timer is started only where a sealed sheaf waits',
  claim: 'rcu-driver/timersFreeSheaves',
  patch: {
    file: FILE,
    find: 'if (this._active) this._arm(this._pause(waiting));',
    replace: 'if (this._active && waiting) this._arm(this._pause(waiting));',
  },
  caughtAs: 'assertion',
});

export const noTimerBetweenTurns = twin({
  name: 'the end of a turn starts no timer',
  claim: 'rcu-driver/timersFreeHeads',
  patch: { file: FILE, find: 'if (this._goOn())', replace: 'if (this._advance())' },
  caughtAs: 'assertion',
});

export const noTimerAfterFlush = twin({
  name: 'a flush that leaves something waiting starts no timer',
  claim: 'rcu-driver/timersFreeOfBoth',
  patch: { file: FILE, find: 'return this._goOn();', replace: 'return this._advance();' },
  caughtAs: 'assertion',
});

export const timerDoesNotSeal = twin({
  name: 'the drain timer drives, but seals nothing',
  claim: 'rcu-driver/timersFreeSheaves',
  patch: { file: FILE, find: 'flush() { this._inTurn(this._sealNow);', replace: 'flush() {' },
  caughtAs: 'assertion',
});

export const restsAfterFlush = twin({
  name: 'a flush that leaves something waiting rests',
  claim: 'rcu-driver/timersFreeOfBoth',
  patch: { file: FILE, find: 'if (waiting) this._active = true;', replace: '' },
  caughtAs: 'assertion',
});

export const headsTellNobody = twin({
  name: 'a head is queued without telling the driver',
  claim: 'rcu-driver/timersFreeHeads',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'this._queueHead(p, linkOffset || headOffset); }',
    replace: 'this._queueHead(p, linkOffset || headOffset); return; }',
  },
  caughtAs: 'assertion',
});

export const looksForNoOrphans = twin({
  name: 'the end of a turn does not look for orphans',
  claim: 'rcu-driver/nextTurnFindsOrphans',
  patch: {
    file: FILE,
    find: 'this._active = this._driven.frees.hasOrphans();',
    replace: 'this._active = false;',
  },
  caughtAs: 'assertion',
});

export const restsOnAdoptedOrphans = twin({
  name: 'orphans that come in while a thread seals do not wake its driver',
  claim: 'rcu-driver/sealingFindsOrphans',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'this._orphans.adopt(this, allowSpinning(this._rights.most())); this._onPosted();',
    replace: 'this._orphans.adopt(this, true);',
  },
  caughtAs: 'assertion',
});

export const goesOnAfterLeaving = twin({
  name: 'a thread that has left starts timers for its orphans',
  claim: 'rcu-driver/nextTurnFindsOrphans',
  patch: { file: FILE, find: 'this._stopped = true;', replace: '' },
  caughtAs: 'error',
});

export const keepsTheTailOfAFreedSheaf = twin({
  name: 'the last waiting sheaf stays the last after it was freed, and the next hangs on to it',
  claim: 'rcu-driver/timersFreeSheaves',
  patch: {
    file: 'src/slab/waiting-sheaves.ts',
    find: 'if (sheaf === 0) this._words.storePlain(this._slot + SLOT.waitingTail, 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const blocksAreNotSealed = twin({
  name: 'the sheaf of blocks is not sealed when a turn ends, nor by the drain timer',
  claim: 'rcu-driver/timersFreeBlocks',
  patch: [
    { file: 'src/slab/kfree-rcu.ts', find: 'this._sealSheaf(SHEAF_CACHE);', replace: '' },
    {
      file: 'src/slab/kfree-rcu.ts',
      find: 'for (let id = SHEAF_CACHE; id < this._caches.used(); id++) this._sealSheaf(id);',
      replace: 'for (let id = SHEAF_CACHE + 1; id < this._caches.used(); id++) this._sealSheaf(id);',
    },
  ],
  caughtAs: 'assertion',
});
