/** The driver of deferred frees with one line wrong: something waits that no timer comes for. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/slab/kfree-rcu-driver.ts';
const ARMS_BETWEEN_TURNS =
  'if (this._stopTimer === undefined) this._arm(waiting ? this._pollMillis : this._drainMillis);';
const ARMS_AFTER_FLUSH = 'if (this._active && this._stopTimer === undefined) this._arm(this._pollMillis);';

export const timerComesOnce = twin({
  name: 'a timer that has come counts as one that runs',
  claim: 'kfree-rcu-driver/timersFreeSheaves',
  patch: { file: FILE, find: 'this._stopTimer = undefined; this.flush();', replace: 'this.flush();' },
  caughtAs: 'assertion',
});

export const noDrainTimer = twin({
  name: 'a timer is started only where a sealed sheaf waits',
  claim: 'kfree-rcu-driver/timersFreeSheaves',
  patch: { file: FILE, find: ARMS_BETWEEN_TURNS, replace: `if (waiting) { ${ARMS_BETWEEN_TURNS} }` },
  caughtAs: 'assertion',
});

export const noTimerBetweenTurns = twin({
  name: 'the end of a turn starts no timer',
  claim: 'kfree-rcu-driver/timersFreeHeads',
  patch: { file: FILE, find: ARMS_BETWEEN_TURNS, replace: '' },
  caughtAs: 'assertion',
});

export const noTimerAfterFlush = twin({
  name: 'a flush that leaves something waiting starts no timer',
  claim: 'kfree-rcu-driver/timersFreeOfBoth',
  patch: { file: FILE, find: ARMS_AFTER_FLUSH, replace: '' },
  caughtAs: 'assertion',
});

export const timerDoesNotSeal = twin({
  name: 'the drain timer drives, but seals nothing',
  claim: 'kfree-rcu-driver/timersFreeSheaves',
  patch: { file: FILE, find: 'this.seal(); this._active', replace: 'this._active' },
  caughtAs: 'assertion',
});

export const restsAfterFlush = twin({
  name: 'a flush that leaves something waiting rests',
  claim: 'kfree-rcu-driver/timersFreeOfBoth',
  patch: {
    file: FILE,
    find: 'this._active = this._advance();',
    replace: 'this._active = false; this._advance();',
  },
  caughtAs: 'assertion',
});

export const headsTellNobody = twin({
  name: 'a head is queued without telling the driver',
  claim: 'kfree-rcu-driver/timersFreeHeads',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'this._callbacks.enqueue(p + headOffset, headOffset); }',
    replace: 'this._callbacks.enqueue(p + headOffset, headOffset); return; }',
  },
  caughtAs: 'assertion',
});

export const drivesItself = twin({
  name: 'turns that the driver opens itself call it again',
  claim: 'kfree-rcu-driver/timersFreeHeads',
  patch: { file: FILE, find: 'if (this._busy || !(this._active', replace: 'if (!(this._active' },
  caughtAs: 'livelock',
});

export const looksForNoOrphans = twin({
  name: 'the end of a turn does not look for orphans',
  claim: 'kfree-rcu-driver/nextTurnFindsOrphans',
  patch: {
    file: FILE,
    find: 'this._active = this._kfreeRcu.hasOrphans();',
    replace: 'this._active = false;',
  },
  caughtAs: 'assertion',
});

export const restsOnAdoptedOrphans = twin({
  name: 'orphans that come in while a thread seals do not wake its driver',
  claim: 'kfree-rcu-driver/sealingFindsOrphans',
  patch: { file: FILE, find: 'if (this._kfreeRcu.isWaiting()) this._active = true;', replace: '' },
  caughtAs: 'assertion',
});

export const goesOnAfterLeaving = twin({
  name: 'a thread that has left starts timers for its orphans',
  claim: 'kfree-rcu-driver/nextTurnFindsOrphans',
  patch: {
    file: FILE,
    find: 'this._busy = true;\n    }\n    /** What a thread that left',
    replace: '}\n    /** What a thread that left',
  },
  caughtAs: 'error',
});

export const keepsTheTailOfAFreedSheaf = twin({
  name: 'the last waiting sheaf stays the last after it was freed, and the next hangs on to it',
  claim: 'kfree-rcu-driver/timersFreeSheaves',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'if (next === 0) words.storePlain(this._slot + SLOT.waitingTail, 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});
