/** Charging to memory groups with one line wrong: limits are passed, and charges lost. */
import { twin } from '../../tools/checker/twin.js';

const counter = 'src/groups/group-counter.ts';
const stock = 'src/groups/group-stock.ts';
const ledger = 'src/groups/group-ledger.ts';

export const forgetsTheOther = twin({
  name: 'a charge writes the sum of what it saw, whatever another thread has charged since',
  claim: 'group-charge/keepsWithinTheLimit',
  patch: {
    file: counter,
    find: 'if (words.compareExchange(group + GROUP.usage, usage, usage + granules) !== usage) continue; notePeak(words, group, usage + granules); return true; } return false; }',
    replace:
      'words.store(group + GROUP.usage, usage + granules); notePeak(words, group, usage + granules); return true; } return false; }',
  },
  caughtAs: 'assertion',
});

export const allowsOneMore = twin({
  name: 'a charge may pass the limit by one granule',
  claim: 'group-charge/keepsWithinTheLimit',
  patch: {
    file: counter,
    find: 'granules > words.load(group + GROUP.max) - usage',
    replace: 'granules > words.load(group + GROUP.max) + 1 - usage',
  },
  caughtAs: 'assertion',
});

export const addsBeforeItLooks = twin({
  name: 'a charge is added first, and taken back where that was too much',
  claim: 'group-charge/keepsWithinTheLimit',
  patch: {
    file: counter,
    find: 'if (usage < 0 || granules > words.load(group + GROUP.max) - usage) return false;',
    replace:
      'if (usage < 0) return false; if (words.add(group + GROUP.usage, granules) + granules > words.load(group + GROUP.max)) { words.add(group + GROUP.usage, -granules); return false; } if (usage >= 0) return true;',
  },
  caughtAs: 'assertion',
});

export const givesUpAfterOneRace = twin({
  name: 'who may spin is refused when another thread was faster',
  claim: 'group-charge/keepsWithinTheLimit',
  patch: {
    file: counter,
    find: 'for (let round = 0; maySpin || round < EXACT_ROUNDS; round++) {',
    replace: 'for (let round = 0; round < 1; round++) {',
  },
  caughtAs: 'assertion',
});

export const leavesThePartCharged = twin({
  name: 'the part stays charged where the whole refuses',
  claim: 'group-charge/takesBackWhatAWholeRefuses',
  patch: {
    file: counter,
    find: 'if (chargeOne(words, group, granules, maySpin)) continue; unchargeBelow(words, record, group, granules);',
    replace: 'if (chargeOne(words, group, granules, maySpin)) continue;',
  },
  caughtAs: 'assertion',
});

export const takesBackFromTheWholeAsWell = twin({
  name: 'what the whole refused is taken back from the whole too',
  claim: 'group-charge/takesBackWhatAWholeRefuses',
  patch: {
    file: counter,
    find: 'if (chargeOne(words, group, granules, maySpin)) continue; unchargeBelow(words, record, group, granules);',
    replace:
      'if (chargeOne(words, group, granules, maySpin)) continue; unchargeBelow(words, record, 0, granules);',
  },
  caughtAs: 'assertion',
});

export const stocksWhatItHandsOut = twin({
  name: 'what is handed out of a charge ahead stays in the stock as well',
  claim: 'group-charge/keepsAheadWithinTheLimit',
  patch: {
    file: stock,
    find: 'this._hold(frame, sum, sum - rest);',
    replace: 'this._hold(frame, sum, sum);',
  },
  caughtAs: 'assertion',
});

export const keepsWhatItGivesBack = twin({
  name: 'a stock that is given back keeps its granules',
  claim: 'group-charge/keepsAheadWithinTheLimit',
  patch: {
    file: ledger,
    find: 'words.storePlain(word, left);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const forgetsWhatIsTooMuch = twin({
  name: 'what is too much for a stock is thrown away and stays charged',
  claim: 'group-charge/givesBackWhatIsTooMuch',
  patch: {
    file: stock,
    find: 'if (sum > kept) this._ledger.uncharge(frame, record, sum - kept);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const unchargesThePartAlone = twin({
  name: 'what is given back is taken from the part, not from the whole',
  claim: 'group-charge/givesBackWhatIsTooMuch',
  patch: {
    file: counter,
    find: 'unchargeBelow(words, record, 0, granules); }',
    replace: 'unchargeBelow(words, record, words.loadPlain(record + GROUP.parent), granules); }',
  },
  caughtAs: 'assertion',
});

export const closesWhatIsCharged = twin({
  name: 'a group is closed after a look at its usage',
  claim: 'group-charge/closesForGood',
  patch: {
    file: counter,
    find: 'return words.compareExchange(record + GROUP.usage, 0, GROUP_CLOSED) === 0;',
    replace:
      'if (words.load(record + GROUP.usage) !== 0) return false; words.store(record + GROUP.usage, GROUP_CLOSED); return true;',
  },
  caughtAs: 'assertion',
});

export const chargesWhatIsClosed = twin({
  name: 'a charge does not look whether the group is closed',
  claim: 'group-charge/closesForGood',
  patch: {
    file: counter,
    find: 'if (usage < 0 || granules > words.load(group + GROUP.max) - usage) return false;',
    replace: 'if (granules > words.load(group + GROUP.max) - usage) return false;',
  },
  caughtAs: 'assertion',
});

export const notesASmallerPeak = twin({
  name: 'the peak is written without a look at what another thread wrote',
  claim: 'group-charge/notesThePeak',
  patch: {
    file: counter,
    find: 'const found = words.compareExchange(group + GROUP.peak, peak, usage); if (found === peak) return; peak = found;',
    replace: 'words.store(group + GROUP.peak, usage); return;',
  },
  caughtAs: 'assertion',
});

export const goesPastTheWholeUncharged = twin({
  name: 'a charge past the limit is not charged to the whole',
  claim: 'group-charge/countsWhatGoesPast',
  patch: {
    file: counter,
    find: 'if (chargeOnePast(words, group, granules)) continue;',
    replace: 'if (chargeOnePast(words, group, granules)) return 0;',
  },
  caughtAs: 'assertion',
});
