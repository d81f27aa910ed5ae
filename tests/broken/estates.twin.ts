/** What a dead thread had waiting, with one line wrong: lost, twice, too early, or through a wrong function. */
import { twin } from '../../tools/checker/checker.js';

const ORPHANS = 'src/rcu/orphans.ts';
const SLOT = 'src/rcu/dead-slot.ts';

export const nothingIsTakenOver = twin({
  name: 'callbacks of a thread that died stay in its slot',
  claim: 'estates/callbacksGoOn',
  patch: {
    file: ORPHANS,
    find: 'const callbacks = words.loadPlain(start + SLOT.callbacks + CALLBACK_LIST.head);',
    replace: 'const callbacks = 0;',
  },
  caughtAs: 'assertion',
});

export const isTakenOverTwice = twin({
  name: 'what is taken over stays in the slot of the dead thread as well',
  claim: 'estates/callbacksGoOn',
  patch: { file: ORPHANS, find: 'clearEstate(words, start);', replace: '' },
  caughtAs: 'assertion',
});

export const isDoneWhenItIsTakenOver = twin({
  name: 'callbacks that are taken over have the number of a grace period that is over',
  claim: 'estates/callbackWaitsAnew',
  patch: {
    file: ORPHANS,
    find: 'list.enqueue(head, id);',
    replace: 'list.enqueue(head, id); list.accelerate(words.load(HEADER.gracePeriodSequence) & ~3);',
  },
  caughtAs: 'race',
});

export const countsOnTheRunningGracePeriod = twin({
  name: 'callbacks that are taken over wait for the grace period that runs',
  claim: 'estates/callbackWaitsAnew',
  patch: {
    file: ORPHANS,
    find: 'list.enqueue(head, id);',
    replace: 'list.enqueue(head, id); list.accelerate((words.load(HEADER.gracePeriodSequence) | 3) + 1);',
  },
  caughtAs: 'race',
});

export const sheafIsDoneWhenItIsTakenOver = twin({
  name: 'a sheaf that is taken over counts on the grace period that runs',
  claim: 'estates/sheafWaitsAnew',
  patch: {
    file: 'src/slab/waiting-sheaves.ts',
    find: 'words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.snap());',
    replace: 'words.storePlain(sheaf + SHEAF.cookie, (this._gracePeriod.sequence() | 3) + 1);',
  },
  caughtAs: 'race',
});

export const callsThroughAWrongFunction = twin({
  name: 'callbacks are taken over under an id that the thread has a function for',
  claim: 'estates/wrongFunctionIsNotCalled',
  patch: [
    { file: ORPHANS, find: 'if (!functions.has(id)) {', replace: 'if (id === 0) {' },
    { file: ORPHANS, find: 'list.enqueue(head, id);', replace: 'list.enqueue(head, 4096);' },
  ],
  caughtAs: 'assertion',
});

export const looksOnlyAtWhatIsSealed = twin({
  name: 'what lies in the sheaves in hand of a dead thread is not taken over',
  claim: 'estates/sheavesGoOn',
  patch: {
    file: SLOT,
    find: 'if (linked.has(sheaf)) continue;',
    replace: 'continue;',
  },
  caughtAs: 'assertion',
});

export const nobodyTakesTheLockOver = twin({
  name: 'the lock of the orphans stays with the dead thread that had it',
  claim: 'estates/outlivesWhoLeaves',
  patch: {
    file: ORPHANS,
    find: 'if (!this._lock.takeFromDead(this._geometry)) return false;',
    replace: 'return false;',
  },
  caughtAs: 'assertion',
});

export const repairsNothing = twin({
  name: 'who takes the lock over goes on with the lists as the dead thread left them',
  claim: 'estates/outlivesWhoLeaves',
  patch: { file: ORPHANS, find: 'repairOrphans(this._words, this._geometry);', replace: '' },
  caughtAs: 'assertion',
});

export const repairsNothingOfWhoTookOver = twin({
  name: 'who takes the lock over goes on where a dead thread stopped that was taking over',
  claim: 'estates/outlivesWhoTakesOver',
  patch: { file: ORPHANS, find: 'repairOrphans(this._words, this._geometry);', replace: '' },
  caughtAs: 'assertion',
});

export const adopterTellsNothing = twin({
  name: 'a sheaf that leaves the orphans is not said to be of the thread that takes it over',
  claim: 'estates/outlivesWhoTakesOver',
  patch: { file: ORPHANS, find: 'adopter.claimSheaf(sheaf);', replace: '' },
  caughtAs: 'assertion',
});

export const orphansStayTheAdopters = twin({
  name: 'a sheaf that a dead thread had not taken over yet stays its own, and lies with the orphans too',
  claim: 'estates/outlivesWhoTakesOver',
  patch: { file: 'src/rcu/orphan-repair.ts', find: 'disown(words);', replace: '' },
  caughtAs: 'assertion',
});

export const orphansStayTheDeads = twin({
  name: 'sheaves that lie with the orphans are those of the dead thread still, and handed over again',
  claim: 'estates/outlivesTheHeir',
  patch: {
    file: ORPHANS,
    find: 'words.storePlain(sheaf + SHEAF.holder, SHEAF_HOLDER.nobody);',
    replace: '',
  },
  caughtAs: 'livelock',
});

export const beginsAnUnmarkedSheaf = twin({
  name: 'a sheaf does not say that what is in it waits',
  claim: 'estates/sheavesGoOn',
  patch: { file: 'src/slab/kfree-rcu.ts', find: 'this._waiting.mark(empty, true);', replace: '' },
  caughtAs: 'assertion',
});

export const movedCallbackIsNotTold = twin({
  name: 'a callback that is off the orphans list, and not on its new one, is told nowhere',
  claim: 'estates/callbacksOutliveWhoTakesOver',
  patch: { file: ORPHANS, find: 'words.storePlain(adopted, head);', replace: '' },
  caughtAs: 'assertion',
});

export const tailsStayAsTheyWere = twin({
  name: 'what a dead heir had linked, but not counted, is left to the next as it is',
  claim: 'estates/outlivesTheHeir',
  patch: { file: ORPHANS, find: 'repairOrphans(this._words, this._geometry);', replace: '' },
  caughtAs: 'livelock',
});
