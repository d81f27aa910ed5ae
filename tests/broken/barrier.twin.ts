/** Barriers with one line wrong: one returns while a callback that it had to wait for still waits. */
import { twin } from '../../tools/checker/checker.js';

const ROUND = 'src/rcu/barrier-round.ts';
const ORPHANS = 'src/rcu/orphans.ts';
const LIST = 'src/rcu/callback-list.ts';

const HAS_MOVED = 'if (this._words.load(this._moves) === this._migrations) return true;';
const ADOPTED = 'if (objects !== 0 || callbacks.length > 0) { this._noteMigration(callbacks.length > 0);';

export const notesWhatIsFinished = twin({
  name: 'a barrier notes what a thread has finished so far, not what it has queued',
  claim: 'barrier/waitsForAllOfAThread',
  patch: {
    file: ROUND,
    find: 'words.load(start + counters.queued)',
    replace: 'words.load(start + counters.finished)',
  },
  caughtAs: 'race',
});

export const returnsOneEarly = twin({
  name: 'a barrier returns when all have ended but one',
  claim: 'barrier/waitsForAllOfAThread',
  patch: { file: ROUND, find: 'this._missing(one) > 0', replace: 'this._missing(one) > 1' },
  caughtAs: 'race',
});

export const notesEachTimeItLooks = twin({
  name: 'a barrier notes the counts anew each time that it looks, and so waits for what was queued since',
  claim: 'barrier/countsWhatWasQueuedBefore',
  patch: { file: ROUND, find: 'if (this._unfinished === undefined) this._note();', replace: 'this._note();' },
  caughtAs: 'livelock',
});

export const countsPlainly = twin({
  name: 'what is finished is counted by a plain store',
  claim: 'barrier/waitsForAllOfAThread',
  patch: {
    file: LIST,
    find: 'this._words.store(word, (this._words.loadPlain(word) + count) | 0);',
    replace: 'this._words.storePlain(word, (this._words.loadPlain(word) + count) | 0);',
  },
  caughtAs: 'race',
});

export const skipsTheLastSlot = twin({
  name: 'a barrier does not count the last slot',
  claim: 'barrier/waitsForTheLastSlot',
  patch: {
    file: ROUND,
    find: 'for (const counters of kinds) {',
    replace: 'if (slot < claimed - 1) for (const counters of kinds) {',
  },
  caughtAs: 'race',
});

export const twoNoteWhatIsFinished = twin({
  name: 'two barriers note what a thread has finished so far',
  claim: 'barrier/twoWaitAtOnce',
  patch: {
    file: ROUND,
    find: 'words.load(start + counters.queued)',
    replace: 'words.load(start + counters.finished)',
  },
  caughtAs: 'race',
});

export const forgetsTheOrphans = twin({
  name: 'a barrier does not count what lies with the orphans',
  claim: 'barrier/waitsForOrphans',
  patch: {
    file: ROUND,
    find: 'if (!this._isFinished() || this._orphans() > 0) return false;',
    replace: 'if (!this._isFinished()) return false;',
  },
  caughtAs: 'assertion',
});

export const finishesBeforeItHandsOver = twin({
  name: 'a thread that leaves counts its callbacks as finished before they are counted anywhere else',
  claim: 'barrier/waitsForOrphans',
  patch: {
    file: ORPHANS,
    find: 'if (!this._acquireIf(maySpin)) return undefined;',
    replace: 'leaver?.leaves(); leaver = undefined; if (!this._acquireIf(maySpin)) return undefined;',
  },
  caughtAs: 'assertion',
});

export const doesNotLookForMigrations = twin({
  name: 'a barrier does not look whether something has moved since the counts were noted',
  claim: 'barrier/waitsForAdopters',
  patch: { file: ROUND, find: HAS_MOVED, replace: 'return true;' },
  caughtAs: 'assertion',
});

export const looksForMigrationsFirst = twin({
  name: 'a barrier looks whether something has moved before it looks at the counts',
  claim: 'barrier/waitsForAdopters',
  patch: [
    {
      file: ROUND,
      find: 'if (!this._isFinished() || this._orphans() > 0) return false;',
      replace:
        'const hasMoved = this._words.load(this._moves) !== this._migrations; if (!this._isFinished() || this._orphans() > 0) return false;',
    },
    {
      file: ROUND,
      find: 'if (this._words.load(this._moves) === this._migrations) return true;',
      replace: 'if (!hasMoved) return true;',
    },
  ],
  caughtAs: 'assertion',
});

export const notesMigrationsLast = twin({
  name: 'a barrier notes how often something has moved after it has noted the counts',
  claim: 'barrier/waitsForAdopters',
  patch: [
    { file: ROUND, find: 'this._migrations = words.load(this._moves);', replace: '' },
    {
      file: ROUND,
      find: 'if (this._unfinished === undefined) this._note();',
      replace:
        'if (this._unfinished === undefined) { this._note(); this._migrations = this._words.load(this._moves); }',
    },
  ],
  caughtAs: 'assertion',
});

export const adoptersDoNotCount = twin({
  name: 'what a thread takes over counts as finished there at once',
  claim: 'barrier/waitsForAdopters',
  patch: {
    file: ORPHANS,
    find: 'list.enqueue(head, id);',
    replace: 'list.enqueue(head, id); list.finish(1);',
  },
  caughtAs: 'assertion',
});

export const adoptingIsNoMigration = twin({
  name: 'what a thread takes over does not count as moved',
  claim: 'barrier/waitsForAdopters',
  patch: { file: ORPHANS, find: ADOPTED, replace: 'if (objects !== 0 || callbacks.length > 0) {' },
  caughtAs: 'assertion',
});

export const migratesWhenItIsGone = twin({
  name: 'what goes is counted down among the orphans before it counts as moved',
  claim: 'barrier/waitsForAdopters',
  patch: [
    { file: ORPHANS, find: ADOPTED, replace: 'if (objects !== 0 || callbacks.length > 0) {' },
    {
      file: ORPHANS,
      find: 'this._seen = words.loadPlain(HEADER.migrations); this._lock.release();',
      replace:
        'this._noteMigration(callbacks.length > 0); this._seen = words.loadPlain(HEADER.migrations); this._lock.release();',
    },
  ],
  caughtAs: 'assertion',
});

export const nothingMoves = twin({
  name: 'nothing that is handed over counts as moved',
  claim: 'barrier/waitsForWhatMovesTwice',
  patch: {
    file: ORPHANS,
    find: 'if (ofCallbacks) this._words.add(HEADER.callbackMigrations, 1);',
    replace: '',
  },
  caughtAs: 'race',
});

export const doesNotLookForMigrationsOfThree = twin({
  name: 'a barrier does not look whether something has moved, on its way through two threads',
  claim: 'barrier/waitsForWhatMovesTwice',
  patch: { file: ROUND, find: HAS_MOVED, replace: 'return true;' },
  caughtAs: 'race',
});
