/** Charging, and the repair of what a dead thread has charged, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const ledger = 'src/groups/group-ledger.ts';
const stock = 'src/groups/group-stock.ts';
const charges = 'src/groups/group-charges.ts';
const numbers = 'src/groups/strayed-charges.ts';
const repair = 'src/groups/charge-repair.ts';

export const takesOffTheCharge = twin({
  name: 'the reaper does not look for what is under way',
  claim: 'group-deaths/chargesAndDies',
  patch: { file: numbers, find: 'if (strayed !== 0) words.add(group + GROUP.usage, -strayed);', replace: '' },
  caughtAs: 'assertion',
});

export const looksOnce = twin({
  name: 'the reaper does not look again whether a change has begun meanwhile',
  claim: 'group-deaths/isReapedByTwo',
  patch: { file: numbers, find: '!== numbers[i]) return undefined;', replace: '!== numbers[i]) continue;' },
  caughtAs: 'assertion',
});

export const looksWhileOthersChange = twin({
  name: 'the reaper looks while a living thread is in the middle of a change',
  claim: 'group-deaths/chargesAndDies',
  patch: {
    file: numbers,
    find: 'if ((numbers[i] & 1) !== 0 && mayRun(words, geometry, start, tag)) return undefined;',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const leavesTheHand = twin({
  name: 'what the dead thread had in hand stays charged',
  claim: 'group-deaths/chargesAndDies',
  patch: {
    file: charges,
    find: 'if (words.loadPlain(frame + INTENT.kind) !== INTENT_KIND.charge) return;',
    replace: 'if (words.loadPlain(frame + INTENT.kind) !== 99) return;',
  },
  caughtAs: 'assertion',
});

export const commitsTooLate = twin({
  name: 'what goes from the hand into the stock is in neither for a moment',
  claim: 'group-deaths/givesBackAndDies',
  patch: {
    file: stock,
    find: 'this._intents.become(frame, INTENT_KIND.stock);',
    replace: 'this._intents.become(frame, INTENT_KIND.nothing);',
  },
  caughtAs: 'assertion',
});

export const keepsTheOldLedgers = twin({
  name: 'the ledgers of a charge that was not finished stay as they are',
  claim: 'group-deaths/chargesAndDies',
  patch: {
    file: numbers,
    find: 'writeLedgers(words, slot, slotNumber(geometry, slot), record, words.loadPlain(frame + INTENT.c));',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const lowersTheUsageFirst = twin({
  name: 'who gives back lowers the usage before its ledgers',
  claim: 'group-deaths/givesBackAndDies',
  patch: {
    file: ledger,
    find: 'writeLedgers(this._words, this._slot, this._slotNumber, record, -granules); uncharge(this._words, record, granules);',
    replace:
      'uncharge(this._words, record, granules); this._intents.become(frame, INTENT_KIND.charge); writeLedgers(this._words, this._slot, this._slotNumber, record, -granules);',
  },
  caughtAs: 'assertion',
});

export const forgetsWhoPays = twin({
  name: 'the reaper does not look whether memory that was in hand is charged',
  claim: 'group-deaths/chargesAndDies',
  patch: {
    file: repair,
    find: 'if (words.loadPlain(word) === 0) {',
    replace: 'if (words.loadPlain(word) !== 99) {',
  },
  caughtAs: 'assertion',
});

export const chargesWithoutSayingSo = twin({
  name: 'a thread changes the numbers without saying so',
  claim: 'group-deaths/isReapedByTwo',
  patch: {
    file: ledger,
    find: 'this._words.store(word, (this._words.loadPlain(word) + 1) | 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsWhatWasRefused = twin({
  name: 'the reaper takes nothing off the whole',
  claim: 'group-deaths/isRefusedAndDies',
  patch: {
    file: numbers,
    find: 'for (let group = record; group !== 0; group = words.loadPlain(group + GROUP.parent)) {',
    replace: 'for (let group = words.loadPlain(record + GROUP.parent); group !== 0; group = 0) {',
  },
  caughtAs: 'assertion',
});
