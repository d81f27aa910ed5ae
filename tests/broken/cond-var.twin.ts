/** The condition with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/grant-queue.ts';
const conditionFile = 'src/locks/cond-var.ts';

export const joinsLate = twin({
  name: 'a waiter lets the mutex go before it has joined',
  claim: 'cond-var/losesNoNotification',
  patch: [
    { file: conditionFile, find: 'this._grants.join();', replace: '' },
    {
      file: conditionFile,
      find: 'guard.suspend(operation);',
      replace: 'guard.suspend(operation); this._grants.join();',
    },
  ],
  caughtAs: 'deadlock',
});

export const notifiesFirst = twin({
  name: 'a notifier wakes the sleeper before it has counted the grant',
  claim: 'cond-var/losesNoNotification',
  patch: [
    {
      file,
      find: 'if (this._words.compareExchange(word, counts, granted) !== counts) return false;',
      replace: 'this._words.notify(word, ALL_OF_ONE);',
    },
    {
      file,
      find: 'this._words.notify(word, ALL_OF_ONE); return true;',
      replace: 'return this._words.compareExchange(word, counts, granted) === counts;',
    },
  ],
  caughtAs: 'deadlock',
});

export const wakesNobody = twin({
  name: 'a notifier counts the grant and does not wake the sleeper',
  claim: 'cond-var/losesNoNotification',
  patch: { file, find: 'this._words.notify(word, ALL_OF_ONE); return true;', replace: 'return true;' },
  caughtAs: 'deadlock',
});

export const sleepsOnNews = twin({
  name: 'a waiter sleeps on the counts as they are by then, not as it has seen them',
  claim: 'cond-var/losesNoNotification',
  patch: {
    file,
    find: 'return this._words.wait(this._counts + this._thread.slot, this._seen, timeoutMillis);',
    replace:
      'const word = this._counts + this._thread.slot; return this._words.wait(word, this._words.load(word), timeoutMillis);',
  },
  caughtAs: 'deadlock',
});

export const looksThenStores = twin({
  name: 'a notifier stores the grant over what has changed since it looked',
  claim: 'cond-var/givesUpWithoutHarm',
  patch: {
    file,
    find: 'if (this._words.compareExchange(word, counts, granted) !== counts) return false;',
    replace: 'this._words.store(word, granted);',
  },
  caughtAs: 'deadlock',
});

export const grantsTheGranted = twin({
  name: 'a notifier grants to one that was granted before',
  claim: 'cond-var/wakesOneForEach',
  patch: {
    file,
    find: 'return waitingOf(counts) > grantedOf(counts);',
    replace: 'return waitingOf(counts) > 0;',
  },
  caughtAs: 'deadlock',
});

export const grantsToAll = twin({
  name: 'notifyOne() notifies everyone',
  claim: 'cond-var/wakesOnlyOne',
  patch: {
    file: conditionFile,
    find: 'return this._grants.grantOne();',
    replace: 'this._grants.grantAll(); return true;',
  },
  caughtAs: 'assertion',
});

export const leavesOutTheFirst = twin({
  name: 'notifyAll() leaves out the first slot',
  claim: 'cond-var/wakesAll',
  patch: {
    file,
    find: 'for (let slot = 0; slot < claimed; slot++) this._grantAllOf(slot);',
    replace: 'for (let slot = 1; slot < claimed; slot++) this._grantAllOf(slot);',
  },
  caughtAs: 'deadlock',
});

export const grantsOnce = twin({
  name: 'notifyOne() gives up where the counts have changed since it looked',
  claim: 'cond-var/givesUpWithoutHarm',
  patch: {
    file,
    find: 'if (mayBeGranted(counts) && this._grant(slot, counts, counts + GRANTED_ONE)) return true;',
    replace: 'return mayBeGranted(counts) && this._grant(slot, counts, counts + GRANTED_ONE);',
  },
  caughtAs: 'deadlock',
});

export const leavesWithAGrant = twin({
  name: 'a waiter gives up and takes a grant with it',
  claim: 'cond-var/givesUpWithoutHarm',
  patch: { file, find: 'if (grantedOf(counts) > 0) return false;', replace: '' },
  caughtAs: 'deadlock',
});

export const lateIsNotTold = twin({
  name: 'a waiter that was notified at the last moment says that it was not',
  claim: 'cond-var/givesUpWithoutHarm',
  patch: {
    file: conditionFile,
    find: 'return !this._grants.leave() && this._grants.claim();',
    replace: 'return !this._grants.leave() && this._grants.claim() && false;',
  },
  caughtAs: 'deadlock',
});

export const nobodyLearnsOfTheDead = twin({
  name: 'what a dead waiter was told, nobody learns',
  claim: 'cond-var/passesOnWhatTheDeadWasTold',
  patch: {
    file: conditionFile,
    find: 'this._grants.forget(slot); this._grants.grantAll();',
    replace: 'this._grants.forget(slot);',
  },
  caughtAs: 'deadlock',
});

export const theDeadWaitsOn = twin({
  name: 'forgetDead() leaves the dead waiter where it is',
  claim: 'cond-var/passesOnWhatTheDeadWasTold',
  patch: {
    file: conditionFile,
    find: 'this._grants.forget(slot); this._grants.grantAll();',
    replace: 'this._grants.grantAll();',
  },
  caughtAs: 'assertion',
});

export const nobodyTellsInstead = twin({
  name: 'where a notifier dies, nobody is woken in its place',
  claim: 'cond-var/wakesWhereTheNotifierDies',
  patch: {
    file: conditionFile,
    find: 'this._grants.forget(slot); this._grants.grantAll();',
    replace: 'this._grants.forget(slot);',
  },
  caughtAs: 'deadlock',
});

export const grantedSleepOn = twin({
  name: 'notifyAll() passes over who was granted, though nobody may have woken it',
  claim: 'cond-var/wakesWhereTheNotifierDies',
  patch: { file, find: 'if (counts === 0) return;', replace: 'if (!mayBeGranted(counts)) return;' },
  caughtAs: 'deadlock',
});

export const sleepsForGood = twin({
  name: 'a waiter sleeps without looking now and then',
  claim: 'cond-var/findsAGrantByItself',
  patch: {
    file: conditionFile,
    find: 'this._grants.sleep(Math.min(left, SLICE_MILLIS))',
    replace: 'this._grants.sleep(left)',
  },
  caughtAs: 'deadlock',
});
