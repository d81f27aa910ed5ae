/** The list of RcuHeads with one line wrong: each frees under a reader. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/rcu/callback-list.ts';

export const countsOnTheRunningGracePeriod = twin({
  name: 'heads are numbered with the end of the grace period that runs already',
  claim: 'kfree-rcu-list/keepsWhatAReaderFinds',
  patch: {
    file: 'src/rcu/rcu-driver.ts',
    find: 'const cookie = gracePeriod.snap();',
    replace: 'const cookie = (gracePeriod.sequence() | 3) + 1;',
  },
  caughtAs: 'race',
});

export const numbersWithAnOldCookie = twin({
  name: 'the driver numbers what was queued since with the cookie of its first step',
  claim: 'kfree-rcu-list/laterHeadsWaitLonger',
  patch: {
    file: 'src/rcu/rcu-driver.ts',
    find: 'const cookie = gracePeriod.snap();',
    replace: 'const cookie = (this._first ??= gracePeriod.snap());',
  },
  caughtAs: 'race',
});

export const advancesOneSegmentTooFar = twin({
  name: 'advance() moves the first segment whose grace period is not over as well',
  claim: 'kfree-rcu-list/laterHeadsWaitLonger',
  patch: {
    file: FILE,
    find: `if (!isDone(sequence, this._sequence(from))) break;
      this._setTail(DONE, this._tail(from));`,
    replace: `this._setTail(DONE, this._tail(from));
      if (!isDone(sequence, this._sequence(from))) break;`,
  },
  caughtAs: 'race',
});

export const advancesAllTheWay = twin({
  name: 'advance() moves the last segments too when the first is done',
  claim: 'kfree-rcu-list/headsKeepTheirSegments',
  patch: {
    file: FILE,
    find: 'if (!isDone(sequence, this._sequence(from))) break;',
    replace: 'if (!isDone(sequence, this._sequence(WAIT))) break;',
  },
  caughtAs: 'race',
});

export const segmentsSlideWithoutTheirNumbers = twin({
  name: 'a segment that slides down leaves its number behind',
  claim: 'kfree-rcu-list/laterHeadsWaitLonger',
  patch: { file: FILE, find: 'this._setSequence(to, this._sequence(from));', replace: '' },
  caughtAs: 'race',
});

export const newHeadsGetTheNumberOfWait = twin({
  name: 'accelerate() gives new heads the number that WAIT has',
  claim: 'kfree-rcu-list/laterHeadsWaitLonger',
  patch: {
    file: FILE,
    find: 'this._setSequence(segment, cookie);',
    replace: 'this._setSequence(segment, this._sequence(WAIT));',
  },
  caughtAs: 'race',
});

export const newHeadsJoinWait = twin({
  name: 'accelerate() adds new heads to WAIT, which waits for an earlier number',
  claim: 'kfree-rcu-list/laterHeadsWaitLonger',
  patch: {
    file: FILE,
    find: 'if (this._tail(segment) === this._tail(NEXT)) return;',
    replace:
      'if (this._tail(segment) === this._tail(NEXT)) return; this._setTail(segment, this._tail(NEXT));',
  },
  caughtAs: 'race',
});

export const renumbersWhatWaits = twin({
  name: 'accelerate() gives heads that wait for an earlier number the new one: nothing is freed while others post',
  claim: 'kfree-rcu-list/laterHeadsHoldUpNobody',
  patch: {
    file: FILE,
    find: 'if (!empty && !isDone(this._sequence(segment), cookie)) break;',
    replace: 'if (!empty && !isDone(cookie, this._sequence(segment))) break;',
  },
  caughtAs: 'assertion',
});

export const countsOnTheGracePeriodOfAnother = twin({
  name: 'heads are numbered with the end of the grace period that a third thread has started already',
  claim: 'kfree-rcu-list/othersDrive',
  patch: {
    file: 'src/rcu/rcu-driver.ts',
    find: 'const cookie = gracePeriod.snap();',
    replace: 'const cookie = (gracePeriod.sequence() | 3) + 1;',
  },
  caughtAs: 'race',
});

export const takesWhatIsNotDone = twin({
  name: 'takeDone() takes whatever is on the list',
  claim: 'kfree-rcu-list/headsKeepTheirSegments',
  patch: [
    { file: FILE, find: 'return this.hasDone() ? this.first() : 0;', replace: 'return this.first();' },
    { file: FILE, find: 'if (this._tail(DONE) === 0) return 0;', replace: '' },
  ],
  caughtAs: 'race',
});

export const takesForGrantedThatThereIsASheaf = twin({
  name: 'an object goes into a new sheaf though none was to be had',
  claim: 'kfree-rcu-list/failsOver',
  patch: { file: 'src/slab/kfree-rcu.ts', find: 'if (empty === 0) return false;', replace: '' },
  caughtAs: 'assertion',
});

export const losesWhatFindsNoSheaf = twin({
  name: 'an object that finds no sheaf is forgotten',
  claim: 'kfree-rcu-list/failsOver',
  patch: {
    file: 'src/slab/kfree-rcu.ts',
    find: 'this._heads.enqueue(p + headOffset, headOffset);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const headsAreDoneWithTheFirstSheaf = twin({
  name: 'heads are freed when the first waiting sheaf is done',
  claim: 'kfree-rcu-list/failsOver',
  patch: {
    file: 'src/slab/done-frees.ts',
    find: 'heads.advance(gracePeriod.sequence());',
    replace: 'heads.advance(gracePeriod.sequence() + 4);',
  },
  caughtAs: 'race',
});

export const headsDoNotSayWhereTheyAre = twin({
  name: 'a head does not say where in its object it lies',
  claim: 'kfree-rcu-list/keepsWhatAReaderFinds',
  patch: { file: FILE, find: 'words.storePlain(rcuHead + RCU_HEAD.func, func);', replace: '' },
  caughtAs: 'error',
});
