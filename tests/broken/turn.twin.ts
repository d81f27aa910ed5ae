/** Turns and grace periods with one line wrong: what lets an object go under a reader. */
import { twin } from '../../tools/checker/twin.js';

const turn = 'src/threads/turn.ts';
const gracePeriod = 'src/rcu/grace-period.ts';
const sequence = 'src/rcu/sequence.ts';

const ENTER = 'this._words.compareExchange(this._word, this._even, open) !== this._even';
const ENTER_PLAIN = '(this._words.storePlain(this._word, open), false)';
const END = 'this._words.store(this._word, this._even);';
const RAISE = 'this._words.add(HEADER.gracePeriodSequence, 1);';
const NOTE = 'words.storePlain(snapshots + slot, (turn & TURN_OPEN) === 0 ? 0 : turn);';

export const entersByPlainStore = twin({
  name: 'a turn is entered by a plain store',
  claim: 'turn/keepsWhatItReads',
  patch: { file: turn, find: ENTER, replace: ENTER_PLAIN },
  caughtAs: 'race',
});

export const entersByStoreThatWaitsInABuffer = twin({
  name: 'a turn is entered by a plain store, which waits in a buffer while the turn reads',
  claim: 'turn/keepsWhatItReads',
  patch: { file: turn, find: ENTER, replace: ENTER_PLAIN },
  caughtAs: 'assertion',
  bounds: { storeBuffers: true, races: 'explored' },
});

export const endsByPlainStore = twin({
  name: 'a turn ends by a plain store',
  claim: 'turn/keepsWhatItReads',
  patch: { file: turn, find: END, replace: 'this._words.storePlain(this._word, this._even);' },
  caughtAs: 'race',
});

export const neverMarksTheTurn = twin({
  name: 'entering leaves the turn word even',
  claim: 'turn/keepsWhatItReads',
  patch: { file: turn, find: 'this._even | TURN_OPEN', replace: 'this._even' },
  caughtAs: 'race',
});

export const endsWithoutLooking = twin({
  name: 'a grace period ends whether or not the turns that it met have',
  claim: 'turn/keepsWhatItReads',
  patch: {
    file: gracePeriod,
    find: 'if (!this._allQuiescent(asks)) return false;',
    replace: 'this._allQuiescent(asks);',
  },
  caughtAs: 'race',
});

export const endsBeforeLooking = twin({
  name: 'the end of the grace period is stored before the turns are looked at',
  claim: 'turn/keepsWhatItReads',
  patch: {
    file: gracePeriod,
    find: 'if (!this._allQuiescent(asks)) return false;',
    replace: 'this._words.exchange(HEADER.gracePeriodSequence, endOf(sequence)); this._allQuiescent(asks);',
  },
  caughtAs: 'race',
});

export const notesNothing = twin({
  name: 'a grace period starts without noting the turns',
  claim: 'turn/keepsWhatItReads',
  patch: { file: gracePeriod, find: NOTE, replace: '' },
  caughtAs: 'race',
});

export const skipsTheFirstSlot = twin({
  name: 'a grace period begins to look at slot 1',
  claim: 'turn/keepsWhatItReads',
  patch: {
    file: gracePeriod,
    find: 'for (let slot = 0; slot < claimed; slot++) { const turn',
    replace: 'for (let slot = 1; slot < claimed; slot++) { const turn',
  },
  caughtAs: 'race',
});

export const skipsTheLastSlot = twin({
  name: 'a grace period notes the turns of all slots but the last',
  claim: 'turn/keepsWhatTheLastSlotReads',
  patch: {
    file: gracePeriod,
    find: 'for (let slot = 0; slot < claimed; slot++) { const turn',
    replace: 'for (let slot = 0; slot < claimed - 1; slot++) { const turn',
  },
  caughtAs: 'race',
});

export const endsWithoutTheLastSlot = twin({
  name: 'a grace period waits for the turns of all slots but the last',
  claim: 'turn/keepsWhatTheLastSlotReads',
  patch: {
    file: gracePeriod,
    find: 'let quiescent = true; for (let slot = 0; slot < claimed; slot++) {',
    replace: 'let quiescent = true; for (let slot = 0; slot < claimed - 1; slot++) {',
  },
  caughtAs: 'race',
});

export const stopsAtTheFirstThatEnded = twin({
  name: 'a grace period ends when any turn that it met has ended',
  claim: 'turn/keepsWhatTwoReadersRead',
  patch: {
    file: gracePeriod,
    find: 'else words.storePlain(snapshots + slot, 0);',
    replace: 'else return true;',
  },
  caughtAs: 'race',
});

export const lastSlotDecides = twin({
  name: 'whether all are quiescent is what the last slot says',
  claim: 'turn/keepsWhatTwoReadersRead',
  patch: {
    file: gracePeriod,
    find: 'if (this._turnOf(slot) === noted && !this._isDead(slot)) { quiescent = false;',
    replace: 'quiescent = this._turnOf(slot) !== noted; if (!quiescent) {',
  },
  caughtAs: 'race',
});

export const isDoneWhenItRuns = twin({
  name: 'a cookie is done when its grace period has begun',
  claim: 'turn/keepsWhatItReads',
  patch: {
    file: sequence,
    find: '((sequence - cookie) | 0) >= 0',
    replace: '((sequence - cookie) | 0) >= -PHASE_MASK',
  },
  caughtAs: 'race',
});

export const turnsDoNotCount = twin({
  name: 'every turn of a thread has the same number',
  claim: 'turn/endsThoughTheNextTurnIsOpen',
  patch: { file: turn, find: 'this._even = (this._even + TURN_STEP) | 0;', replace: '' },
  caughtAs: 'livelock',
});

export const renewsWithoutEntering = twin({
  name: 'a turn that renews itself ends and does not begin again',
  claim: 'turn/keepsWhatARenewedTurnReads',
  patch: {
    file: turn,
    find: 'this.end(); this.enter(); } this.budget',
    replace: 'this.end(); } this.budget',
  },
  caughtAs: 'race',
});

export const renewsAPinnedTurn = twin({
  name: 'spend() renews a turn in which addresses are held',
  claim: 'turn/keepsWhatAPinnedTurnReads',
  patch: { file: turn, find: 'else if (!this.pinned) {', replace: 'else {' },
  caughtAs: 'race',
});

export const innerScopeEndsTheTurn = twin({
  name: 'turn(fn) inside of turn(fn) ends the turn',
  claim: 'turn/keepsWhatAnOuterScopeReads',
  patch: { file: turn, find: 'if (outermost) this.end();', replace: 'this.end();' },
  caughtAs: 'race',
});

export const innerScopeUnpins = twin({
  name: 'turn(fn) inside of turn(fn) leaves a turn that spend() may renew',
  claim: 'turn/keepsWhatAnOuterScopeReads',
  patch: {
    file: turn,
    find: 'if (this.sections > sections) this.cutSections(sections); this.pinned = pinned;',
    replace: 'this.pinned = false;',
  },
  caughtAs: 'race',
});

export const quiescesForGood = twin({
  name: 'quiesce() ends the turn and does not begin another',
  claim: 'turn/keepsWhatIsReadAfterQuiesce',
  patch: { file: turn, find: 'this.end(); this.enter(); this.pinned', replace: 'this.end(); this.pinned' },
  caughtAs: 'race',
});

export const driverLooksPastItself = twin({
  name: 'a grace period does not look at the thread in slot 1, which drives it',
  claim: 'turn/waitsForTheDriversOwnTurn',
  patch: {
    file: gracePeriod,
    find: NOTE,
    replace: 'words.storePlain(snapshots + slot, slot === 1 || (turn & TURN_OPEN) === 0 ? 0 : turn);',
  },
  caughtAs: 'assertion',
});

export const looksBeforeItRaisesTheNumber = twin({
  name: 'the turn words are read before the number is raised',
  claim: 'turn/keepsWhatItReadsWhoeverDrives',
  patch: [
    { file: gracePeriod, find: RAISE, replace: '' },
    {
      file: gracePeriod,
      find: `${NOTE} }`,
      replace: `${NOTE} } ${RAISE}`,
    },
  ],
  caughtAs: 'race',
});

export const entersWithoutLookingAtTheNumber = twin({
  name: 'entering does not load the number, so nothing orders its reads after an unlink',
  claim: 'turn/seesEveryUnlinkItIsNotWaitedFor',
  patch: { file: turn, find: 'this._words.load(HEADER.gracePeriodSequence);', replace: '' },
  caughtAs: 'race',
});

export const looksAtTheNumberPlainly = twin({
  name: 'entering loads the number plainly',
  claim: 'turn/seesEveryUnlinkItIsNotWaitedFor',
  patch: {
    file: turn,
    find: 'this._words.load(HEADER.gracePeriodSequence);',
    replace: 'this._words.loadPlain(HEADER.gracePeriodSequence);',
  },
  caughtAs: 'race',
});

export const looksAtTheNumberFirst = twin({
  name: 'entering loads the number and marks the turn after that',
  claim: 'turn/seesEveryUnlinkItIsNotWaitedFor',
  patch: [
    { file: turn, find: 'this._words.load(HEADER.gracePeriodSequence);', replace: '' },
    {
      file: turn,
      find: `if (${ENTER})`,
      replace: `this._words.load(HEADER.gracePeriodSequence); if (${ENTER})`,
    },
  ],
  caughtAs: 'race',
});

export const snapOnlyLooks = twin({
  name: 'snap() loads the number and writes nothing back, so whoever starts the grace period reads nothing from it',
  claim: 'turn/seesEveryUnlinkItIsNotWaitedFor',
  patch: {
    file: gracePeriod,
    find: 'this._words.or(HEADER.gracePeriodSequence, 0)',
    replace: 'this._words.load(HEADER.gracePeriodSequence)',
  },
  caughtAs: 'race',
});

export const endIsStored = twin({
  name: 'the end of a grace period is stored, which cuts off what was snapped while it ran',
  claim: 'turn/seesEveryUnlinkItIsNotWaitedFor',
  patch: {
    file: gracePeriod,
    find: 'this._words.exchange(HEADER.gracePeriodSequence, endOf(sequence));',
    replace: 'this._words.store(HEADER.gracePeriodSequence, endOf(sequence));',
  },
  caughtAs: 'race',
});

export const startIsStored = twin({
  name: 'the number is raised by a load and a store, which cuts off what was snapped in between',
  claim: 'turn/seesEveryUnlinkItIsNotWaitedFor',
  patch: {
    file: gracePeriod,
    find: RAISE,
    replace:
      'this._words.store(HEADER.gracePeriodSequence, this._words.load(HEADER.gracePeriodSequence) + 1);',
  },
  caughtAs: 'race',
});

export const waitsForAnyOpenTurn = twin({
  name: 'a grace period waits for any open turn of a thread that was in one',
  claim: 'turn/endsThoughTheNextTurnIsOpen',
  patch: {
    file: gracePeriod,
    find: 'if (this._turnOf(slot) === noted && !this._isDead(slot)) { quiescent = false;',
    replace: 'if ((this._turnOf(slot) & TURN_OPEN) !== 0) { quiescent = false;',
  },
  caughtAs: 'livelock',
});

export const nobodyEndsIt = twin({
  name: 'the microtask that ends a turn is not queued',
  claim: 'turn/keepsWhatItReads',
  patch: { file: turn, find: 'this._host.queueMicrotask(this._onMicrotask);', replace: '' },
  caughtAs: 'livelock',
});

export const nobodyEndsTheSecond = twin({
  name: 'the microtask that ends a turn is queued once and never again',
  claim: 'turn/keepsWhatEachTurnReads',
  patch: { file: turn, find: 'this._queued = false; if (this._open)', replace: 'if (this._open)' },
  caughtAs: 'livelock',
});

export const operationsOutliveTheTurn = twin({
  name: 'a turn that has ended leaves its operations to what follows, which then reads in no turn',
  claim: 'turn/keepsWhatTheNextRunReads',
  patch: { file: turn, find: 'this.budget = 0; this._even', replace: 'this._even' },
  caughtAs: 'race',
});

export const scopeIsNotCounted = twin({
  name: 'turn(fn) is not counted, so that what waits inside of it leaves the turn',
  claim: 'turn/keepsWhatAScopeReads',
  patch: { file: turn, find: 'this._scopes++;', replace: '' },
  caughtAs: 'assertion',
});

export const scopeIsRefusedTooLate = twin({
  name: 'leave() ends the turn before it refuses',
  claim: 'turn/keepsWhatAScopeReads',
  patch: {
    file: turn,
    find: "this._requireNoScope('waiting'); if (!this._open) return;",
    replace: "if (this._open) this.end(); this._requireNoScope('waiting'); if (!this._open) return;",
  },
  caughtAs: 'race',
});

export const quiesceUnpins = twin({
  name: 'quiesce() forgets that addresses are held',
  claim: 'turn/keepsWhatIsReadAfterQuiesce',
  patch: { file: turn, find: 'this.enter(); this.pinned = pinned;', replace: 'this.enter();' },
  caughtAs: 'race',
});

export const killedReaderIsPassedOver = twin({
  name: 'a grace period ends at the second look, as if a turn could not last longer',
  claim: 'turn/keepsWhatAKilledReaderReads',
  patch: {
    file: gracePeriod,
    find: 'if (this._turnOf(slot) === noted && !this._isDead(slot)) { quiescent = false;',
    replace:
      'if (this._turnOf(slot) === noted && !this._isDead(slot)) { quiescent = false; words.storePlain(snapshots + slot, 0);',
  },
  caughtAs: 'race',
});

export const deadReaderIsWaitedFor = twin({
  name: 'a grace period waits for a turn whose thread is dead',
  claim: 'turn/keepsWhatAKilledReaderReads',
  patch: {
    file: gracePeriod,
    find: 'if (this._turnOf(slot) === noted && !this._isDead(slot)) { quiescent = false;',
    replace: 'if (this._turnOf(slot) === noted) { quiescent = false;',
  },
  caughtAs: 'assertion',
});

export const killedReaderIsTakenForDead = twin({
  name: 'a thread in a turn is taken for dead before anybody has found it so',
  claim: 'turn/keepsWhatAKilledReaderReads',
  patch: {
    file: gracePeriod,
    find: 'return this._words.load(slotStart(this._geometry, slot) + SLOT.state) === SLOT_STATE.dead;',
    replace: 'return this._words.load(slotStart(this._geometry, slot) + SLOT.state) >= SLOT_STATE.live;',
  },
  caughtAs: 'race',
});

export const looksKeepTheLock = twin({
  name: 'a look that finds a turn open keeps the lock',
  claim: 'turn/keepsWhatAKilledReaderReads',
  patch: {
    file: gracePeriod,
    find: 'const ended = this._step(asks); this._lock.release();',
    replace: 'const ended = this._step(asks); if (ended) this._lock.release();',
  },
  caughtAs: 'assertion',
});
