/** The queue of waiters with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/locks/wait-queue.ts';

export const wakesWithoutASign = twin({
  name: 'wake() notifies and leaves the place as it is: a thread about to sleep sleeps through it',
  claim: 'wait-queue/losesNoWake',
  patch: {
    file,
    find: 'if ((place & WOKEN) === 0 && words.compareExchange(word, place, place | WOKEN) !== place) return false;',
    replace: '',
  },
  caughtAs: 'deadlock',
});

export const notifiesBeforeTheSign = twin({
  name: 'wake() notifies before it changes the place',
  claim: 'wait-queue/losesNoWake',
  patch: {
    file,
    find: `if ((place & WOKEN) === 0 && words.compareExchange(word, place, place | WOKEN) !== place) return false;
      words.notify(word, ALL_OF_ONE);`,
    replace: `words.notify(word, ALL_OF_ONE);
      if ((place & WOKEN) === 0 && words.compareExchange(word, place, place | WOKEN) !== place) return false;`,
  },
  caughtAs: 'deadlock',
});

export const wakesTheYoungest = twin({
  name: 'the youngest is taken for the first',
  claim: 'wait-queue/wakesTheOldest',
  patch: { file, find: 'return (ticket - other) << 3 < 0;', replace: 'return (ticket - other) << 3 > 0;' },
  caughtAs: 'assertion',
});

export const ticketsDoNotWrap = twin({
  name: 'tickets are compared as numbers',
  claim: 'wait-queue/wakesTheOldest',
  patch: { file, find: 'return (ticket - other) << 3 < 0;', replace: 'return ticket < other;' },
  caughtAs: 'assertion',
});

export const wakesTheSameOne = twin({
  name: 'wakeAnother() is content where another has woken that waiter meanwhile',
  claim: 'wait-queue/wakesOneForEach',
  patch: {
    file,
    find: 'if (this._wake(slot, true)) return true;',
    replace: 'if (this.wake(slot)) return true;',
  },
  caughtAs: 'deadlock',
});

export const wakesAllButTheFirst = twin({
  name: 'wakeAll() leaves the first slot out',
  claim: 'wait-queue/wakesAll',
  patch: {
    file,
    find: 'for (let slot = 0; slot < claimed; slot++) this.wake(slot);',
    replace: 'for (let slot = 1; slot < claimed; slot++) this.wake(slot);',
  },
  caughtAs: 'deadlock',
});

export const leavesWithoutALook = twin({
  name: 'leave() looks whether it was woken before it gives up the place',
  claim: 'wait-queue/passesAWakeOn',
  patch: {
    file,
    find: 'return (this._words.exchange(this._place, 0) & WOKEN) !== 0;',
    replace:
      'const place = this._words.load(this._place); this._words.store(this._place, 0); return (place & WOKEN) !== 0;',
  },
  caughtAs: 'deadlock',
});

export const wipesThePlaceOfTheDead = twin({
  name: 'who finds the dead stores 0 to its place, whoever has it by now',
  claim: 'wait-queue/sparesTheNextOfTheSlot',
  patch: {
    file,
    find: 'return this._words.compareExchange(word, place, 0) === place;',
    replace: 'this._words.store(word, 0); return true;',
  },
  caughtAs: 'assertion',
});

export const theDeadIsStillNext = twin({
  name: 'who clears the place of the dead leaves it to be next',
  claim: 'wait-queue/sparesTheNextOfTheSlot',
  patch: {
    file,
    find: 'this._words.compareExchange(this._record + LOCK.handoff, place & TICKET_MASK, 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const wakesTheDead = twin({
  name: 'the dead is woken in the place of the living',
  claim: 'wait-queue/sparesTheNextOfTheSlot',
  patch: {
    file,
    find: 'if ((state & SLOT_STATE_MASK) >= SLOT_STATE.dead) {',
    replace: 'if (state === SLOT_STATE.free) {',
  },
  caughtAs: 'deadlock',
});
