/** Callbacks with one line wrong: one comes too early, twice, not at all, or through a wrong function. */
import { twin } from '../../tools/checker/checker.js';

const CALLBACKS = 'src/rcu/callbacks.ts';
const LIST = 'src/rcu/callback-list.ts';
const DRIVER = 'src/rcu/rcu-driver.ts';

export const countsOnTheRunningGracePeriod = twin({
  name: 'callbacks are numbered with the end of the grace period that runs already',
  claim: 'callbacks/waitsForEveryReader',
  patch: {
    file: DRIVER,
    find: 'callbacks.accelerate(cookie);',
    replace: 'callbacks.accelerate(((gracePeriod.sequence() | 3) + 1) | 0);',
  },
  caughtAs: 'race',
});

export const callsWhatIsNotDone = twin({
  name: 'a pass calls what waits for the grace period that has just started',
  claim: 'callbacks/waitsForEveryReader',
  patch: {
    file: CALLBACKS,
    find: 'this._list.advance(this._gracePeriod.sequence());',
    replace: 'this._list.advance(this._gracePeriod.sequence() + 4);',
  },
  caughtAs: 'race',
});

export const isFinishedWhenItBegins = twin({
  name: 'a callback counts as finished when it is about to be called',
  claim: 'callbacks/hasEndedForBarriers',
  patch: [
    {
      file: CALLBACKS,
      find: 'this._invoking = true;',
      replace: 'this._invoking = true; this._list.finish(1);',
    },
    {
      file: CALLBACKS,
      find: 'this._count(SLOT.callbacksInvoked); this._list.finish(1);',
      replace: 'this._count(SLOT.callbacksInvoked);',
    },
  ],
  caughtAs: 'race',
});

export const callsNothing = twin({
  name: 'the driver does not call what is done',
  claim: 'callbacks/waitsForEveryReader',
  patch: { file: DRIVER, find: 'if (!turn.isOpen() && callbacks.hasDone()) this._invoke();', replace: '' },
  caughtAs: 'assertion',
});

export const waitsUnseen = twin({
  name: 'the driver does not count callbacks among what waits',
  claim: 'callbacks/waitsForEveryReader',
  patch: {
    file: DRIVER,
    find: 'return frees.isWaiting() || callbacks.isWaiting() || this._isWanted();',
    replace: 'return frees.isWaiting() || this._isWanted();',
  },
  caughtAs: 'assertion',
});

export const putsTheLastFirst = twin({
  name: 'a callback goes to the front of the list',
  claim: 'callbacks/keepsTheOrder',
  patch: {
    file: LIST,
    find: 'else this._words.storePlain(end + RCU_HEAD.next, first);',
    replace:
      'else { this._words.storePlain(last + RCU_HEAD.next, this.first()); this._words.storePlain(this._start + CALLBACK_LIST.head, first); }',
  },
  caughtAs: 'assertion',
});

export const takesAllThatWaits = twin({
  name: 'a pass takes whatever is on the list once the first is done',
  claim: 'callbacks/keepsTheOrder',
  patch: {
    file: LIST,
    find: 'if (this._tail(DONE) === 0) return 0;',
    replace: 'if (this.length() === 0) return 0;',
  },
  caughtAs: 'race',
});

export const callsThroughTheFirst = twin({
  name: 'every callback is called through the function of the first id',
  claim: 'callbacks/keepsTheOrder',
  patch: {
    file: CALLBACKS,
    find: 'const callback = this._functions.find(id);',
    replace: 'const callback = this._functions.find(4096);',
  },
  caughtAs: 'assertion',
});

export const endsAtAThrow = twin({
  name: 'what a callback throws ends the pass, and the driver',
  claim: 'callbacks/goesOnAfterAThrow',
  patch: {
    file: CALLBACKS,
    find: "this._fail(error, callback?.name ?? '', id, head);",
    replace: 'throw error;',
  },
  caughtAs: 'error',
});

export const doesNotCountWhatThrew = twin({
  name: 'a callback that threw does not count as finished',
  claim: 'callbacks/goesOnAfterAThrow',
  patch: {
    file: CALLBACKS,
    find: 'finally { if (this._invoking) this._end(); }',
    replace: "if (this._functions.find(id).name !== 'fail') this._end();",
  },
  caughtAs: 'assertion',
});

export const callsWhatACallbackCalls = twin({
  name: 'a pass goes on with what its own callbacks have called',
  claim: 'callbacks/waitsForWhatItCalls',
  patch: {
    file: LIST,
    find: 'if (this._tail(DONE) === 0) return 0;',
    replace: 'if (this.length() === 0) return 0;',
  },
  caughtAs: 'race',
});

export const leavesTheTurnOpen = twin({
  name: 'a turn that a callback began stays open when the pass is over',
  claim: 'callbacks/endsTheTurnsOfAPass',
  patch: { file: DRIVER, find: 'turn.finish();', replace: '' },
  caughtAs: 'assertion',
});

export const twoAreCalledTooEarly = twin({
  name: 'a pass calls what waits for the grace period after the next',
  claim: 'callbacks/twoCallAtOnce',
  patch: {
    file: CALLBACKS,
    find: 'this._list.advance(this._gracePeriod.sequence());',
    replace: 'this._list.advance(this._gracePeriod.sequence() + 8);',
  },
  caughtAs: 'race',
});

export const aPassBeginsInAnother = twin({
  name: 'a turn that ends inside of a callback begins a pass of its own',
  claim: 'callbacks/endsTheTurnsOfAPass',
  patch: {
    file: DRIVER,
    find: 'if (this._busy || this._stopped) return; if (this._words',
    replace: 'if (this._stopped) return; if (this._words',
  },
  caughtAs: 'assertion',
});
