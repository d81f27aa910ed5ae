/** Read sections with one line wrong: what they read goes too early, or they hold up others for good. */
import { twin } from '../../tools/checker/checker.js';

const file = 'src/threads/turn.ts';
const UNLOCK = 'if (this.sections === 0) this._refuseUnlock(); this.sections--;';

export const lockPinsNothing = twin({
  name: 'readLock() leaves a turn that spend() may renew',
  claim: 'read-section/keepsWhatItReads',
  patch: {
    file,
    find: 'if (!this.pinned) this.pin(); this.sections++;',
    replace: 'this.spend(); this.sections++;',
  },
  caughtAs: 'race',
});

export const leavesInASection = twin({
  name: 'a turn is left inside of a section',
  claim: 'read-section/keepsWhatItReads',
  patch: {
    file,
    find: 'return this._scopes > 0 || this.sections > 0;',
    replace: 'return this._scopes > 0;',
  },
  caughtAs: 'race',
});

export const lockIsNotCounted = twin({
  name: 'who leaves a turn does not look for sections',
  claim: 'read-section/refusesToEnd',
  patch: {
    file,
    find: 'return this._scopes > 0 || this.sections > 0;',
    replace: 'return this._scopes > 0;',
  },
  caughtAs: 'assertion',
});

export const unlockEndsTheTurn = twin({
  name: 'the readUnlock() of an inner section ends the turn',
  claim: 'read-section/innerSectionEndsNothing',
  patch: { file, find: UNLOCK, replace: `${UNLOCK} this._close();` },
  caughtAs: 'race',
});

export const unlockEndsAll = twin({
  name: 'the readUnlock() of an inner section ends the outer one as well',
  claim: 'read-section/innerSectionEndsNothing',
  patch: { file, find: UNLOCK, replace: 'this.sections = 0;' },
  caughtAs: 'race',
});

export const nestedLockIsSkipped = twin({
  name: 'a readLock() inside of a section does not count',
  claim: 'read-section/innerSectionEndsNothing',
  patch: {
    file,
    find: 'if (!this.pinned) this.pin(); this.sections++;',
    replace: 'if (!this.pinned) this.pin(); this.sections = 1;',
  },
  caughtAs: 'race',
});

export const innerReadUnpins = twin({
  name: 'read(fn) inside of a section leaves a turn that spend() may renew',
  claim: 'read-section/innerReadEndsNothing',
  patch: {
    file,
    find: 'this.pinned = pinned; if (outermost) this.end();',
    replace: 'this.pinned = false; if (outermost) this.end();',
  },
  caughtAs: 'race',
});

export const innerReadEndsTheTurn = twin({
  name: 'read(fn) ends the turn when it returns, whoever began it',
  claim: 'read-section/innerReadEndsNothing',
  patch: {
    file,
    find: 'this.pinned = pinned; if (outermost) this.end();',
    replace: 'this.pinned = pinned; this.end();',
  },
  caughtAs: 'race',
});

export const sectionEndsTheRead = twin({
  name: 'the readUnlock() of a section inside of read(fn) lets the turn be renewed',
  claim: 'read-section/readKeepsWhatItReads',
  patch: { file, find: UNLOCK, replace: `${UNLOCK} this.pinned = false;` },
  caughtAs: 'race',
});

export const keepsWhatFnLeftOpen = twin({
  name: 'a section that fn left open stays so when read(fn) throws inside of a longer turn',
  claim: 'read-section/readEndsWhatBeganInside',
  patch: { file, find: 'if (this.sections > sections) this.cutSections(sections);', replace: '' },
  caughtAs: 'error',
});

export const outlivesItsTurn = twin({
  name: 'a section goes on when its turn has ended',
  claim: 'read-section/endsWithItsTurn',
  patch: {
    file: file,
    find: 'if (this.sections !== 0) this.cutSections(0); this._open = false;',
    replace: 'this._open = false;',
  },
  caughtAs: 'assertion',
});

export const holdsTheTurn = twin({
  name: 'a turn does not end with the synchronous run while a section is open',
  claim: 'read-section/endsWithItsTurn',
  patch: {
    file,
    find: 'this._queued = false; if (this._open) this.end();',
    replace: 'this._queued = false; if (this._open && this.sections === 0) this.end();',
  },
  caughtAs: 'assertion',
});
